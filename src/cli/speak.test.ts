import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { speakCommand } from './speak.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearcast-speak-verb-'));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const good = file(
  'good.yaml',
  'asn: 64500\nid: 192.0.2.1\npeers: { up: { address: 198.51.100.1, asn: 1, password-file: key } }\n',
);
const bad = file(
  'bad.yaml',
  'asn: 64500\nid: 192.0.2.1\npeers: { up: { address: here, asn: 1 } }\nlogg: info\n',
);
file('key', 'secret\n');

/** What was started and written. */
async function speak(...args: string[]) {
  const started: unknown[] = [];
  let out = '';
  const command = speakCommand(
    async (config, passwords) => {
      started.push([config.asn, ...passwords]);
    },
    (text) => {
      out += text;
    },
  ).exitOverride();
  const failure = await command
    .parseAsync(args, { from: 'user' })
    .then(() => undefined)
    .catch((e: { message: string; exit: number }) => ({ message: e.message, exit: e.exit }));
  return { started, out, failure };
}

test('a good file is started, with its passwords beside it', async () => {
  expect(await speak(good)).toEqual({ started: [[64500, ['up', 'secret']]], out: '', failure: undefined });
});

test('a file with mistakes starts nothing and says all of them', async () => {
  const { started, failure } = await speak(bad);
  expect(started).toEqual([]);
  expect(failure?.exit).toBe(2);
  expect(failure?.message.replaceAll(folder, '')).toMatchInlineSnapshot(`
    "2 mistakes, nothing started
    /bad.yaml:3:25: peers.up.address: found "here"; allowed: an IPv4 or IPv6 address, or a link-local one with its interface: fe80::1%eth0
    /bad.yaml:4:1: logg: found the name "logg"; allowed: one of: asn, id, listen, peer-defaults, peers, policies, prefix-sets, community-sets, path-sets, announce, best-path, control, log, journal; did you mean log?"
  `);
});

test('a secret that is not there starts nothing', async () => {
  const lost = file(
    'lost.yaml',
    'asn: 64500\nid: 192.0.2.1\npeers: { up: { address: 198.51.100.1, asn: 1, password-file: lost } }\n',
  );
  const { started, failure } = await speak(lost);
  expect(started).toEqual([]);
  expect(failure?.message).toContain('no such file');
});

test('--check starts nothing, and takes several files', async () => {
  expect(await speak('--check', good)).toEqual({ started: [], out: `${good}: good\n`, failure: undefined });
  const { started, out, failure } = await speak('--check', '--json', good, bad);
  expect(started).toEqual([]);
  expect(failure?.exit).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    schema: 'nearcast.check/1',
    files: [
      { file: good, complaints: [] },
      { file: bad, complaints: [{ line: 3 }, { line: 4, nearest: 'log' }] },
    ],
  });
  expect((await speak(good, bad)).failure).toMatchObject({ exit: 2 });
});
