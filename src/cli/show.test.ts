import { mkdtempSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import type { Address, Community, LargeCommunity, Prefix } from '../base/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { routesArgs, type Screen, showCommand } from './show.ts';
import { formatAge, wantsColour } from './table.ts';
import type { PeerDetailView, PeersView, PeerView, RouteView } from './views.ts';

interface Request {
  readonly id: number;
  readonly verb: string;
  readonly args: { readonly [key: string]: unknown };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A speaker's socket that answers as told; gives its path. */
function speaker(answer: (request: Request, socket: Socket) => void): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'nearcast-show-')), 's');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    createInterface(socket).on('line', (line) => answer(JSON.parse(line) as Request, socket));
  });
  servers.push(server);
  return new Promise((resolve) => server.listen(path, () => resolve(path)));
}

function say(socket: Socket, ...answers: object[]): void {
  for (const a of answers) socket.write(`${JSON.stringify(a)}\n`);
}

/** Runs `nearcast show …` and gives what it wrote. */
async function show(socket: string, args: string, more: Partial<Screen> = {}): Promise<string> {
  let text = '';
  const screen: Screen = {
    colour: false,
    terminal: false,
    write: (t) => {
      text += t;
    },
    note: (t) => {
      text += `(${t})\n`;
    },
    ...more,
  };
  const command = showCommand(screen).exitOverride();
  await command.parseAsync([...args.split(' '), '--socket', socket], { from: 'user' });
  return text;
}

const UP: PeerView = {
  name: 'upstream',
  address: '198.51.100.1' as Address,
  port: 179,
  asn: 64601,
  state: 'established',
  since: '2026-01-02T03:04:05.000Z',
  uptime: 7999,
  families: [IPV4_UNICAST, IPV6_UNICAST],
  prefixes: {
    [IPV4_UNICAST]: { received: 950213, accepted: 950000, advertised: 1, limit: 1_000_000 },
    [IPV6_UNICAST]: { received: 200000, accepted: 199000, advertised: 1, stale: 7 },
  },
  lastDown: { text: 'hold timer expired', at: '2026-01-02T03:04:01.000Z' },
  role: 'customer',
  holdTime: 30,
  bfd: 'up',
};
const DOWN: PeerView = {
  name: 'rack',
  address: 'fe80::1' as Address,
  interface: 'eth0',
  port: 179,
  state: 'idle',
  since: '2026-01-02T03:04:05.000Z',
  uptime: 0,
  families: [IPV6_UNICAST],
  prefixes: {},
  lastDown: {
    text: 'peer said: Cease / Administrative Shutdown, "\x1b[31mred"',
    at: '2026-01-02T03:04:05.000Z',
  },
};
const PEERS: PeersView = {
  schema: 'nearcast.peers/1',
  at: '2026-01-02T05:17:24.000Z',
  router: {
    asn: 64500,
    id: '192.0.2.1' as Address,
    since: '2026-01-01T00:00:00.000Z',
    routes: { [IPV4_UNICAST as Family]: 950001 },
  },
  peers: [UP, DOWN],
};

const BEST: RouteView = {
  prefix: '203.0.113.0/24' as Prefix,
  family: IPV4_UNICAST,
  best: true,
  from: 'upstream',
  nextHop: '198.51.100.1' as Address,
  path: '64601 64700 {64701,64702}',
  origin: 'igp',
  localPref: 200,
  med: 0,
  communities: ['64601:100' as Community],
  largeCommunities: ['64601:1:2' as LargeCommunity],
  validation: 'valid',
  refused: false,
  stale: false,
  age: 61,
};
const { communities: _c, largeCommunities: _l, med: _m, ...plain } = BEST;
const OTHER: RouteView = {
  ...plain,
  best: false,
  from: 'rack',
  pathId: 3,
  nextHop: '2001:db8::1' as Address,
  path: '',
  origin: 'incomplete',
  validation: 'unverified',
  why: 'local preference',
  stale: true,
  age: 3,
};

test('peers are a table with columns in line, and control characters from a peer do not reach the terminal', async () => {
  const socket = await speaker((r, s) => say(s, { id: r.id, ok: true, result: PEERS }));
  expect(await show(socket, 'peers')).toMatchInlineSnapshot(`
    "AS64500, router id 192.0.2.1; 1 of 2 peers established; prefixes: 950001 ipv4-unicast

    PEER      ADDRESS          AS  STATE        FOR     RECEIVED  ACCEPTED  ADVERTISED  BFD  WHY NOT, OR LAST DOWN
    upstream  198.51.100.1  64601  established  2h 13m   1150213   1149000           2  up   hold timer expired
    rack      fe80::1%eth0    any  idle                                                      peer said: Cease / Administrative Shutdown, "�[31mred"
    "
  `);
});

test('colour is for terminals, and says nothing that words do not', async () => {
  const socket = await speaker((r, s) => say(s, { id: r.id, ok: true, result: PEERS }));
  const coloured = await show(socket, 'peers', { colour: true });
  expect(coloured).toContain('\x1b[32mestablished\x1b[0m');
  expect(stripVTControlCharacters(coloured)).toBe(await show(socket, 'peers'));
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
});

test('--json gives the answer as it came', async () => {
  const socket = await speaker((r, s) => say(s, { id: r.id, ok: true, result: PEERS }));
  expect(JSON.parse(await show(socket, 'peers --json'))).toEqual(PEERS);
});

test('one peer, everything about it', async () => {
  const detail: PeerDetailView = {
    ...UP,
    schema: 'nearcast.peer/1',
    at: PEERS.at,
    kind: 'ebgp',
    description: 'transit',
    localAddress: '198.51.100.2' as Address,
    remoteId: '10.0.0.1' as Address,
    remoteRole: 'provider',
    capabilities: ['route refresh', '4-octet AS 64601'],
    protection: ['TCP MD5', 'TTL security, 1 hop'],
    import: { name: 'from-up', rules: ['rule 1: when prefix 0.0.0.0/0, accept'] },
    export: { rules: [] },
    messages: { received: { total: 12, updates: 3 }, sent: { total: 9, updates: 1 } },
    established: 2,
  };
  const asked: Request[] = [];
  const socket = await speaker((r, s) => {
    asked.push(r);
    say(s, { id: r.id, ok: true, result: detail });
  });
  expect(await show(socket, 'peer upstream')).toMatchInlineSnapshot(`
    "upstream
      description   transit
      address       198.51.100.1 port 179, ours 198.51.100.2
      AS            64601 (ebgp), router id 10.0.0.1
      state         established since 2026-01-02T03:04:05.000Z (2h 13m)
      last down     2026-01-02T03:04:01.000Z: hold timer expired
      role          customer; peer says provider
      hold time     30 s
      BFD           up
      protection    TCP MD5, TTL security, 1 hop
      families      ipv4-unicast, ipv6-unicast
      ipv4-unicast  950213 received of at most 1000000, 950000 accepted, 1 advertised
      ipv6-unicast  200000 received, 199000 accepted, 1 advertised, 7 stale
      it offers     route refresh
                    4-octet AS 64601
      messages      12 received (3 updates), 9 sent (1 update)
      established   twice
      import        from-up
                    rule 1: when prefix 0.0.0.0/0, accept
      export        nothing
    "
  `);
  expect(asked).toEqual([{ id: 1, verb: 'peer', args: { name: 'upstream' } }]);
});

test('routes come one by one and are printed in line, the best marked, the others with the reason', async () => {
  const asked: Request[] = [];
  const socket = await speaker((r, s) => {
    asked.push(r);
    say(s, { id: r.id, more: true, item: BEST }, { id: r.id, more: true, item: OTHER });
    say(s, { id: r.id, ok: true });
  });
  expect(await show(socket, 'routes 203.0.113.53 --peer rack --received')).toMatchInlineSnapshot(`
    "   PREFIX             FROM      NEXT HOP      PREF  MED  AGE    PATH                         COMMUNITIES          NOTES
    *  203.0.113.0/24     upstream  198.51.100.1   200    0  1m 1s  64601 64700 {64701,64702} i  64601:100 64601:1:2  valid
       203.0.113.0/24 #3  rack      2001:db8::1    200       3s     ?                                                 stale, local preference
    "
  `);
  expect(asked[0]?.args).toEqual({ address: '203.0.113.53', peer: 'rack', table: 'received' });
  const lines = (await show(socket, 'routes --json')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([BEST, OTHER]);
});

test('a long table is printed while it comes, and no line is lost', async () => {
  const socket = await speaker((r, s) => {
    for (let i = 0; i < 3000; i++)
      say(s, { id: r.id, more: true, item: { ...BEST, prefix: `10.${i >> 8}.${i & 255}.0/24` } });
    say(s, { id: r.id, ok: true });
  });
  let writes = 0;
  let text = '';
  await show(socket, 'routes', {
    write: async (t) => {
      writes++;
      await null;
      text += t;
    },
  });
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBe(3001);
  expect(new Set(lines.slice(1).map((l) => l.split(/ +/)[1])).size).toBe(3000);
  expect(writes).toBeGreaterThan(3);
});

test('no routes is a note, not a table', async () => {
  const socket = await speaker((r, s) => say(s, { id: r.id, ok: true }));
  expect(await show(socket, 'routes 192.0.2.0/24')).toBe('(no routes)\n');
  expect(await show(socket, 'routes 192.0.2.0/24 --json')).toBe('');
});

test.each<[string | undefined, object, object | string]>([
  [undefined, {}, {}],
  ['203.0.113.0/24', { longer: true, best: true }, { prefix: '203.0.113.0/24', longer: true, best: true }],
  ['2001:DB8::1', {}, { address: '2001:db8::1' }],
  [undefined, { peer: 'a', advertised: true }, { peer: 'a', table: 'advertised' }],
  ['203.0.113.1/24', {}, `'203.0.113.1/24' is no prefix and no address; did you mean 203.0.113.0/24?`],
  ['example.com', {}, `'example.com' is no prefix and no address`],
  ['10.0.0.1', { longer: true }, '--longer needs a prefix'],
  [undefined, { received: true }, '--received needs --peer NAME'],
  [undefined, { peer: 'a', received: true, advertised: true }, 'either --received or --advertised'],
])('show routes %s %j asks %j', (what, options, expected) => {
  if (typeof expected === 'string') expect(() => routesArgs(what, options)).toThrow(expected);
  else expect(routesArgs(what, options)).toEqual(expected);
});

test.each<[string, (r: Request, s: Socket) => void, string, number]>([
  [
    'a refusal',
    (r, s) => say(s, { id: r.id, ok: false, error: { message: 'no peer x', exit: 1 } }),
    'no peer x',
    1,
  ],
  ['a hang-up', (_r, s) => s.end(), 'closed the connection', 5],
  [
    'a hang-up in the middle',
    (r, s) => s.end(`${JSON.stringify({ id: r.id, more: true, item: BEST })}\n`),
    'closed the connection',
    5,
  ],
  ['nonsense', (_r, s) => s.write('HTTP/1.1 400\n'), 'is it a nearcast?', 1],
])('%s ends the command with a sentence and a code', async (_name, answer, message, exit) => {
  const socket = await speaker(answer);
  await expect(show(socket, 'routes --json')).rejects.toMatchObject({
    message: expect.stringContaining(message),
    exit,
  });
});

test('nobody at the socket is exit 5, with what to do about it', async () => {
  await expect(show('/nonexistent/socket', 'peers')).rejects.toMatchObject({
    exit: 5,
    message: expect.stringContaining('is `nearcast agent` or `nearcast speak` running?'),
  });
});

test('answers to other questions are passed over', async () => {
  const socket = await speaker((r, s) =>
    say(s, { id: 99, ok: true, result: 'not ours' }, { id: r.id, ok: true, result: PEERS }),
  );
  expect(JSON.parse(await show(socket, 'peers --json'))).toEqual(PEERS);
});

test('--watch asks again and again, with --json one document a line', async () => {
  let asked = 0;
  const socket = await speaker((r, s) => {
    if (++asked > 3) say(s, { id: r.id, ok: false, error: { message: 'enough', exit: 1 } });
    else say(s, { id: r.id, ok: true, result: PEERS });
  });
  let text = '';
  const write = (t: string) => {
    text += t;
  };
  await expect(show(socket, 'peers --json --watch 0.1', { write })).rejects.toThrow('enough');
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([PEERS, PEERS, PEERS]);
});

test.each([
  [0, '0s'],
  [59.9, '59s'],
  [60, '1m'],
  [7999, '2h 13m'],
  [86_400 * 9 + 3600 * 4 + 59, '9d 4h'],
  [3601, '1h'],
  [-5, '0s'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatAge(seconds)).toBe(text);
});
