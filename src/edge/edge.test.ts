import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import net from 'node:net';
import packet from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { type Address, millis } from '../base/index.ts';
import { type Endpoint, HostError, type ProbeSpec, runProbe } from '../host/index.ts';
import { parsePlan } from '../plan/index.ts';
import { type Edge, type EdgeOptions, startEdge } from './edge.ts';
import { planZone } from './zone.ts';

const LOCAL = '127.0.0.1' as Address;
const LOCAL6 = '::1' as Address;
const anywhere: Endpoint = { address: LOCAL, port: 0 };
const noIpv6 = await new Promise<boolean>((resolve) => {
  const probe = net.createServer().once('error', () => resolve(true));
  probe.listen(0, '::1', () => probe.close(() => resolve(false)));
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function edge(options: Partial<EdgeOptions> = {}): Promise<Edge> {
  const started = await startEdge({
    network: 'planet',
    site: 'fra',
    place: 'Frankfurt, DE',
    zone: { name: 'planet.example', addresses: [LOCAL], serial: 7 },
    services: [
      { name: 'resolver', kind: 'dns', listen: [anywhere] },
      { name: 'web', kind: 'http', listen: [anywhere] },
    ],
    ...options,
  });
  open.push(started);
  return started;
}

const at = (e: Edge, name: string, n = 0): Endpoint =>
  e.services.find((s) => s.name === name)?.listens[n] as Endpoint;
const url = ({ address, port }: Endpoint, path = '/') =>
  `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;

/** What a probe that asks for identity makes of a DNS service, and an HTTP probe of a web service. */
async function health(e: Edge, name: string, over: 'udp' | 'tcp' = 'udp', timeout = 200): Promise<string> {
  const service = e.services.find((s) => s.name === name);
  const { address, port } = at(e, name);
  const common = { every: millis(1000), timeout: millis(timeout), target: address, port };
  const probe: ProbeSpec =
    service?.kind === 'dns'
      ? {
          ...common,
          kind: 'dns',
          over,
          name: 'id.server',
          type: 'TXT',
          class: 'CH',
          rcode: 'NOERROR',
          answer: [],
          identity: true,
        }
      : { ...common, kind: 'http', path: '/.well-known/nearcast', method: 'GET', status: [[200, 299]] };
  const { outcome, detail } = await runProbe(probe, { addresses: [], site: 'fra' });
  return `${outcome}: ${detail.replace(/^.* port \d+: /, '')}`;
}

test('HTTP says which site served, on every answer', async () => {
  const e = await edge();
  const told = await fetch(url(at(e, 'web'), '/.well-known/nearcast'));
  expect([...told.headers.keys()]).toEqual(expect.arrayContaining(['x-served-by', 'server-timing']));
  expect(await told.json()).toEqual({
    schema: 1,
    network: 'planet',
    site: 'fra',
    service: 'web',
    place: 'Frankfurt, DE',
    client: '127.0.0.1',
  });
  const seen: Record<string, string> = {};
  for (const [name, path, init] of [
    ['text', '/', {}],
    ['page', '/?x=1', { headers: { accept: 'text/html,*/*' } }],
    ['head', '/', { method: 'HEAD' }],
    ['missing', '/nothing', {}],
    ['posted', '/', { method: 'POST', body: 'x'.repeat(100_000) }],
  ] as const) {
    const answer = await fetch(url(at(e, 'web'), path), init);
    const h = (header: string) => answer.headers.get(header);
    const [first] = (await answer.text()).split('\n');
    seen[name] = `${answer.status} ${h('x-served-by')} ${h('server-timing')} ${h('content-type')} ${first}`;
  }
  expect(seen).toMatchInlineSnapshot(`
    {
      "head": "200 fra site;desc="fra" text/plain; charset=utf-8 ",
      "missing": "404 fra site;desc="fra" text/plain; charset=utf-8 fra has nothing at this path",
      "page": "200 fra site;desc="fra" text/html; charset=utf-8 <!doctype html>",
      "posted": "405 fra site;desc="fra" text/plain; charset=utf-8 POST is not served here",
      "text": "200 fra site;desc="fra" text/plain; charset=utf-8 fra (Frankfurt, DE)",
    }
  `);
});

test('names that mean something to HTML are only text on the page', async () => {
  const e = await edge({ place: '<script>alert(1)</script>' });
  const page = await (await fetch(url(at(e, 'web')), { headers: { accept: 'text/html' } })).text();
  expect(page).toContain('&#60;script&#62;');
  expect(page).not.toContain('<script>');
});

test('DNS answers over UDP and TCP, several questions on one connection, in pieces', async () => {
  const e = await edge();
  expect(await health(e, 'resolver', 'udp')).toBe('good: answers NOERROR: fra, from fra');
  expect(await health(e, 'resolver', 'tcp')).toBe('good: answers NOERROR: fra, from fra');
  const query = packet.streamEncode({
    type: 'query',
    id: 1,
    questions: [{ name: 'planet.example', type: 'SOA' }],
  });
  const two = Buffer.concat([query, query]);
  const socket = net.connect(at(e, 'resolver').port, LOCAL);
  open.push({ close: () => socket.destroy() });
  let got = Buffer.alloc(0);
  const done = new Promise<void>((resolve) =>
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= 2 * (2 + got.readUInt16BE(0))) resolve();
    }),
  );
  for (const piece of [two.subarray(0, 1), two.subarray(1, 20), two.subarray(20)]) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  expect(packet.streamDecode(got)).toMatchObject({ answers: [{ type: 'SOA', data: { serial: 7 } }] });
});

test('nonsense over UDP and TCP costs its sender, and nobody else', async () => {
  const e = await edge();
  const { port } = at(e, 'resolver');
  const udp = dgram.createSocket('udp4');
  open.push({ close: () => udp.close() });
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(1),
    Buffer.alloc(4000, 0xff),
    Buffer.from('GET / HTTP/1.0'),
  ])
    udp.send(bytes, port, LOCAL);
  const ends = await Promise.all(
    ['GET / HTTP/1.0\r\n\r\n', '\x00\x03abc', '\x00\x00'].map(
      (text) =>
        new Promise<string>((resolve) => {
          const socket = net.connect(port, LOCAL, () => socket.write(text));
          socket.on('error', () => {});
          socket.on('close', () => resolve('closed'));
        }),
    ),
  );
  expect(ends).toEqual(['closed', 'closed', 'closed']);
  const web = net.connect(at(e, 'web').port, LOCAL, () => web.write('\x00\x01nonsense\r\n\r\n'));
  const answer = await new Promise<string>((resolve) => web.once('data', (d) => resolve(String(d))));
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect([await health(e, 'resolver'), await health(e, 'web')]).toEqual([
    'good: answers NOERROR: fra, from fra',
    'good: answers 200 OK',
  ]);
});

test.each([
  ['resolver', 'refuse', 'dead: refuses: nothing listens there'],
  ['resolver', 'hang', 'bad: no answer within 200 ms'],
  ['resolver', 'wrong', 'bad: answers SERVFAIL; NOERROR is asked for'],
  ['web', 'refuse', 'dead: refuses: nothing listens there'],
  ['web', 'hang', 'bad: connected, but no answer to the request within 200 ms'],
  ['web', 'wrong', 'bad: answers 503 Service Unavailable; 200-299 is asked for'],
] as const)('%s can be made to %s, and to heal on the same port', async (name, how, seen) => {
  const e = await edge();
  const before = at(e, name);
  await e.fail(name, how);
  expect(e.services.map((s) => s.fault)).toEqual(name === 'web' ? [undefined, how] : [how, undefined]);
  expect(await health(e, name)).toBe(seen);
  expect(await health(e, name === 'web' ? 'resolver' : 'web')).toMatch(/^good/);
  await e.heal(name);
  expect(at(e, name)).toEqual(before);
  expect(await health(e, name, 'udp', 2000)).toMatch(/^good/);
});

test('failing and healing in any order and at the same time ends as last said', async () => {
  const e = await edge();
  await Promise.all([
    e.fail('web', 'refuse'),
    e.fail('web', 'hang'),
    e.heal('web'),
    e.fail('web', 'refuse'),
    e.fail('web', 'wrong'),
  ]);
  expect(await health(e, 'web')).toMatch(/503/);
  await Promise.all([e.fail('web', 'refuse'), e.heal('web'), e.close()]);
  expect(await health(e, 'web')).toMatch(/^dead/);
});

test('a service that is not there is a sentence with those that are', async () => {
  const e = await edge();
  await expect(e.fail('wbe', 'hang')).rejects.toThrow(
    'there is no service wbe at fra; there is: resolver, web',
  );
});

test('a taken port is a sentence, and nothing of the edge is left', async () => {
  const first = await edge();
  const taken = at(first, 'web');
  const services = [
    { name: 'resolver', kind: 'dns', listen: [anywhere] },
    { name: 'web', kind: 'http', listen: [taken] },
  ] as const;
  const refused = await startEdge({ network: 'n', site: 'lon', services }).catch((error) => error);
  expect(refused).toBeInstanceOf(HostError);
  expect(refused.message).toMatch(/another program listens there/);
});

test('a request under way is answered when the edge closes, and its connection ends with the answer', async () => {
  const e = await edge();
  const socket = net.connect(at(e, 'web').port, LOCAL);
  let got = '';
  socket.on('data', (d) => (got += d));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(e.services[1]?.sessions).toBe(1);
  const began = performance.now();
  const closed = e.close();
  socket.write('\r\n');
  await closed;
  await ended;
  expect(performance.now() - began).toBeLessThan(900);
  expect(got).toMatch(/^HTTP\/1.1 200 OK/);
  expect(e.services.map((s) => [s.sessions, s.answered])).toEqual([
    [0, 0],
    [0, 1],
  ]);
});

test.skipIf(noIpv6)('IPv6 beside IPv4, on the same port', async () => {
  const first = await edge({ services: [{ name: 'web', kind: 'http', listen: [anywhere] }] });
  const { port } = at(first, 'web');
  const e = await edge({ services: [{ name: 'web', kind: 'http', listen: [{ address: LOCAL6, port }] }] });
  const told = (await (await fetch(url(at(e, 'web'), '/.well-known/nearcast'))).json()) as { client: string };
  expect(told.client).toBe('::1');
});

const PLAN = `
network: Planet One
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra: { upstreams: [{ asn: 64601, address: 198.51.100.1, role: provider }] }
  nyc: { upstreams: [{ asn: 64602, address: 198.51.100.5, role: provider }] }
services:
  web:
    address: [203.0.113.80, 2001:db8:53::80]
    probes: [{ http: { path: / } }]
  resolver:
    address: 203.0.113.53
    probes: [{ dns: { name: id.server, type: TXT, class: CH } }]
`;

test('a zone is named after the network, and has one address of each family', () => {
  const parsed = parsePlan(PLAN);
  if ('complaints' in parsed) throw new Error(JSON.stringify(parsed.complaints));
  const { plan } = parsed;
  expect(planZone(plan)).toEqual({
    name: 'planet-one.example',
    addresses: ['203.0.113.80', '2001:db8:53::80'],
    serial: 1,
  });
});

const has = (program: string) => !spawnSync(program, ['-h'], { stdio: 'ignore' }).error;

/** Runs a real client without stopping our own loop, which has to answer it. */
async function client(program: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve, reject) =>
    execFile(program, args, { timeout: 5000 }, (error, out) => (error ? reject(error) : resolve(out))),
  );
}

test.skipIf(!has('dig'))('dig understands it (skipped where there is no dig)', async () => {
  const e = await edge();
  const server = [`@${LOCAL}`, '-p', String(at(e, 'resolver').port)];
  expect(await client('dig', [...server, '+short', 'id.server', 'CH', 'TXT'])).toBe('"fra"\n');
  const full = await client('dig', [...server, '+nsid', '+tcp', 'planet.example', 'SOA']);
  expect(full).toMatch(/NSID: 66 72 61 \("fra"\)/);
  expect(full).toMatch(/status: NOERROR/);
  expect(full).not.toMatch(/WARNING: .*(malformed|extra)/i);
});

test.skipIf(!has('curl'))('curl understands it (skipped where there is no curl)', async () => {
  const e = await edge();
  expect(await client('curl', ['-s', url(at(e, 'web'))])).toBe('fra (Frankfurt, DE)\n');
  const head = await client('curl', ['-sI', '--interface', LOCAL, url(at(e, 'web'))]);
  expect(head).toMatch(/^x-served-by: fra\r?$/im);
});
