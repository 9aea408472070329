/** The world that the page of a running `up` predicts with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { atlasOf, layOut } from '../lab/index.ts';
import { generateWorld, openWorld, packWorld } from '../topology/index.ts';
import { readPlan } from './plan-file.ts';
import { PLANET } from './up.ts';
import { readUpWorld, upWorldOf } from './up-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearcast-world-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it is made in a thread from plan and seed, is the same as made here, and is made once', async () => {
  const world = upWorldOf({ file: PLANET, ases: 30, seed: 4 });
  const [first, second] = await Promise.all([world(), world()]);
  expect(second).toBe(first);
  const map = layOut(readPlan(PLANET).plan, { ases: 30, seed: 4 });
  expect(Buffer.compare(first, packWorld(atlasOf(map, { seed: 4 })))).toBe(0);
});

test('a thread that fails is told of, and who asks again has it tried again', async () => {
  const world = upWorldOf({ file: join(folder, 'nowhere.yaml'), ases: 30, seed: 4 });
  await expect(world()).rejects.toThrow('nowhere.yaml');
  await expect(world()).rejects.toThrow('nowhere.yaml');
});

test('a packed world is read as it is; what is none is refused with what to do', () => {
  const file = join(folder, 'some.world');
  const bytes = packWorld(generateWorld({ ases: 50, seed: 1 }));
  writeFileSync(file, bytes);
  const read = readUpWorld(file);
  expect(Buffer.compare(read, bytes)).toBe(0);
  expect(openWorld(read.buffer as ArrayBuffer)).toHaveProperty('graph');
  writeFileSync(file, bytes.subarray(0, 100));
  expect(() => readUpWorld(file)).toThrow(/some\.world: .*nearcast data pack/);
  expect(() => readUpWorld(join(folder, 'missing'))).toThrow('missing');
});
