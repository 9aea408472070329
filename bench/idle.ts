/**
 * What an idle session costs: many speakers in one process, each with one established session, joined in pairs without
 * sockets. Prints kilobytes of memory for one speaker with its session.
 *
 *     node --expose-gc bench/idle.ts [PAIRS]
 */
import { type Address, instant } from '../src/base/index.ts';
import { type Peer, Speaker } from '../src/speaker/index.ts';

const pairs = Number(process.argv[2] ?? 1000);
const collect = globalThis.gc;
if (!collect || !Number.isInteger(pairs) || pairs < 1) {
  console.error('usage: node --expose-gc bench/idle.ts [PAIRS]');
  process.exit(2);
}

interface Side {
  readonly speaker: Speaker;
  readonly address: Address;
}

const now = instant(0);

function side(asn: number, address: string, remoteAsn: number, remote: string): Side {
  const speaker = new Speaker({ asn, id: address as Address });
  const session = { localAsn: asn, localId: address as Address, remoteAsn };
  speaker.feed({ kind: 'addPeer', options: { name: 'peer', address: remote as Address, session } }, now);
  speaker.feed({ kind: 'event', peer: 'peer', event: { kind: 'start' } }, now);
  return { speaker, address: address as Address };
}

/** Carries bytes between two speakers until neither has anything to say. */
function join(a: Side, b: Side): void {
  const up = (s: Side, o: Side, link: 'outgoing' | 'incoming') =>
    s.speaker.feed(
      { kind: 'event', peer: 'peer', event: { kind: 'tcpUp', link, local: s.address, remote: o.address } },
      now,
    );
  up(a, b, 'outgoing');
  up(b, a, 'incoming');
  for (let moved = true; moved; ) {
    moved = false;
    for (const [from, to, link, other] of [
      [a, b, 'outgoing', 'incoming'],
      [b, a, 'incoming', 'outgoing'],
    ] as const) {
      const peer = from.speaker.peers.get('peer') as Peer;
      for (let bytes = from.speaker.pull(peer, link); bytes; bytes = from.speaker.pull(peer, link)) {
        to.speaker.feed({ kind: 'bytes', peer: 'peer', link: other, bytes }, now);
        moved = true;
      }
    }
    a.speaker.takeEffects();
    b.speaker.takeEffects();
    a.speaker.takeReady();
    b.speaker.takeReady();
  }
}

function used(): number {
  collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

// The first pair brings the code and the scratch memory that all share.
const kept: Side[] = [];
function add(i: number): void {
  const a = side(64500, `10.${i >> 8}.${i & 255}.1`, 64501, `10.${i >> 8}.${i & 255}.2`);
  const b = side(64501, `10.${i >> 8}.${i & 255}.2`, 64500, `10.${i >> 8}.${i & 255}.1`);
  join(a, b);
  kept.push(a, b);
}

add(0);
const before = used();
const rssBefore = process.memoryUsage().rss;
for (let i = 1; i <= pairs; i++) add(i);
const each = (used() - before) / (2 * pairs) / 1024;
const rss = (process.memoryUsage().rss - rssBefore) / (2 * pairs) / 1024;
const established = kept.filter((s) => s.speaker.peers.get('peer')?.established).length;
console.log(
  `${kept.length} speakers, ${established} established: ${each.toFixed(1)} KB of heap and buffers each, ${rss.toFixed(1)} KB resident`,
);
if (established !== kept.length) process.exitCode = 1;
