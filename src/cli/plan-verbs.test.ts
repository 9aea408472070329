/** The verbs that read and write plans: check, diff, import, init. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkCommand } from './check.ts';
import { type Dialogue, initCommand } from './init.ts';
import { diffCommand } from './plan-diff.ts';
import { importCommand } from './plan-import.ts';

const PLAN = `network: example
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra:
    place: Frankfurt, DE
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider, ttl-security: 1 }
  nyc:
    place: New York, US
    upstreams:
      - { asn: 64602, address: 198.51.100.5, role: provider, ttl-security: 1 }
services:
  resolver:
    address: [203.0.113.53]
    probes:
      - dns: { name: example.com, type: SOA, every: 1s, timeout: 300ms }
      - address: { interface: lo }
`;

let folder: string;
let out: string[];
const write = (text: string) => void out.push(text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  out = [];
  process.exitCode = undefined;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function run(command: Command, ...args: readonly string[]): Promise<string> {
  await command.exitOverride().parseAsync([...args], { from: 'user' });
  return out.join('').replaceAll(`${folder}/`, '');
}

describe('check', () => {
  test('a good plan gets notes at most, and ends with 0', async () => {
    expect(await run(checkCommand(write), file('a.yaml', PLAN))).toMatch(
      /note \[one-family\].*\n0 errors, 0 warnings, 2 notes\n$/s,
    );
    expect(process.exitCode).toBeUndefined();
  });

  test('several mistakes are said at once, each with its place and what was meant', async () => {
    const plan = PLAN.replace('asn: 64500', 'asn: sixty').replace('upstreams:', 'upstreems:');
    const said = await run(checkCommand(write), file('a.yaml', plan));
    expect(said).toMatch(/^a\.yaml:2:6: asn: found "?sixty/m);
    expect(said).toMatch(/^a\.yaml:7:5: sites\.fra\.?.*did you mean upstreams\?/m);
    expect(said).toMatch(/\d mistakes\n$/);
    expect(process.exitCode).toBe(2);
  });

  test('for production, documentation space and private numbers are errors', async () => {
    const said = await run(checkCommand(write), file('a.yaml', PLAN), '--production');
    expect(said).toMatch(/a\.yaml:3:\d+: error \[special-space\] prefixes\[0\]/);
    expect(process.exitCode).toBe(2);
  });

  test('ROAs decide whether a prefix may be announced, and a broken list is refused', async () => {
    const roas = file(
      'vrps.json',
      JSON.stringify({ roas: [{ asn: 'AS64501', prefix: '203.0.113.0/24', maxLength: 24 }] }),
    );
    expect(await run(checkCommand(write), file('a.yaml', PLAN), '--roas', roas)).toMatch(/roa/);
    const csv = file('vrps.csv', 'ASN,IP Prefix,Max Length\nAS64500,203.0.113.0/24,24\n');
    out = [];
    expect(await run(checkCommand(write), join(folder, 'a.yaml'), '--roas', csv)).not.toMatch(/roa/);
    const broken = file('bad.csv', 'AS64500,203.0.113.0/24,24\nAS64500,203.0.113.0,24\n');
    await expect(run(checkCommand(write), join(folder, 'a.yaml'), '--roas', broken)).rejects.toThrow(
      /bad\.csv:2: found/,
    );
  });

  test('the schema is a JSON Schema, and every lint has a sentence', async () => {
    const schema = JSON.parse(await run(checkCommand(write), '--schema')) as {
      $schema: string;
      properties: object;
    };
    expect(Object.keys(schema.properties)).toContain('sites');
    out = [];
    for (const line of (await run(checkCommand(write), '--lints')).trim().split('\n'))
      expect(line).toMatch(/^[a-z-]+ +\S.*\.$/);
  });

  test('a file that is not there is said so', async () => {
    await expect(run(checkCommand(write), join(folder, 'none.yaml'))).rejects.toThrow(
      /there is no such file/,
    );
  });
});

describe('diff', () => {
  test('changes are said in words, and end with 2', async () => {
    const before = file('a.yaml', PLAN);
    const after = file(
      'b.yaml',
      PLAN.replace('role: provider, ttl-security: 1 }', 'role: provider, ttl-security: 1, prepend: 2 }'),
    );
    expect(await run(diffCommand(write), before, after)).toBe('fra: prepend to 64601 0 → 2\n');
    expect(process.exitCode).toBe(2);
  });

  test('the same plan written otherwise is no difference', async () => {
    const before = file('a.yaml', PLAN);
    const after = file(
      'b.yaml',
      PLAN.replace('[203.0.113.0/24]', '\n  - 203.0.113.0/24').replace('1s', '1000ms'),
    );
    expect(await run(diffCommand(write), before, after)).toBe('no difference\n');
    expect(process.exitCode).toBeUndefined();
  });

  test('a plan that cannot be read fails with all its mistakes', async () => {
    const bad = file('bad.yaml', 'asn: x\n');
    await expect(run(diffCommand(write), file('a.yaml', PLAN), bad)).rejects.toThrow(
      /mistakes? in .*bad\.yaml\n/,
    );
  });
});

describe('import', () => {
  test('an ExaBGP health check becomes a plan, and the question what failing means is put', async () => {
    const conf = file(
      'hc.conf',
      'name = dns\ncommand = dig @203.0.113.53 example.com\nip = 203.0.113.53/32\nrise = 3\nfall = 2\n',
    );
    const remarks: string[] = [];
    const plan = await run(
      importCommand(write, (t) => void remarks.push(t)),
      'exabgp-healthcheck',
      conf,
      '--asn',
      '64500',
      '--site',
      'fra',
    );
    expect(plan).toMatch(/rise: 3/);
    expect(remarks.join('')).toMatch(/question: .*withdraw/);
    out = [];
    expect(await run(checkCommand(write), file('imported.yaml', plan))).not.toMatch(/mistake/);
  });

  test('an unknown format names those that there are', async () => {
    await expect(run(importCommand(write), 'keepalived', file('x', ''))).rejects.toThrow(
      /exabgp-healthcheck and anycast-healthchecker/,
    );
  });
});

describe('init', () => {
  const nobody = (): Dialogue => {
    throw new Error('nobody should be asked');
  };

  test('flags alone make a plan that check accepts', async () => {
    const target = join(folder, 'network.yaml');
    await run(
      initCommand(nobody),
      ...[
        '--asn',
        '64500',
        '--prefixes',
        '203.0.113.0/24,2001:db8:53::/48',
        '--sites',
        'fra Frankfurt, DE; nyc New York, US',
      ],
      ...[
        '--upstream',
        'fra 64601 198.51.100.1',
        '--upstream',
        'nyc 64602 2001:db8::5',
        '--service',
        'dns 203.0.113.53 2001:db8:53::53',
      ],
      ...['--output', target],
    );
    out = [];
    expect(await run(checkCommand(write), target)).not.toMatch(/mistake|error \[/);
    await expect(
      run(initCommand(nobody), '--asn', '1', '--prefixes', 'x', '--sites', 'y', '--output', target),
    ).rejects.toThrow(/is there already/);
  });

  test('questions are asked again until the answer can be used, and nobody there is an error', async () => {
    const answers = [
      'example',
      'sixty',
      '64500',
      '203.0.113.0/24',
      'fra Frankfurt, DE',
      '64601 198.51.100.1',
      'dns 203.0.113.53',
    ];
    const said: string[] = [];
    const talk = (): Dialogue => ({
      ask: async () => answers.shift(),
      say: (text) => void said.push(text),
      close: () => {},
    });
    const target = join(folder, 'network.yaml');
    await run(initCommand(talk), '--output', target);
    expect(said.join('')).toMatch(/wanted: an AS number/);
    expect(readFileSync(target, 'utf8')).toMatch(/asn: 64500/);
    await expect(run(initCommand(talk), '--output', join(folder, 'b.yaml'))).rejects.toThrow(
      /nobody is there/,
    );
  });

  test('a wrong flag is refused with what is wanted', async () => {
    const args = ['--asn', '64500', '--prefixes', '203.0.113.0', '--sites', 'fra', '--output', '-'];
    await expect(run(initCommand(nobody), ...args)).rejects.toThrow(
      /--prefixes: found "203.0.113.0"; wanted: prefixes/,
    );
  });
});
