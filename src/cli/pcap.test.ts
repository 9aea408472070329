import { expect, test } from 'vitest';
import { type Address, type Prefix, sameBytes } from '../base/index.ts';
import {
  type Agreed,
  type Capability,
  encodeMessage,
  IPV4_UNICAST,
  type Message,
  parsePath,
  type Update,
} from '../wire/index.ts';
import { decodeStream } from './decode.ts';
import { DEFAULT_CONTEXT, type Report } from './decode-line.ts';

const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const u32 = (n: number) => [...u16(n >>> 16), ...u16(n & 0xffff)];
const le16 = (n: number) => u16(n).reverse();
const le32 = (n: number) => u32(n).reverse();

interface Segment {
  readonly seq: number;
  readonly payload?: Uint8Array;
  readonly syn?: boolean;
  /** From the second speaker to the first. */
  readonly back?: boolean;
}

const A = [192, 0, 2, 1];
const B = [192, 0, 2, 2];

function tcp({ seq, payload = new Uint8Array(0), syn, back }: Segment): number[] {
  const ports = back ? [...u16(179), ...u16(40000)] : [...u16(40000), ...u16(179)];
  return [...ports, ...u32(seq), ...u32(0), 0x50, syn ? 2 : 0x10, 0, 0, 0, 0, 0, 0, ...payload];
}

function ipv4(s: Segment): number[] {
  const body = tcp(s);
  const ends = s.back ? [...B, ...A] : [...A, ...B];
  return [0x45, 0, ...u16(20 + body.length), 0, 0, 0x40, 0, 64, 6, 0, 0, ...ends, ...body];
}

function ipv6(s: Segment): number[] {
  const body = tcp(s);
  const host = (n: number) => [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), n];
  const ends = s.back ? [...host(2), ...host(1)] : [...host(1), ...host(2)];
  // A destination options header of 8 octets stands before TCP.
  return [0x60, 0, 0, 0, ...u16(8 + body.length), 60, 64, ...ends, 6, 0, 1, 4, 0, 0, 0, 0, ...body];
}

const ethernet = (packet: number[], vlan = false) => [
  ...new Array<number>(12).fill(2),
  ...(vlan ? [0x81, 0, 0, 7] : []),
  ...((packet[0] as number) >> 4 === 4 ? [8, 0] : [0x86, 0xdd]),
  ...packet,
];

function pcap(link: number, frames: readonly number[][]): Uint8Array {
  const head = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ...le32(0), ...le32(0), ...le32(65535), ...le32(link)];
  const records = frames.flatMap((f, i) => [
    ...le32(1700000000 + i),
    ...le32(5),
    ...le32(f.length),
    ...le32(f.length),
    ...f,
  ]);
  return Uint8Array.of(...head, ...records);
}

function pcapng(link: number, frames: readonly number[][]): Uint8Array {
  const block = (type: number, body: number[]) => {
    const padded = [...body, ...new Array<number>((4 - (body.length % 4)) % 4).fill(0)];
    return [...le32(type), ...le32(padded.length + 12), ...padded, ...le32(padded.length + 12)];
  };
  const section = block(0x0a0d0d0a, [
    ...le32(0x1a2b3c4d),
    1,
    0,
    0,
    0,
    ...le32(0xffffffff),
    ...le32(0xffffffff),
  ]);
  // if_tsresol: nanoseconds.
  const iface = block(1, [...le16(link), 0, 0, ...le32(0), ...le16(9), ...le16(1), 9, 0, 0, 0, ...le32(0)]);
  const unknown = block(5, [1, 2, 3, 4]);
  const stamp = 1700000000n * 1_000_000_000n;
  const packets = frames.map((f) =>
    block(6, [
      ...le32(0),
      ...le32(Number(stamp >> 32n)),
      ...le32(Number(stamp & 0xffffffffn)),
      ...le32(f.length),
      ...le32(f.length),
      ...f,
    ]),
  );
  return Uint8Array.of(...section, ...iface, ...unknown, ...packets.flat());
}

async function decode(capture: Uint8Array, size = 1 << 16): Promise<Report[]> {
  const pieces = async function* () {
    for (let at = 0; at < capture.length; at += size) yield capture.subarray(at, at + size);
  };
  let text = '';
  const options = { from: 'auto', text: false, hex: false, port: 179, context: DEFAULT_CONTEXT } as const;
  await decodeStream(pieces(), options, (t) => {
    text += t;
    return true;
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map((l) => JSON.parse(l) as Report);
}

const bytesOf = (...messages: readonly Message[]) =>
  Uint8Array.of(...messages.flatMap((m) => [...encodeMessage(m, DEFAULT_CONTEXT)]));

const update = (prefix: string): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', path: parsePath('64500') ?? [] },
    { kind: 'nextHop', nextHop: '192.0.2.1' as Address },
  ],
  announced: [{ prefix: prefix as Prefix }],
});
const KEEPALIVE: Message = { kind: 'keepalive' };
const prefixes = (reports: readonly Report[]) =>
  reports.map((r) => (r.message?.kind === 'update' ? r.message.announced[0]?.prefix : (r.type ?? r.error)));

test.each([
  ['Ethernet', 1, ethernet(ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) }))],
  ['Ethernet with a VLAN tag', 1, ethernet(ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) }), true)],
  ['IPv6 with an extension header', 1, ethernet(ipv6({ seq: 7, payload: bytesOf(KEEPALIVE) }))],
  ['raw IP', 101, ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) })],
  [
    'Linux cooked',
    113,
    [...new Array<number>(14).fill(0), 8, 0, ...ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) })],
  ],
  [
    'Linux cooked 2',
    276,
    [8, 0, ...new Array<number>(18).fill(0), ...ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) })],
  ],
])('%s is read, from pcap and from pcapng', async (_, link, frame) => {
  for (const capture of [pcap(link, [frame]), pcapng(link, [frame])]) {
    for (const size of [1, 1 << 16]) {
      const [only, ...more] = await decode(capture, size);
      expect(more).toEqual([]);
      expect(only).toMatchObject({ id: 1, packet: 1, ok: true, type: 'keepalive' });
      expect(only?.time).toMatch(/^2023-11-14T22:13:20\.00000[05]Z$/);
    }
  }
});

test('segments out of order, overlapping and repeated are put in order (RFC 9293 §3.10.7.4)', async () => {
  const stream = bytesOf(update('203.0.113.0/24'), update('198.51.100.0/24'), update('192.0.2.0/24'));
  const part = (from: number, to: number) => ({
    seq: 0xffff_fff0 + 1 + from,
    payload: stream.subarray(from, to),
  });
  const order = [
    part(0, 30),
    part(0, 30),
    part(100, stream.length),
    part(60, 110),
    part(60, 110),
    part(20, 61),
  ];
  const frames = [{ seq: 0xffff_fff0, syn: true }, ...order].map((s) =>
    ethernet(ipv4({ ...s, seq: s.seq >>> 0 })),
  );
  expect(prefixes(await decode(pcap(1, frames)))).toEqual([
    '203.0.113.0/24',
    '198.51.100.0/24',
    '192.0.2.0/24',
  ]);
});

test('what is missing from the capture is said, and reading goes on at the next marker', async () => {
  const stream = bytesOf(update('203.0.113.0/24'), update('198.51.100.0/24'), update('192.0.2.0/24'));
  const third = (stream.length / 3) * 2;
  const frames = [
    { seq: 99, syn: true },
    { seq: 100, payload: stream.subarray(0, 70) },
    { seq: 100 + third - 9, payload: stream.subarray(third - 9) },
  ].map((s) => ethernet(ipv4(s)));
  expect(prefixes(await decode(pcap(1, frames)))).toEqual([
    '203.0.113.0/24',
    { input: `${third - 9 - 70} octets are missing from the capture` },
    '192.0.2.0/24',
  ]);
});

test('a capture that begins in the middle of a session finds the next message', async () => {
  const stream = bytesOf(update('203.0.113.0/24'), update('198.51.100.0/24'));
  const frames = [ethernet(ipv4({ seq: 5, payload: stream.subarray(23) }))];
  expect(prefixes(await decode(pcap(1, frames)))).toEqual(['198.51.100.0/24']);
});

test('a bad header in the stream is refused and the next message read', async () => {
  const stream = bytesOf(KEEPALIVE, update('203.0.113.0/24'));
  stream[18] = 77;
  const [first, second] = await decode(pcap(1, [ethernet(ipv4({ seq: 5, payload: stream }))]));
  expect(first).toMatchObject({ ok: false, error: { code: 1, subcode: 3, data: '4d' } });
  expect(second).toMatchObject({ ok: true, type: 'update' });
});

test('what the two OPENs agreed decides how updates are read: 2-octet AS numbers, path identifiers (RFC 6793, RFC 7911)', async () => {
  const open = (...capabilities: Capability[]): Message => ({
    kind: 'open',
    version: 4,
    asn: 64500,
    holdTime: 90,
    id: '192.0.2.1' as Address,
    capabilities,
  });
  const families = [{ family: IPV4_UNICAST, mode: 'send' as const }];
  const theirs = [{ family: IPV4_UNICAST, mode: 'receive' as const }];
  const agreed: Agreed = { asn4: false, extendedMessage: false, addPath: [IPV4_UNICAST] };
  const sent: Update = {
    ...update('203.0.113.0/24'),
    announced: [{ prefix: '203.0.113.0/24' as Prefix, pathId: 9 }],
  };
  const first = bytesOf(open({ kind: 'asn4', asn: 64500 }, { kind: 'addPath', families }));
  const frames = [
    { seq: 99, syn: true },
    { seq: 100, payload: first },
    { seq: 500, syn: true, back: true },
    { seq: 501, payload: bytesOf(open({ kind: 'addPath', families: theirs })), back: true },
    { seq: 100 + first.length, payload: encodeMessage(sent, agreed) },
  ].map((s) => ethernet(ipv4(s)));
  const reports = await decode(pcap(1, frames));
  expect(reports.map((r) => r.ok)).toEqual([true, true, true]);
  expect(reports[2]?.message).toEqual(sent);
});

test('a packet of a time beyond every calendar is read without it', async () => {
  const capture = pcapng(1, [ethernet(ipv4({ seq: 7, payload: bytesOf(KEEPALIVE) }))]);
  // if_tsresol: whole seconds.
  capture[48] = 0;
  const [only] = await decode(capture);
  expect(only).toMatchObject({ packet: 1, ok: true, type: 'keepalive' });
  expect(only).not.toHaveProperty('time');
});

test('damaged captures end with a complaint or simply end, and never hang', async () => {
  const whole = pcap(1, [ethernet(ipv4({ seq: 5, payload: bytesOf(KEEPALIVE) }))]);
  for (let cut = 4; cut < whole.length; cut += 3) {
    const reports = await decode(whole.slice(0, cut));
    expect(reports.every((r) => !r.ok)).toBe(true);
  }
  const greedy = whole.slice();
  greedy.set(le32(0x7fff_ffff), 24 + 8);
  expect(await decode(greedy)).toEqual([
    { ok: false, error: { input: 'packet 1 claims 2147483647 octets' } },
  ]);
  const section = pcapng(1, []).slice();
  section.set(le32(13), 4);
  expect(await decode(section)).toEqual([{ ok: false, error: { input: 'a block of 13 octets' } }]);
  expect(sameBytes(whole, greedy)).toBe(false);
});
