/** `nearcast diagram PLAN`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diagramCommand } from './diagram.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const planet = fileURLToPath(new URL('../../examples/planet/network.yaml', import.meta.url));

async function drawn(...args: readonly string[]): Promise<string> {
  const out: (string | Uint8Array)[] = [];
  await diagramCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync([...args], { from: 'user' });
  return out.map((x) => (typeof x === 'string' ? x : Buffer.from(x).toString('latin1'))).join('');
}

test('Mermaid text has every site, upstream, session and prefix of the plan', async () => {
  const text = await drawn(planet);
  expect(text).toMatch(/^---\ntitle: "planet, AS64500"\n---\nflowchart LR\n/);
  for (const word of ['fra<br/>Frankfurt, DE', 'AS64601', '203.0.113.0/24', '2001:db8:53::/48'])
    expect(text).toContain(`"${word}"`);
  const { sites } = JSON.parse(await drawn(planet, '--json')) as { sites: { sessions: object[] }[] };
  const sessions = sites.flatMap((s) => s.sessions).length;
  expect(text.match(/-- "provider" ---/g)?.length).toBe(sessions);
  expect(text.match(/^ {2}s\d+ --> p\d+$/gm)?.length).toBe(2 * sites.length);
});

test('a session that is disabled is drawn so, and announces nothing', async () => {
  const file = join(folder, 'plan.yaml');
  writeFileSync(
    file,
    `network: "<script>"
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra: { place: "Frankfurt, DE", upstreams: [ { asn: 64601, address: 192.0.2.1, role: provider, enabled: false } ] }
services:
  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }
`,
  );
  const text = await drawn(file);
  expect(text).toMatch(/u0 -\. "provider, disabled" \.- s0/);
  expect(text).not.toMatch(/s0 --> p0/);
  expect(await drawn(file, '--format', 'svg')).toMatch(/&lt;script&gt;/);
});

test('it wants a plan or --live, and says where no network runs', async () => {
  await expect(drawn()).rejects.toThrow('a plan file, or --live');
  await expect(drawn(planet, '--live')).rejects.toThrow('a plan file, or --live');
  await expect(drawn('--live', '--name', 'nobody-is-called-so')).rejects.toThrow(/does not run/);
});

test('the ending or the format says what is written', async () => {
  const [svg, png, mmd] = ['a.svg', 'a.png', 'a.mmd'].map((f) => join(folder, f)) as [string, string, string];
  for (const file of [svg, png, mmd]) await drawn(planet, '--out', file, '--theme', 'dark');
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
  expect(readFileSync(mmd, 'utf8')).toMatch(/^---/);
  expect(await drawn(planet, '--format', 'png')).toMatch(/^\x89PNG/);
  await expect(drawn(planet, '--format', 'gif')).rejects.toThrow(/mermaid, svg, png, not 'gif'/);
  await expect(drawn(planet, '--out', 'a.gif')).rejects.toThrow(/ends in \.mmd, \.svg or \.png/);
  await expect(drawn(planet, '--out', join(folder, 'none', 'a.svg'))).rejects.toThrow(
    /cannot write .*ENOENT/,
  );
});
