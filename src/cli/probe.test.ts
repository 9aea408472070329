import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Address, millis } from '../base/index.ts';
import { type Edge, startEdge } from '../edge/index.ts';
import { type ProbeSpec, runProbe } from '../host/index.ts';
import { type Probe, parsePlan } from '../plan/index.ts';
import { judge, probeCommand, question } from './probe.ts';

const LOCAL = '127.0.0.1' as Address;
let folder = '';
let edge: Edge;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-probe-'));
  edge = await startEdge({
    network: 'n',
    site: 'fra',
    services: [
      { name: 'dns', kind: 'dns', listen: [{ address: LOCAL, port: 0 }] },
      { name: 'web', kind: 'http', listen: [{ address: LOCAL, port: 0 }] },
    ],
  });
});
afterEach(async () => {
  process.exitCode = undefined;
  await edge.close();
  rmSync(folder, { recursive: true, force: true });
});

const head = `
network: n
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8::/48]
sites:
  fra: { upstreams: [{ asn: 64601, address: 198.51.100.1, role: provider }] }
  nyc: { upstreams: [{ asn: 64602, address: 198.51.100.5, role: provider }] }
`;

const port = (name: string) => edge.services.find((s) => s.name === name)?.listens[0]?.port as number;

/** A plan whose services are those of the edge. */
function plan(): string {
  const file = join(folder, 'network.yaml');
  writeFileSync(
    file,
    `${head}
services:
  resolver:
    address: 203.0.113.53
    probes:
      - dns: { port: ${port('dns')}, name: id.server, type: TXT, class: CH, identity: true, timeout: 5s }
      - http: { probe-name: page, port: ${port('web')}, path: /.well-known/nearcast, body: '"fra"', timeout: 5s }
      - tcp: { port: 1, on-failure: degraded, timeout: 5s }
  edge-only: { address: 203.0.113.80, sites: [fra], probes: [{ command: { run: "true" } }] }
`,
  );
  return file;
}

async function run(...args: string[]): Promise<string> {
  let out = '';
  const command = probeCommand((text) => (out += text)).exitOverride();
  await command.parseAsync(args, { from: 'user' });
  return out
    .replace(/ *\d+\.\d ms/g, ' T ms')
    .replaceAll(`port ${port('dns')}`, 'port D')
    .replaceAll(`port ${port('web')}`, 'port W');
}

test('every probe with what it asks and what it saw, and what follows', async () => {
  expect(await run(plan(), 'resolver', '--site', 'fra', '--address', LOCAL)).toMatchInlineSnapshot(`
    "resolver at fra
      dns: id.server CH TXT over UDP, NOERROR, from this very site (within 5s)
        good T ms  127.0.0.1 port D: answers NOERROR: fra, from fra
      page (http): GET /.well-known/nearcast, status 200-299, body with "\\"fra\\"" (within 5s)
        good T ms  127.0.0.1 port W: answers 200 OK with ""fra""
      tcp: a connection at port 1 (within 5s, only degrades)
        dead T ms  127.0.0.1 port 1: refuses: nothing listens there
    degraded: tcp fails
    "
  `);
  expect(process.exitCode).toBeUndefined();
});

test('a service that is not good is exit 1, with the reason', async () => {
  const file = plan();
  const { outcome } = await runProbe(
    { kind: 'tcp', port: port('web'), every: millis(1000), timeout: millis(5000) },
    { addresses: [LOCAL] },
  );
  expect(outcome).toBe('good');
  await edge.fail('dns', 'wrong');
  const said = await run(file, 'resolver', '--site', 'nyc', '--address', LOCAL);
  expect(said).toMatch(/bad +T ms +127.0.0.1 port D: answers SERVFAIL; NOERROR is asked for/);
  expect(said).toMatch(/\ndown: 1 of 2 probes is good, all have to be\n$/);
  expect(process.exitCode).toBe(1);
});

test('as JSON, with milliseconds by name', async () => {
  const told = JSON.parse(await run(plan(), 'edge-only', '--json')) as { probes: { tookMs: number }[] };
  expect(told).toMatchObject({
    schema: 'nearcast.probe/1',
    service: 'edge-only',
    site: 'fra',
    verdict: 'up',
    probes: [
      {
        name: 'command',
        outcome: 'good',
        question: 'true',
        onFailure: 'down',
        targets: [{ outcome: 'good' }],
      },
    ],
  });
  expect(told.probes[0]?.tookMs).toBeGreaterThan(0);
});

test.each([
  [['resolvr'], /the plan has no service 'resolvr'; did you mean resolver\?/],
  [['resolver', '--site', 'frs'], /the plan has no site 'frs'; did you mean fra\?/],
  [['edge-only', '--site', 'nyc'], /nyc does not run edge-only; its sites are: fra/],
  [['resolver', '--address', 'localhost'], /'localhost' is no IP address/],
  [['constructor'], /the plan has no service 'constructor'/],
])('%j is wrong usage', async (args, said) => {
  await expect(run(plan(), ...args)).rejects.toMatchObject({ message: expect.stringMatching(said), exit: 2 });
});

/** A plan with every kind of probe, by its text. */
function probes(text: string): { readonly [name: string]: Probe } {
  const parsed = parsePlan(`${head}
services:
  all:
    address: 203.0.113.53
    probes:
${text}`);
  if ('complaints' in parsed) throw new Error(JSON.stringify(parsed.complaints));
  return parsed.plan.services['all']!.probes;
}

const ALL = `
      - dns: { name: example.com, type: A, answer: [192.0.2.1, 192.0.2.2], serial: { of: 192.0.2.1, behind: 2 }, identity: true }
      - http: { path: /health, host: www.example.net, status: [200, 301-302], body: ok }
      - https: { name: www.example.net, certificate-days: 14 }
      - tcp: { port: 25, expect: "220" }
      - udp: { port: 1194, send: ping }
      - tls: { verify: false }
      - ntp: { max-offset: 100ms }
      - icmp: {}
      - command: { run: "check_load -w 3" }
      - systemd: { unit: named.service }
      - address: { interface: lo }
      - process: { pid-file: /run/named.pid }
`;

test('what each kind asks, in a line', () => {
  const all = Object.values(probes(ALL));
  expect(all.map((p) => `${p.kind}: ${question(p)}`).join('\n')).toMatchInlineSnapshot(`
    "dns: example.com IN A over UDP, NOERROR with 192.0.2.1 with 192.0.2.2, serial at most 2 behind 192.0.2.1, from this very site
    http: GET /health of www.example.net, status 200 or 301-302, body with "ok"
    https: GET /, status 200-299, a certificate of www.example.net that is good for 14 days more
    tcp: a connection at port 25, expect "220"
    udp: an answer at port 1194, send "ping"
    tls: a handshake at port 443, any certificate
    ntp: the time, stratum 4 or better, at most 100ms from ours
    icmp: an echo
    command: check_load -w 3
    systemd: unit named.service is active
    address: the addresses are on lo
    process: the process of /run/named.pid is alive"
  `);
});

test("a plan's probes are what the host asks, as they stand: as types, and for every kind", async () => {
  const planned: readonly Probe[] = Object.values(probes(ALL));
  const specs: readonly ProbeSpec[] = planned;
  // And the host knows no kind that a plan cannot say.
  const kinds: ProbeSpec['kind'] extends Probe['kind'] ? true : never = true;
  expect([kinds, specs.length]).toEqual([true, 12]);
  const closed = (t: { readonly port: number }) => ({ address: LOCAL, port: t.port === 0 ? 0 : 1 });
  const reports = await Promise.all(
    specs.map(async (spec) => {
      const { outcome } = await runProbe(
        { ...spec, timeout: millis(3000) },
        { addresses: [LOCAL], locate: closed },
      );
      return `${spec.kind} ${spec.kind === 'icmp' || spec.kind === 'systemd' ? '' : outcome}`;
    }),
  );
  expect(reports.join(', ')).toBe(
    'dns dead, http dead, https dead, tcp dead, udp dead, tls dead, ntp dead, icmp , command bad, systemd , address good, process bad',
  );
});

test.each([
  ['all', 'good good', 'up: 2 of 2 probes are good, all have to be'],
  ['all', 'good bad', 'down: 1 of 2 probes is good, all have to be'],
  ['any', 'good bad', 'up: 1 of 2 probes is good, 1 has to be'],
  ['any', 'bad dead', 'down: 0 of 2 probes are good, 1 has to be'],
  ['2', 'good good bad', 'up: 2 of 3 probes are good, 2 have to be'],
  ['2', 'good bad bad', 'down: 1 of 3 probes is good, 2 have to be'],
  ['all', 'good degrades', 'degraded: p1 fails'],
  ['all', 'warning', 'degraded: p0 warns'],
  ['all', 'slow', 'degraded: p0 is slow'],
  ['all', '', 'up: no probe counts against it'],
])('combine %s of %s', (combine, outcomes, said) => {
  const asked = outcomes
    .split(' ')
    .filter((o) => o !== '')
    .map((o, i) => ({
      name: `p${i}`,
      probe: { onFailure: o === 'degrades' ? 'degraded' : 'down' } as Probe,
      report: {
        outcome: (o === 'degrades' ? 'bad' : o === 'bad' || o === 'dead' ? o : 'good') as
          | 'good'
          | 'bad'
          | 'dead',
        took: millis(1),
        detail: '',
        targets: [],
        ...(o === 'warning' ? { warning: true as const } : {}),
      },
      slow: o === 'slow',
    }));
  const judged = judge(
    {
      combine:
        combine === 'all' || combine === 'any'
          ? { kind: combine }
          : { kind: 'quorum', count: Number(combine) },
      degraded: ['slow', 'warning'],
    },
    asked,
  );
  expect(`${judged.verdict}: ${judged.why}`).toBe(said);
});
