import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { vectors } from '../../test/vectors/wire-vectors.ts';
import { type Address, type Prefix, toHex } from '../base/index.ts';
import {
  type Agreed,
  encodeMessage,
  IPV4_UNICAST,
  type Message,
  type Open,
  parsePath,
  type Update,
} from '../wire/index.ts';
import { type DecodeOptions, decodeCommand, decodeStream } from './decode.ts';
import { DEFAULT_CONTEXT, inWords, type Report, reportLine } from './decode-line.ts';

const OPTIONS: DecodeOptions = { from: 'auto', text: false, hex: false, port: 179, context: DEFAULT_CONTEXT };
const KEEPALIVE = `${'ff'.repeat(16)}001304`;

/** What the command prints for an input that comes in pieces of `size` bytes. */
async function decode(input: string | Uint8Array, options: Partial<DecodeOptions> = {}, size = 1 << 16) {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  let text = '';
  const count = await decodeStream(pieces(), { ...OPTIONS, ...options }, (t) => {
    text += t;
    return true;
  });
  const reports = options.text
    ? []
    : text
        .split('\n')
        .filter(Boolean)
        .map((l) => JSON.parse(l) as Report);
  return { text, reports, bad: count.bad };
}

test('each line of hexadecimal or JSON becomes one report, in pieces of any size', async () => {
  const input = `${KEEPALIVE}\n\n# a comment\r\n{"id":"a","hex":"${KEEPALIVE.toUpperCase()}"}\r\n${'ff '.repeat(16)}00:13:04`;
  for (const size of [1, 7, 1 << 16]) {
    const { reports, bad } = await decode(input, {}, size);
    expect(bad).toBe(0);
    expect(reports).toEqual([
      { id: 1, ok: true, type: 'keepalive', message: { kind: 'keepalive' } },
      { id: 'a', ok: true, type: 'keepalive', message: { kind: 'keepalive' } },
      { id: 5, ok: true, type: 'keepalive', message: { kind: 'keepalive' } },
    ]);
  }
});

test('an id that could not be written again is refused, and the next line is read', async () => {
  const deep = `{"id":${'['.repeat(1e5)}${']'.repeat(1e5)},"hex":"${KEEPALIVE}"}`;
  const { reports } = await decode(`${deep}\n${KEEPALIVE}\n`);
  expect(reports[0]?.error).toMatchObject({ input: expect.stringContaining('"id" has to be') });
  expect(reports[1]).toMatchObject({ id: 2, ok: true });
});

test.each([
  ['zz', 'neither hexadecimal nor a JSON object'],
  ['ffff0', 'neither hexadecimal'],
  ['{"id":1', 'not JSON'],
  ['{"id":1,"hex":"f"}', 'even number'],
  ['{"id":1,"hex":7}', 'has to be a string'],
  ['{"id":1}', 'has to be a string'],
  ['{"id":1,"hex":"ff","ctx":3}', '"ctx" has to be an object'],
  ['{"id":1,"hex":"ff","ctx":{"asn4":1}}', 'ctx.asn4'],
  ['{"id":1,"hex":"ff","ctx":{"extendedMessage":"no"}}', 'ctx.extendedMessage'],
  ['{"id":1,"hex":"ff","ctx":{"addPath":["ipv5"]}}', 'ctx.addPath'],
  ['{"id":1,"hex":"ff","ctx":{"addPath":"ipv4-unicast"}}', 'ctx.addPath'],
])('the line %s is answered and the next one still read', async (line, why) => {
  const { reports, bad } = await decode(`${line}\n${KEEPALIVE}\n`);
  expect(bad).toBe(1);
  expect(reports[0]).toMatchObject({ ok: false, error: { input: expect.stringContaining(why) } });
  expect(reports[0]?.id ?? reports[0]?.line).toBe(1);
  expect(reports[1]).toMatchObject({ id: 2, ok: true });
});

test('a line without end is refused without being held in memory', async () => {
  const { reports } = await decode(`${'f'.repeat(3 << 20)}\n${KEEPALIVE}\n`);
  expect(reports[0]).toMatchObject({
    line: 1,
    ok: false,
    error: { input: expect.stringMatching(/more than/) },
  });
  expect(reports[1]).toMatchObject({ id: 2, ok: true });
});

test('--from holds the lines to one form', async () => {
  const json = `{"id":1,"hex":"${KEEPALIVE}"}`;
  expect((await decode(json, { from: 'hex' })).bad).toBe(1);
  expect((await decode(KEEPALIVE, { from: 'jsonl' })).bad).toBe(1);
  expect((await decode(KEEPALIVE, { from: 'pcap' })).reports[0]).toMatchObject({
    error: { input: 'neither a pcap nor a pcapng file' },
  });
});

test('every vector gets through the command the verdict it has in the file', () => {
  for (const file of ['wire-messages', 'wire-errors', 'wire-daemons'] as const) {
    for (const { name, bytes, agreed, value, error, reaction } of vectors(file)) {
      const line = JSON.stringify({ id: name, hex: toHex(bytes), ctx: agreed });
      const r = reportLine(line, 1, 'auto', DEFAULT_CONTEXT) as Report;
      expect(r.id).toBe(name);
      expect(r.ok).toBe(error === undefined);
      expect(r.message).toEqual(value);
      expect(r.reaction).toBe(reaction);
      if (error) expect(r.error).toMatchObject(error);
      expect(inWords(r)).toMatch(/\n$/);
    }
  }
});

const update = (prefix: string): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', path: parsePath('64500 4200000000') ?? [] },
    { kind: 'nextHop', nextHop: '192.0.2.1' as Address },
  ],
  announced: [{ prefix: prefix as Prefix }],
});

const hexOf = (m: Message, agreed: Agreed = DEFAULT_CONTEXT) => toHex(encodeMessage(m, agreed));

test('for people it prints paths, communities and prefixes as operators write them', async () => {
  const lines = [
    hexOf(update('203.0.113.0/24')),
    hexOf({ ...update('203.0.113.0/24'), attributes: [{ kind: 'origin', origin: 'egp' }] }),
    hexOf({ kind: 'update', withdrawn: [], attributes: [], announced: [] }),
    hexOf({ kind: 'notification', code: 6, subcode: 2, data: '026869' }),
    hexOf({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' }),
    'nonsense',
  ];
  const { text } = await decode(lines.join('\n'), { text: true });
  expect(text).toMatchInlineSnapshot(`
    "1: UPDATE
      ORIGIN igp
      AS_PATH 64500 4200000000
      NEXT_HOP 192.0.2.1
      announced 203.0.113.0/24
    2: UPDATE refused: 3/3 UPDATE Message Error / Missing Well-known Attribute: AS_PATH: is missing; costs: withdraw
      ORIGIN egp
      announced 203.0.113.0/24
      ! AS_PATH: is missing (withdraw)
      ! NEXT_HOP: is missing (withdraw)
    3: UPDATE, End-of-RIB of ipv4-unicast
    4: NOTIFICATION: Cease / Administrative Shutdown: "hi"
    5: ROUTE-REFRESH
      begin of ipv4-unicast
    line 6: cannot be read: neither hexadecimal nor a JSON object
    "
  `);
});

test('a host name from a peer cannot steer the terminal', async () => {
  const open: Open = {
    kind: 'open',
    version: 4,
    asn: 64500,
    holdTime: 90,
    id: '192.0.2.1' as Address,
    capabilities: [{ kind: 'hostname', host: '\u001b[31mx\u009b1m', domain: '' }],
  };
  expect((await decode(hexOf(open), { text: true })).text).toContain('hostname [31mx1m');
  const { text, reports } = await decode(hexOf(open));
  expect(text.includes('\u001b') || text.includes('\u009b')).toBe(false);
  expect(reports[0]?.message).toEqual(open);
});

test('--hex gives output that can be read again', async () => {
  const input = `{"id":7,"hex":"${hexOf(update('203.0.113.0/24'))}","ctx":{"addPath":false}}`;
  const once = await decode(input, { hex: true });
  const twice = await decode(once.text, { hex: true });
  expect(twice.text).toBe(once.text);
});

test('output stops when nobody wants it any more', async () => {
  const input = `${KEEPALIVE}\n`.repeat(5000);
  const bytes = async function* () {
    yield Buffer.from(input);
  };
  let writes = 0;
  await decodeStream(bytes(), OPTIONS, () => {
    writes++;
    return false;
  });
  expect(writes).toBe(1);
});

test('a real capture of five daemons gives as many messages of each type as Wireshark finds', async () => {
  const capture = readFileSync(new URL('../../test/vectors/wire-session.pcap', import.meta.url));
  const { reports, bad } = await decode(capture, {}, 1000);
  expect(bad).toBe(0);
  expect(reports.filter((r) => !r.ok)).toEqual([]);
  const counts: { [type: string]: number } = {};
  for (const r of reports) counts[r.type as string] = (counts[r.type as string] ?? 0) + 1;
  // tshark -r wire-session.pcap -T fields -e bgp.type
  expect(counts).toEqual({ open: 8, update: 52, notification: 3, keepalive: 8, routeRefresh: 2 });
  const shutdown = reports.find((r) => r.type === 'notification' && r.from === '10.88.0.1:179');
  expect(shutdown?.text).toBe('Cease / Administrative Shutdown: "maintenance until 04:00"');
});

const script = `
  import { decodeCommand } from ${JSON.stringify(new URL('./decode.ts', import.meta.url).href)};
  await decodeCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;

function spawned(args: readonly string[], input: string) {
  const [node, root] = [process.execPath, fileURLToPath(new URL('../..', import.meta.url))];
  return spawnSync(node, ['--input-type=module-typescript', '-e', script, '--', ...args], {
    input,
    cwd: root,
    encoding: 'utf8',
  });
}

test('as a process it reads standard input and tells by its exit code whether all could be read', () => {
  const good = spawned([], `${KEEPALIVE}\n`);
  expect([good.status, good.stdout]).toEqual([
    0,
    '{"id":1,"ok":true,"type":"keepalive","message":{"kind":"keepalive"}}\n',
  ]);
  const bad = spawned(['-', 'no/such/file'], 'zz\n');
  expect(bad.status).toBe(1);
  expect(bad.stdout).toContain('"line":1');
  expect(bad.stderr).toContain('no/such/file');
});

test('its help shows examples', () => {
  let help = '';
  decodeCommand()
    .configureOutput({ writeOut: (t) => (help += t) })
    .outputHelp();
  expect(help).toContain('nearcast decode --text session.pcap');
});
