/**
 * What is fuzzed. To add a target, add a row to {@link TARGETS}: it is called with a message, mostly a damaged one, and throws when
 * something is not as promised. It has to be repeatable from the bytes alone: `random` is seeded by them.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Random, toHex } from '../src/base/index.ts';
import { Conversations } from '../src/cli/conversation.ts';
import { inWords, reportLine } from '../src/cli/decode-line.ts';
import { tcpSegment } from '../src/cli/pcap.ts';
import {
  type Agreed,
  asWithdrawal,
  decodeAttributes,
  decodeMessage,
  describeNotification,
  encodeAttributes,
  encodeMessage,
  endOfRib,
  frameLength,
  HAS_MED,
  headerError,
  IPV4_UNICAST,
  judge,
  mergeAs4,
  newSummary,
  notificationOf,
  passOn,
  pathLength,
  splitAs4,
  summarise,
  TooLong,
  type UpdateRead,
} from '../src/wire/index.ts';
import { check } from './check.ts';
import { chunks, life, machine, speaker } from './speaking.ts';

export interface Target {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  readonly run: (bytes: Uint8Array, agreed: Agreed, random: Random) => void;
}

export const TARGETS: readonly Target[] = [
  { name: 'decode', weight: 10, run: decode },
  { name: 'update', weight: 4, run: update },
  { name: 'attributes', weight: 3, run: attributes },
  { name: 'frames', weight: 3, run: frames },
  { name: 'scan', weight: 3, run: scan },
  { name: 'line', weight: 3, run: line },
  { name: 'capture', weight: 2, run: capture },
  { name: 'machine', weight: 2, run: machine },
  { name: 'speaker', weight: 2, run: speaker },
  { name: 'chunks', weight: 2, run: chunks },
  { name: 'life', weight: 1, run: life },
];

/** What is accepted goes out with the same meaning and length; what is refused has an error that can be sent. */
function decode(bytes: Uint8Array, agreed: Agreed): void {
  const d = decodeMessage(bytes, agreed);
  if (!d.ok) {
    check(d.error.code >= 1 && d.error.code <= 7 && d.error.why !== '', 'an error has a code and says why');
    check(encodeMessage(notificationOf(d.error), agreed).length <= 4096, 'a NOTIFICATION fits 4096 octets');
    return;
  }
  if (d.message.kind === 'notification') describeNotification(d.message);
  if (d.faults.length > 0) {
    check(d.reaction, 'faults have a reaction');
    return;
  }
  const again = encodeMessage(d.message, agreed, 'asListed');
  check(again.length === bytes.length, 'what is accepted goes out in the same length');
  if (Buffer.compare(again, bytes) !== 0)
    check(
      isDeepStrictEqual(decodeMessage(again, agreed), d),
      'what is accepted goes out with the same meaning',
    );
}

/** The second pass, the merge and the withdrawal of whatever could be read. */
function update(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const d = decodeMessage(bytes, agreed);
  if (!d.ok || d.message.kind !== 'update') return;
  const extendedNextHop = random.chance(0.5) ? [IPV4_UNICAST] : [];
  const neighbour = { external: random.chance(0.7), firstAs: 64500, extendedNextHop };
  const j = judge(d as UpdateRead, neighbour);
  if (j.ok && j.reaction === 'withdraw')
    check(j.message.announced.length === 0, 'what is treated as withdrawn announces nothing');
  const all = (d.read ?? d.message) as UpdateRead['message'];
  endOfRib(all);
  const kept = splitAs4(mergeAs4(passOn(all.attributes), agreed.asn4));
  decodeAttributes(encodeAttributes(kept, agreed), agreed);
  const gone = asWithdrawal(all);
  check(gone.announced.length === 0, 'a withdrawal announces nothing');
  try {
    encodeMessage(gone, { ...agreed, extendedMessage: true });
  } catch (e) {
    if (!(e instanceof TooLong)) throw e;
  }
}

/** A bare attribute section, from anywhere in the message. */
function attributes(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const section = bytes.subarray(random.chance(0.7) ? 23 : random.below(bytes.length + 1));
  const { attributes: list, faults } = decodeAttributes(section, agreed);
  check(faults.length <= 512, 'the list of faults is bounded');
  const again = encodeAttributes(list, agreed, 'asListed');
  const { attributes: twice, faults: none } = decodeAttributes(again, agreed);
  const flagged = faults.some((f) => f.error.subcode === 4);
  check(flagged || none.length === 0, 'what was kept is sound');
  check(flagged || isDeepStrictEqual(twice, list), 'what was kept reads the same again');
}

/** What the hot reader lets through, the decoder finds no fault in, and both say the same of it. */
function scan(bytes: Uint8Array, _: Agreed, random: Random): void {
  const from = random.chance(0.8) ? 23 : random.below(bytes.length + 1);
  const to =
    from === 23 && bytes.length > 23
      ? 23 + ((bytes[21] as number) << 8) + (bytes[22] as number)
      : bytes.length;
  if (to > bytes.length || from > to) return;
  const out = newSummary();
  if (!summarise(bytes, from, to, 64500, out)) return;
  const { attributes: list, faults } = decodeAttributes(bytes.subarray(from, to), SCANNED);
  // An MP_REACH_NLRI in front is of the caller's own making: the scan does not look into it.
  if (list.some((a) => a.kind.startsWith('mp')) || faults.some((f) => f.attribute === 14)) return;
  check(faults.length === 0, 'what the scan lets through has no fault');
  for (const a of list) {
    if (a.kind === 'origin')
      check(out.origin === ['igp', 'egp', 'incomplete'].indexOf(a.origin), 'same origin');
    if (a.kind === 'asPath') check(out.pathLength === pathLength(a.path), 'same path length');
    if (a.kind === 'asPath') check(out.originAs === (a.path.at(-1)?.asns.at(-1) ?? 0), 'same origin AS');
    if (a.kind === 'med') check(out.med === a.med && out.flags & HAS_MED, 'same MED');
    if (a.kind === 'localPref') check(out.localPref === a.localPref, 'same LOCAL_PREF');
    if (a.kind === 'otc') check(out.otc === a.asn, 'same OTC');
    if (a.kind === 'clusterList') check(out.clusterLength === a.ids.length, 'same CLUSTER_LIST');
  }
}

const SCANNED: Agreed = { asn4: true, extendedMessage: false, addPath: [] };

/** The framer never stands still, and never takes what the decoder calls a bad header. */
function frames(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const stream = Buffer.concat([bytes, bytes.subarray(0, random.below(bytes.length + 1)), bytes]);
  for (let at = 0; at < stream.length; ) {
    const length = frameLength(stream, at, stream.length, agreed.extendedMessage);
    if (length === 0 || length > stream.length - at) return;
    if (length < 0) {
      check(headerError(stream, at, agreed), 'a header that is refused has an error');
      return;
    }
    check(length >= 19, 'a frame is no shorter than its header');
    decodeMessage(stream.subarray(at, at + length), agreed);
    at += length;
  }
}

/** The line of `nearcast decode`, whatever stands in it. */
function line(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const hex = toHex(bytes);
  const json = JSON.stringify({ id: random.u32(), hex, ctx: agreed });
  for (const text of [hex, json, hex.slice(1), Buffer.from(bytes).toString('latin1')]) {
    const at = random.below(text.length + 1);
    const edited = random.chance(0.5)
      ? text
      : text.slice(0, at) + random.pick(['"', '}', 'z', '\\', '']) + text.slice(at + 1);
    const r = reportLine(edited, 1, 'auto', agreed, random.chance(0.2));
    if (!r) continue;
    JSON.stringify(r);
    inWords(r);
  }
}

/** The message as TCP payload, in segments out of order and with gaps; and as a packet itself. */
function capture(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const link = random.pick([0, 1, 12, 101, 113, 276, 999]);
  tcpSegment({ number: 1, micros: 0, link, bytes });
  const conversations = new Conversations(agreed);
  const packet = { number: 1, micros: random.u32(), link, bytes };
  const start = random.u32();
  for (let n = 0; n < 8; n++) {
    const from = random.below(bytes.length + 1);
    const payload = bytes.subarray(from, from + random.below(300));
    const [fromPort, toPort] = random.chance(0.8) ? [40000, 179] : [179, 40000];
    const seq = (start + from) >>> 0;
    const ends = { from: `a:${fromPort}`, to: `a:${toPort}`, fromPort, toPort };
    conversations.push({ ...ends, seq, syn: random.chance(0.1), last: false, payload }, packet);
  }
  conversations.end(packet);
}
