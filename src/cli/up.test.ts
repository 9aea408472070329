/** A small world from end to end: three agents as processes, twenty-odd networks, real sessions, real clients. */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packet from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectControl, serveControl } from '../host/index.ts';
import { agentSocket } from './agent-ask.ts';
import { BIN, type Line, SMALL, startUp } from './up.test-support.ts';
import { board, moves } from './up-board.ts';
import { ask, cutCommand, failCommand, healCommand } from './up-orders.ts';
import { type UpView, upAgentSocket, upSocket, type WhoRow } from './up-views.ts';

const NAME = `test-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'nearcast-up-test-'));
const file = join(folder, 'network.yaml');
const PLAN = `
network: three
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
defaults:
  upstream: { role: provider, families: [ipv4, ipv6], hold-time: 9s, password: \${NOT_SET}, ttl-security: true }
  service: { rise: 2, fall: 2, min-stable: 0s }
  probe: { every: 500ms, timeout: 300ms, fast: 50ms }
sites:
  fra: { id: 1, place: "Frankfurt, DE", capacity: 10 Gbps, upstreams: [{ asn: 64601, address: 198.51.100.1 }] }
  nyc: { id: 2, place: "New York, US", capacity: 40 Gbps, upstreams: [{ asn: 64602, address: 198.51.100.5 }] }
  tyo: { id: 3, place: "Tokyo, JP", capacity: 40 Gbps, upstreams: [{ asn: 64603, address: 198.51.100.9 }] }
services:
  web: { address: [203.0.113.80, 2001:db8:53::80], probes: [{ http: { path: /healthy } }] }
  resolver: { address: 203.0.113.53, probes: [{ dns: { name: example.com, type: SOA } }] }
guard: { keep: 1, leave: 10 per 1s, lease: 4s, remaining-capacity: true }
drain: { settle: 300ms, empty: { sessions: 0, traffic: 10 Mbps, for: 300ms }, deadline: 3s, gone: 300ms, return: 300ms }
controller: http://192.0.2.1:4786
`;

let up: ChildProcess;
let said: Line[] = [];
let ready: Line;

beforeAll(async () => {
  writeFileSync(file, PLAN);
  up = start('--name', NAME, '--http', '0', '--dns', '0');
  const gone = new Promise<never>((_, reject) =>
    up.once('exit', (code) => reject(new Error(`up ended with ${code}: ${JSON.stringify(said)}`))),
  );
  gone.catch(() => {});
  ready = await Promise.race([hear((line) => line['kind'] === 'ready'), gone]);
});

afterAll(() => {
  up.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  rmSync(upSocket(NAME), { force: true });
});

function start(...args: string[]): ChildProcess {
  return startUp(file, ['--demand', '30 Gbps', '--page', 'off', ...args], (line) => said.push(line));
}

/** Runs one to its end. */
async function run(...args: string[]): Promise<{
  readonly code: number;
  readonly pid: number | undefined;
  readonly out: string;
  readonly errors: string;
}> {
  const child = spawn(process.execPath, [BIN, 'up', file, ...SMALL, '--page', 'off', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise<number>((resolve) => child.once('exit', resolve));
  return { code, pid: child.pid, out, errors };
}

async function hear(fits: (line: Line) => boolean): Promise<Line> {
  let found: Line | undefined;
  await until(() => (found = said.find(fits)) !== undefined, 150_000);
  return found as Line;
}

async function until(holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`not within ${limitMs} ms: ${holds}`);
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function get(
  from: string,
  headers: http.OutgoingHttpHeaders = {},
  path = '/',
  host = '127.0.0.1',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const own = host.includes(':') ? {} : { localAddress: from };
    http
      .get({ host, port: ready['http'] as number, path, ...own, agent: false, headers }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
      })
      .on('error', reject);
  });
}

/** `id.server CH TXT`: who answers, or the response code. */
const QUESTION = Buffer.from('abcd01000001000000000000026964067365727665720000100003', 'hex');
const READ = (answer: Buffer) =>
  (answer[3] as number) & 15 ||
  answer
    .subarray(answer.length - (answer.at(-4) as number))
    .toString()
    .replace(/[^a-z]/g, '');

function dig(from: string, host = '127.0.0.1'): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const six = host.includes(':');
    const socket = dgram.createSocket(six ? 'udp6' : 'udp4');
    const timer = setTimeout(() => reject(new Error('no answer')), 30_000);
    const query = six ? inSubnet(from) : QUESTION;
    socket.bind(0, six ? host : from, () => socket.send(query, ready['dns'] as number, host));
    socket.once('message', (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(
        six ? String(packet.decode(answer).answers?.map((a) => a.type === 'TXT' && a.data)) : READ(answer),
      );
    });
  });
}

/** The same question with an EDNS client subnet (RFC 7871 §6): OPT, option 8, IPv4, /32. */
function inSubnet(from: string): Buffer {
  const subnet = Buffer.from([0, 8, 0, 8, 0, 1, 32, 0, ...from.split('.').map(Number)]);
  const opt = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, subnet.length]);
  const head = Buffer.from(QUESTION);
  head[11] = 1;
  return Buffer.concat([head, opt, subnet]);
}

function digTcp(from: string): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port: ready['dns'] as number, localAddress: from });
    socket.on('error', reject);
    socket.write(Buffer.concat([Buffer.from([0, QUESTION.length]), QUESTION]));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(READ(answer.subarray(2)));
    });
  });
}

const o = { name: NAME };
const who = async (from: string) => ((await ask('who', { from }, o))[0] as WhoRow).site;
const status = (): Promise<UpView> => ask('status', {}, o);
const levelOf = async (site: string) => (await status()).sites.find((s) => s.site === site)?.state?.level;
/** How each site stands with who hands out tickets. */
const tickets = () =>
  Promise.all(
    ['fra', 'nyc', 'tyo'].map(async (site) => {
      const agent = await connectControl(upAgentSocket(NAME, site));
      const view = (await agent.call('status', {})) as {
        readonly scopes: readonly { readonly ticket: string }[];
      };
      agent.close();
      return view.scopes[0]?.ticket;
    }),
  );
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('a client of every continent is served by the site that its routers choose, over HTTP and DNS', async () => {
  expect(ready['missing']).toBeUndefined();
  for (const from of ['127.81.0.1', '127.49.0.1', '127.1.0.1', '127.55.0.1']) {
    const site = await who(from);
    const answer = await get(from);
    expect([answer.status, answer.headers['x-served-by'], await dig(from), await digTcp(from)]).toEqual([
      200,
      site,
      site,
      site,
    ]);
    expect(answer.headers['server-timing']).toMatch(/path;dur=\d/);
    expect(answer.headers['x-as-path']).toMatch(/^64\d{3}( 64\d{3})*$/);
  }
  const all = await ask('who', { all: true }, o);
  expect(new Set(all.map((row) => row.site))).toEqual(new Set(['fra', 'nyc', 'tyo']));
  // From the client's own network to ours.
  for (const row of all) expect(row.asPath.at(-1)).toBe(64500);
});

test('clients on IPv6 go by the IPv6 prefix, and say where they are in a header or a client subnet (RFC 7871)', async () => {
  const { hosts } = await status();
  // Many a container has no ::1; then the fronts do without.
  if (!hosts.includes('::1')) return expect(hosts).toEqual(['127.0.0.1']);
  for (const from of ['127.81.0.1', '127.49.0.1', '127.1.0.1']) {
    const [row] = await ask('who', { from, family: 6 }, o);
    const answer = await get(from, { 'x-vantage': from }, '/', '::1');
    expect([answer.status, answer.headers['x-served-by'], answer.headers['x-prefix']]).toEqual([
      200,
      row?.site,
      '2001:db8:53::/48',
    ]);
    expect(answer.headers['x-as-path']).toBe(row?.asPath.join(' '));
    // The resolver of this plan has no address in IPv6, so its queries go to the one it has.
    expect(await dig(from, '::1')).toBe(await who(from));
  }
  expect((await get('127.81.0.1')).headers['x-prefix']).toBe('203.0.113.0/24');
});

test('--try asks from everywhere and ends: each is served by the site that its routes lead to', async () => {
  const { code, out } = await run('--name', `${NAME}-t`, '--http', '0', '--dns', '0', '--try');
  expect(out).toMatch(
    /requests and queries from 30 countries: each was served by the site its routes lead to, 3 sites/,
  );
  expect(code).toBe(0);
});

test('where the machine has one address only, a header or the query says the vantage; nonsense is refused', async () => {
  const site = await who('127.81.0.1');
  expect((await get('127.0.0.1', { 'x-vantage': 'Tokyo' })).headers['x-served-by']).toBe(site);
  expect((await get('127.0.0.1', {}, '/?vantage=tyo')).headers['x-served-by']).toBe(site);
  const refused = await get('127.0.0.1', { 'x-vantage': 'Atlantis' });
  expect([refused.status, refused.body]).toEqual([400, expect.stringContaining("no vantage 'Atlantis'")]);
});

test('a second world says that there is one, and a port that is taken is named with what to do', async () => {
  const pids: (number | undefined)[] = [];
  const fail = async (...args: string[]) => {
    const { code, errors, pid } = await run(...args);
    pids.push(pid);
    return `${code} ${errors}`;
  };
  expect(await fail('--name', NAME, '--http', '0', '--dns', '0')).toMatch(
    /^1 nearcast: nearcast up runs already under the name test-\d+ \(pid \d+\): end it/,
  );
  expect(await fail('--name', `${NAME}-b`, '--http', String(ready['http']), '--dns', '0')).toMatch(
    /^1 nearcast: another program uses port \d+ of 127\.0\.0\.1: .* choose another with --http PORT/,
  );
  const other = `${NAME}-c`;
  const taken = await serveControl(upAgentSocket(other, 'nyc'), () => 'here');
  expect(await fail('--name', other, '--http', '0', '--dns', '0')).toMatch(
    /^1 .*nearcast: the agent of nyc did not start: .*is in use|^1 .*nearcast: the agent of nyc did not start: .*running/s,
  );
  // An agent that was there before is still there to be asked.
  const client = await connectControl(upAgentSocket(other, 'nyc'));
  expect(await client.call('anything')).toBe('here');
  client.close();
  await taken.close();
  const left = readdirSync(tmpdir()).filter((n) => pids.some((pid) => n.startsWith(`nearcast-up-${pid}-`)));
  expect(left).toEqual([]);
});

test('kill -9 of the agent moves its clients to another site, heal brings them back', async () => {
  const [from, site] = ['127.81.0.1', (await who('127.81.0.1')) as string];
  expect((await ask('kill', { site }, o)).done).toEqual([
    `the agent of ${site} was killed (kill -9), and its services with it`,
  ]);
  await until(async () => {
    const by = (await get(from)).headers['x-served-by'];
    return by !== undefined && by !== site;
  });
  expect(await who(from)).not.toBe(site);
  await expect(ask('fail', { service: 'web', site, how: 'refuse' }, o)).rejects.toThrow(
    /does not run; nearcast heal/,
  );
  await ask('heal', { what: site }, o);
  await until(async () => (await get(from)).headers['x-served-by'] === site);
});

/** As an operator says it. */
async function fail(...args: string[]): Promise<string> {
  let out = '';
  await failCommand((text) => void (out += text)).parseAsync([...args, '--name', o.name], { from: 'user' });
  return out;
}

test('sites fail one after another: the last one stays, less preferred, and says why', async () => {
  const first = (await who('127.49.0.1')) as string;
  const [second, third] = ['fra', 'nyc', 'tyo'].filter((s) => s !== first) as [string, string];
  await ask('fail', { service: 'resolver', site: first, how: 'hang' }, o);
  await until(async () => (await who('127.49.0.1')) !== first);
  expect(await dig('127.49.0.1')).not.toBe(first);
  // Not the same service everywhere at once: that would be a shared fault, which takes nobody out.
  expect(await fail('web', 'at', second)).toMatch(
    new RegExp(`^web at ${second} fails from now on \\(refuse\\)\n${second} has left: down; `),
  );
  expect(await levelOf(second)).toBe('withdrawn');
  expect(await fail('resolver', 'at', third, '--how', 'wrong')).toMatch(
    new RegExp(
      `^.*\n${third} stays, less preferred: down, and the guard refuses; refused: .*\n${third} asks its guard again by itself`,
    ),
  );
  expect(await levelOf(third)).toBe('less-preferred');
  const why = async () => (await status()).sites.find((s) => s.site === third)?.state?.why.join('; ') ?? '';
  await until(async () =>
    (await why()).includes('the guard refuses; refused: would be the last: 2 of 3 sites are out'),
  );
  expect([await levelOf(first), await levelOf(second)]).toEqual(['withdrawn', 'withdrawn']);
  await until(async () => (await who('127.49.0.1')) === third);
  expect((await get('127.49.0.1')).headers['x-served-by']).toBe(third);
  await ask('heal', {}, o);
  await until(async () => (await status()).ready, 90_000);
});

test('a site whose clients the rest could not carry stays, and says what the rest could', async () => {
  const load = async () => (await status()).sites.reduce((sum, s) => sum + (s.load ?? 0), 0);
  await until(async () => Math.abs((await load()) - 30e9) < 1);
  await ask('fail', { service: 'web', site: 'nyc', how: 'refuse' }, o);
  await until(async () => (await levelOf('nyc')) === 'withdrawn');
  await until(async () => (await status()).sites.find((s) => s.site === 'nyc')?.load === 0);
  // A ticket from before is good for what is left of its lease, whatever has landed since.
  await until(async () => (await tickets())[2] === 'idle');
  await ask('fail', { service: 'resolver', site: 'tyo', how: 'wrong' }, o);
  const why = async () => (await status()).sites.find((s) => s.site === 'tyo')?.state?.why.join('; ') ?? '';
  await until(async () =>
    (await why()).includes('refused: capacity: the rest could carry 10 Gbps of 30 Gbps'),
  );
  expect(await levelOf('tyo')).toBe('less-preferred');
  await ask('heal', {}, o);
  await until(async () => (await status()).ready, 90_000);
});

test('without a controller nothing that is announced changes, also when every lease has ended', async () => {
  // Routes that are still on their way from what was before come to rest first.
  let before = await ask('who', { all: true }, o);
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const was = JSON.stringify(before);
    before = await ask('who', { all: true }, o);
    return JSON.stringify(before) === was;
  });
  expect((await ask('kill', { site: 'controller' }, o)).done[0]).toMatch(/^the controller is dead/);
  // A site whose lease has ended holds no ticket, and says so.
  await until(async () => (await tickets()).every((t) => t === 'lost'), 90_000);
  const during = await status();
  expect(during.sites.map((s) => s.state?.level)).toEqual(['full', 'full', 'full']);
  expect(during.controlled).toBe(false);
  expect(await ask('who', { all: true }, o)).toEqual(before);
  // Without a lease a site that is sick goes behind the others, and not away.
  const site = (await who('127.81.0.1')) as string;
  await ask('fail', { service: 'web', site, how: 'refuse' }, o);
  await until(async () => (await levelOf(site)) === 'less-preferred');
  await until(async () => (await who('127.81.0.1')) !== site);
  await ask('heal', {}, o);
  await until(async () => (await status()).ready, 90_000);
  expect((await status()).controlled).toBe(true);
});

test('a cut cable is a way less, and a site without any is nowhere', async () => {
  const site = (await who('127.1.0.1')) as string;
  await expect(ask('cut', { one: 'atlantis' }, o)).rejects.toThrow(/'atlantis' is no site/);
  await expect(ask('cut', { one: 'AS6460' }, o)).rejects.toThrow(/did you mean AS6460\d\?/);
  expect((await ask('cut', { one: site }, o)).done).toHaveLength(1);
  await until(async () => (await who('127.1.0.1')) !== site);
  expect((await status()).cuts).toHaveLength(1);
  await ask('heal', { what: site }, o);
  await until(async () => (await who('127.1.0.1')) === site);
});

test('an upstream is meant however its AS is written', async () => {
  for (const written of ['64601', 'as64601', 'AS64601', 'AS 64601']) {
    expect((await ask('cut', { one: 'fra', other: written }, o)).done).toEqual(['cut: fra – as64601']);
    expect((await ask('heal', { what: written }, o)).done).toEqual(['healed: fra – as64601']);
  }
  const words = ['AS', '64601', '--name', NAME];
  let out = '';
  const write = (text: string) => void (out += text);
  await cutCommand(write).parseAsync(['fra', ...words], { from: 'user' });
  await healCommand(write).parseAsync(['fra', ...words], { from: 'user' });
  expect(out).toBe('cut: fra – as64601\nhealed: fra – as64601\n');
  await until(async () => (await status()).ready);
});

test('a site that is misspelt is told the nearest name, whatever is asked', async () => {
  const meant = /did you mean tyo\?/;
  await expect(ask('kill', { site: 'tyoo' }, o)).rejects.toThrow(meant);
  await expect(ask('fail', { service: 'web', site: 'toy', how: 'refuse' }, o)).rejects.toThrow(meant);
  await expect(ask('cut', { one: 'tyoo' }, o)).rejects.toThrow(meant);
  await expect(ask('heal', { what: 'tyoo' }, o)).rejects.toThrow(meant);
  await expect(ask('heal', { what: 'web', other: 'toy' }, o)).rejects.toThrow(meant);
  await expect(ask('fail', { service: 'wbe', site: 'tyo', how: 'refuse' }, o)).rejects.toThrow(
    /did you mean web\?/,
  );
  await expect(agentSocket(`${NAME}-tyoo`, {})).rejects.toThrow(`did you mean ${NAME}-tyo?`);
});

test('a drain by the agent moves every client and loses no request', async () => {
  const [from, site] = ['127.81.0.1', (await who('127.81.0.1')) as string];
  const seen: (string | number)[] = [];
  let asking = true;
  const clients = [0, 1, 2].map(async () => {
    while (asking) {
      const answer = await get(from);
      seen.push(answer.status === 200 ? String(answer.headers['x-served-by']) : answer.status);
    }
  });
  const agent = await connectControl(upAgentSocket(NAME, site));
  await until(() => seen.includes(site));
  const order = { owner: 'test', reason: 'to see it' };
  await agent.call('drain', order);
  const drained = async () => (await status()).sites.find((s) => s.site === site)?.state;
  await until(async () => (await drained())?.level === 'withdrawn');
  await agent.call('undrain', order);
  await until(async () => (await drained())?.level === 'full');
  await until(async () => (await who(from)) === site);
  asking = false;
  await Promise.all(clients);
  agent.close();
  expect(seen.filter((s) => typeof s === 'number')).toEqual([]);
  expect(new Set(seen).size).toBeGreaterThan(1);
});

test('when up itself is killed with -9 nothing of it is left behind', async () => {
  const { sites, pid } = await status();
  const pids = sites.flatMap((s) => s.pid ?? []);
  expect([pid, pids.length]).toEqual([up.pid, 3]);
  up.kill('SIGKILL');
  await until(() => !pids.some(alive), 30_000);
  expect(['fra', 'nyc', 'tyo'].filter((site) => existsSync(upAgentSocket(NAME, site)))).toEqual([]);
  await expect(ask('status', {}, o)).rejects.toMatchObject({
    exit: 5,
    message: expect.stringContaining('nearcast up does not run'),
  });
});

test('a plan that is wrong starts nothing and says what is', async () => {
  said = [];
  writeFileSync(file, PLAN.replace('"Tokyo, JP"', '"Tokio, JP"'));
  const child = spawn(
    process.execPath,
    [BIN, 'up', file, '--http', '0', '--dns', '0', '--page', 'off', '--name', `${NAME}-c`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(`${code} ${text}`).toMatch(/site tyo: no city 'Tokio, JP' is known here; is it Tokyo, JP\?/);
});

test('what moved is said once for each pair of sites', () => {
  const row = (place: string, site: string | undefined): WhoRow => ({
    from: place,
    place,
    country: 'JP',
    rttMs: 12,
    asPath: [],
    ...(site ? { site } : {}),
  });
  const before = ['a', 'b', 'c', 'd', 'e', 'f'].map((p) => row(p, 'tyo'));
  const after = [...['a', 'b', 'c', 'd', 'e'].map((p) => row(p, 'sin')), row('f', undefined)];
  expect(moves(before, after)).toEqual([
    'tyo → sin: a 12 ms, b 12 ms, c 12 ms, d 12 ms and 1 more',
    'tyo → nowhere: f',
  ]);
});

test.each([80, 140])('no line of the board is wider than a terminal of %i columns', (wide) => {
  const site = {
    site: 'jnb',
    place: 'Johannesburg, ZA',
    standing: 'running',
    state: { level: 'full' as const, why: [], drain: 'in', services: { web: 'up' } },
    vantages: 27,
    share: 0.16,
    rttMs: 82,
    asked: 12,
    load: 56e9,
    capacity: 100e9,
  };
  const view: UpView = {
    schema: 'nearcast.up/1',
    network: 'planet',
    pid: 1,
    http: '127.0.0.1:8080',
    dns: '127.0.0.1 port 8053',
    hosts: ['127.0.0.1'],
    ready: true,
    sites: [site, { ...site, site: 'tyo', share: 0.84 }],
    cuts: ['tyo – as64604', 'tyo – as64607'],
    outcomes: { served: 0, lost: 0, failed: 0 },
    folder: '',
  };
  const lines = board(
    view,
    ['12:00:00 fra → lon: Moscow 40 ms, Cairo 54 ms, Budapest 22 ms, Milan 18 ms'],
    false,
    40,
    wide,
  );
  expect(lines.filter((line) => [...line].length > wide)).toEqual([]);
  expect(lines.join('\n')).toContain('56 of 100 Gbps');
  expect(lines.join('\n').includes('COUNTRIES')).toBe(wide === 140);
});
