/** Speakers joined by virtual cables in virtual time, for the tests of this room: no socket, no clock. */
import {
  type Address,
  after,
  Heap,
  type Instant,
  instant,
  type Millis,
  millis,
  type Prefix,
} from '../base/index.ts';
import { ACCEPT_ALL } from '../policy/index.ts';
import { type LinkName, type PeerConfig, welcome } from '../session/index.ts';
import { type Attribute, formatPath } from '../wire/index.ts';
import { type Note, type PeerOptions, routes, Speaker, type SpeakerOptions } from './index.ts';

interface Entry {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
}

/** One end of a cable. */
interface End {
  readonly node: Node;
  readonly peer: string;
  readonly link: LinkName;
  open: boolean;
  other: End | undefined;
  /** When the last bytes that were written arrive: later ones never overtake them. */
  last?: Instant;
}

export class Node {
  readonly world: World;
  readonly speaker: Speaker;
  readonly address: Address;
  readonly notes: Note[] = [];
  /** Bytes that were written to each peer, in order. */
  readonly wrote = new Map<string, Uint8Array[]>();
  readonly #ends = new Map<string, End>();
  #planned: Instant | undefined;

  constructor(world: World, address: Address, options: SpeakerOptions) {
    this.world = world;
    this.address = address;
    this.speaker = new Speaker(options);
  }

  addPeer(options: PeerOptions): void {
    this.feed({ kind: 'addPeer', options });
  }

  feed(input: Parameters<Speaker['feed']>[0]): void {
    this.speaker.feed(input, this.world.now);
    if (this.world.lazy) this.#workLater();
    else while (this.speaker.busy) this.speaker.feed({ kind: 'work' }, this.world.now);
    this.#settle();
  }

  start(): void {
    for (const peer of this.speaker.peers.keys())
      this.feed({ kind: 'event', peer, event: { kind: 'start' } });
  }

  /** The routes as lines that a person can read. */
  routes(): string[] {
    const second = Math.floor(this.world.now / 1000);
    return [...routes(this.speaker, {}, second)].map((r) => {
      const path = r.attributes.find((a) => a.kind === 'asPath');
      const state = [r.best ? 'best' : (r.why ?? ''), r.stale ? 'stale' : '']
        .filter((t) => t !== '')
        .join(', ');
      return `${r.prefix} from ${r.peer ?? 'here'} [${path?.kind === 'asPath' ? formatPath(path.path) : ''}] ${state}`;
    });
  }

  state(peer: string): string {
    const { established } = this.speaker.peers.get(peer) ?? {};
    return established ? 'established' : 'down';
  }

  downs(): string[] {
    return this.notes.flatMap((n) => (n.kind === 'down' ? [n.why.reason] : []));
  }

  attach(end: End): void {
    this.#ends.set(`${end.peer} ${end.link}`, end);
    const { peer, link } = end;
    const remote = end.other?.node.address as Address;
    this.feed({ kind: 'event', peer, event: { kind: 'tcpUp', link, local: this.address, remote } });
  }

  detach(end: End, why: string): void {
    if (this.#ends.get(`${end.peer} ${end.link}`) !== end) return;
    this.#ends.delete(`${end.peer} ${end.link}`);
    this.feed({ kind: 'event', peer: end.peer, event: { kind: 'tcpDown', link: end.link, why } });
  }

  end(peer: string, link: LinkName): End | undefined {
    return this.#ends.get(`${peer} ${link}`);
  }

  #working = false;

  /** A piece of long work at a time, with whatever else happens in between. */
  #workLater(): void {
    if (this.#working || !this.speaker.busy) return;
    this.#working = true;
    this.world.at(after(this.world.now, millis(1)), () => {
      this.#working = false;
      this.feed({ kind: 'work' });
    });
  }

  #settle(): void {
    for (const effect of this.speaker.takeEffects()) {
      if (effect.do === 'note') this.notes.push(effect.note);
      else if (effect.do === 'connect') this.world.connect(this, effect.peer);
      else {
        const end = this.end(effect.peer, effect.link);
        if (!end) continue;
        this.#ends.delete(`${effect.peer} ${effect.link}`);
        if (effect.bytes.length > 0) this.#write(end, effect.bytes);
        this.world.close(end);
      }
    }
    for (const peer of this.speaker.takeReady()) {
      for (const link of ['outgoing', 'incoming'] as const) {
        const end = this.end(peer.name, link);
        for (
          let bytes = end && this.speaker.pull(peer, link);
          end && bytes;
          bytes = this.speaker.pull(peer, link)
        )
          this.#write(end, bytes);
      }
    }
    const { due } = this.speaker;
    if (due !== undefined && (this.#planned === undefined || due < this.#planned)) {
      this.#planned = due;
      this.world.at(due, () => {
        if (this.#planned === due) this.#planned = undefined;
        this.feed({ kind: 'due' });
      });
    }
  }

  #write(end: End, bytes: Uint8Array): void {
    const list = this.wrote.get(end.peer) ?? [];
    list.push(bytes);
    this.wrote.set(end.peer, list);
    this.world.carry(end, bytes);
  }
}

export class World {
  now: Instant = instant(0);
  readonly nodes: Node[] = [];
  /** How long bytes are under way. */
  latency: Millis = millis(5);
  /** Long work takes time, instead of being done on the spot. */
  lazy = false;
  /** How written bytes are cut on their way; as they were written where this says nothing. */
  pieces: ((bytes: Uint8Array) => readonly (readonly [delay: number, bytes: Uint8Array])[]) | undefined;
  /** Addresses between which nothing gets through, and nobody is told. */
  readonly cut = new Set<Address>();
  readonly #queue = new Heap<Entry>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #order = 0;

  node(asn: number, address: string, options: Partial<SpeakerOptions> = {}): Node {
    const node = new Node(this, address as Address, { asn, id: address as Address, ...options });
    this.nodes.push(node);
    return node;
  }

  at(at: Instant, run: () => void): void {
    this.#queue.push({ at, order: this.#order++, run });
  }

  run(ms: number): void {
    const until = instant(this.now + ms);
    for (let next = this.#queue.peek(); next && next.at <= until; next = this.#queue.peek()) {
      this.#queue.pop();
      if (next.at > this.now) this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  connect(node: Node, peer: string): void {
    const address = node.speaker.peers.get(peer)?.options.address;
    this.at(after(this.now, this.latency), () => {
      const other = this.nodes.find((n) => n.address === address);
      const name =
        other && [...other.speaker.peers.values()].find((p) => p.options.address === node.address)?.name;
      const dead = this.cut.has(node.address) || (address !== undefined && this.cut.has(address));
      const answer = name === undefined ? undefined : welcomeAt(other, name, this.now);
      if (!other || name === undefined || dead || typeof answer === 'object') {
        node.feed({
          kind: 'event',
          peer,
          event: { kind: 'tcpDown', link: 'outgoing', why: 'connection refused' },
        });
        return;
      }
      const a: End = { node, peer, link: 'outgoing', open: true, other: undefined };
      const b: End = { node: other, peer: name, link: 'incoming', open: true, other: a };
      a.other = b;
      node.attach(a);
      other.attach(b);
    });
  }

  carry(end: End, bytes: Uint8Array): void {
    const { other } = end;
    if (!other || this.cut.has(end.node.address) || this.cut.has(other.node.address)) return;
    for (const [delay, piece] of this.pieces?.(bytes) ?? [[0, bytes] as const]) {
      end.last = instant(Math.max(end.last ?? 0, this.now + this.latency + delay));
      this.at(end.last, () => {
        if (other.node.end(other.peer, other.link) === other)
          other.node.feed({ kind: 'bytes', peer: other.peer, link: other.link, bytes: piece });
      });
    }
  }

  close(end: End): void {
    const { other } = end;
    if (!other || this.cut.has(end.node.address) || this.cut.has(other.node.address)) return;
    const at = instant(Math.max(end.last ?? 0, this.now + this.latency));
    this.at(at, () => other.node.detach(other, 'the peer closed the connection'));
  }

  /** The cable is pulled where both ends notice. */
  break(node: Node, peer: string): void {
    for (const link of ['outgoing', 'incoming'] as const) {
      const end = node.end(peer, link);
      if (!end) continue;
      node.detach(end, 'connection reset');
      if (end.other) end.other.node.detach(end.other, 'connection reset');
    }
  }
}

/** What a node would do with a connection, as the driver of a real one asks it. */
function welcomeAt(node: Node | undefined, peer: string, now: Instant) {
  const state = node?.speaker.peers.get(peer)?.machine;
  return state && welcome(state, now);
}

/** A peer that accepts and sends everything, as seen from `node`. */
export function peerOf(
  node: Node,
  other: Node,
  session: Partial<PeerConfig> = {},
  options: Partial<PeerOptions> = {},
): PeerOptions {
  return {
    name: `as${other.speaker.options.asn}`,
    address: other.address,
    session: {
      localAsn: node.speaker.options.asn,
      localId: node.speaker.options.id,
      remoteAsn: other.speaker.options.asn,
      ...session,
    },
    import: ACCEPT_ALL,
    export: ACCEPT_ALL,
    ...options,
  };
}

/** Two nodes that know each other. */
export function pair(
  world: World,
  asns: readonly [number, number],
  session: Partial<PeerConfig> = {},
  options: Partial<PeerOptions> = {},
): readonly [Node, Node] {
  const a = world.node(asns[0], '192.0.2.1');
  const b = world.node(asns[1], '192.0.2.2');
  a.addPeer(peerOf(a, b, session, options));
  b.addPeer(peerOf(b, a, session, options));
  a.start();
  b.start();
  return [a, b];
}

export function announce(node: Node, prefix: string, attributes: readonly Attribute[] = []): void {
  node.feed({ kind: 'announce', prefix: prefix as Prefix, attributes });
}
