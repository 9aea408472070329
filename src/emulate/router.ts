/** A speaker in virtual time: its connections, its deadlines, and whether it and its host are there at all. */
import {
  type Address,
  after,
  type Clock,
  type Instant,
  millis,
  type Prefix,
  type PrefixBits,
  prefixBits,
  type Random,
} from '../base/index.ts';
import { type LinkName, welcome } from '../session/index.ts';
import {
  type Entry,
  FAMILIES,
  familyOfPrefix,
  type Note,
  type Peer,
  type PeerOptions,
  Speaker,
  type SpeakerInput,
  type SpeakerOptions,
} from '../speaker/index.ts';
import { encodeMessage, type Family } from '../wire/index.ts';
import { type Item, type Link, Stream } from './link.ts';

/** Where a peer of a router is. */
export interface Port {
  readonly link: Link;
  readonly router: Router;
  /** What the other router calls this one. */
  readonly peer: string;
  readonly local: Address;
  readonly remote: Address;
}

/** One end of a connection. */
interface End {
  readonly peer: string;
  readonly link: LinkName;
  /** Towards the other end. */
  out: Stream;
}

/** Takes a router's life down, entry by entry, as `play` of `speaker` wants it. */
export type Record = (entry: Entry) => void;

export interface RouterWatch {
  note(router: Router, note: Note): void;
  /** Where packets to one of the watched prefixes go next has changed. */
  moved(router: Router): void;
}

interface Watched {
  readonly family: Family;
  readonly bits: PrefixBits;
}

/** What a route of a router leads to: a neighbour, itself, or nothing. */
export type NextHop = Port | 'here' | undefined;

export class Router {
  readonly name: string;
  readonly options: SpeakerOptions;
  readonly ports = new Map<string, Port>();
  /** Peers to add at every start. */
  readonly peers: PeerOptions[] = [];
  /** Undefined while the process does not run. */
  speaker: Speaker | undefined;
  /** False: the host itself is off, and answers nothing, not even with a refusal. */
  on = true;
  /** By the number of the watched prefix. */
  readonly best: NextHop[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #watch: RouterWatch;
  readonly #record: Record | undefined;
  readonly #prefixes: readonly Watched[];
  readonly #ends = new Map<string, End>();
  readonly #attempts = new Map<string, number>();
  #attempt = 0;
  #wake: { readonly at: Instant; readonly cancel: () => void } | undefined;

  constructor(
    name: string,
    options: SpeakerOptions,
    prefixes: readonly Prefix[],
    world: {
      readonly clock: Clock;
      readonly random: Random;
      readonly watch: RouterWatch;
      readonly record?: Record | undefined;
    },
  ) {
    this.name = name;
    this.options = options;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#watch = world.watch;
    this.#record = world.record;
    this.#prefixes = prefixes.map((p) => ({ family: familyOfPrefix(p), bits: prefixBits(p) }));
    this.best = prefixes.map(() => undefined);
  }

  /** Starts a new process. `restarting` says so to peers that kept our routes (RFC 4724 §4.1); `held` tells nobody anything yet. */
  start(options: { readonly restarting?: boolean; readonly held?: boolean } = {}): void {
    if (this.speaker) return;
    this.speaker = new Speaker(this.options);
    const { validate: _, ...plain } = this.options;
    this.#record?.({ at: this.#clock.now(), kind: 'began', version: 1, options: plain });
    for (const peer of this.peers) {
      const session = { ...peer.session, seed: this.#random.u32() };
      this.feed({ kind: 'addPeer', options: { ...peer, session } });
    }
    if (options.held) this.feed({ kind: 'hold', on: true });
    for (const peer of this.peers) {
      const again = options.restarting
        ? { restarting: true, forwarding: peer.session.families ?? FAMILIES }
        : {};
      this.feed({ kind: 'event', peer: peer.name, event: { kind: 'start', ...again } });
    }
  }

  /** The process ends without a word. Its kernel closes the connections, unless the host goes with it. */
  kill(host: 'stays' | 'goes'): void {
    this.speaker = undefined;
    this.on = host === 'stays';
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#attempts.clear();
    for (const end of this.#ends.values()) {
      if (host === 'goes') end.out.vanish();
      else end.out.send({ kind: 'reset' });
      end.out.close();
    }
    this.#ends.clear();
    this.#look();
  }

  /** The host is back; what peers sent meanwhile meets a kernel that knows of no connection. */
  power(): void {
    if (this.on) return;
    this.on = true;
    for (const port of this.ports.values()) port.link.retry();
  }

  /** Says goodbye to every peer so that they forget at once (RFC 8538 §3.1), and ends. */
  stop(): void {
    if (!this.speaker) return;
    for (const { name } of this.peers)
      this.feed({
        kind: 'event',
        peer: name,
        event: { kind: 'stop', subcode: ADMINISTRATIVE_SHUTDOWN, hard: true },
      });
    this.kill('stays');
  }

  feed(input: SpeakerInput): void {
    const { speaker } = this;
    if (!speaker) return;
    const now = this.#clock.now();
    this.#take(speaker, input, now);
    while (speaker.busy) this.#take(speaker, { kind: 'work' }, now);
    this.#settle(speaker);
    this.#look();
  }

  #take(speaker: Speaker, input: SpeakerInput, now: Instant): void {
    this.#record?.({
      at: now,
      ...input,
      ...(input.kind === 'bytes' ? { bytes: input.bytes.slice() } : {}),
    } as Entry);
    speaker.feed(input, now);
  }

  #pull(speaker: Speaker, peer: Peer, link: LinkName): Uint8Array | undefined {
    const bytes = speaker.pull(peer, link);
    if (bytes) this.#record?.({ at: this.#clock.now(), kind: 'pull', peer: peer.name, link });
    return bytes;
  }

  established(peer: string): boolean {
    return this.speaker?.peers.get(peer)?.established !== undefined;
  }

  /** Whether a peer has been told of a watched prefix; undefined while there is no session. */
  told(peer: string, number: number): boolean | undefined {
    const { speaker } = this;
    const established = speaker?.peers.get(peer)?.established;
    if (!speaker || !established) return undefined;
    const { family, bits } = this.#prefixes[number] as Watched;
    const id = speaker.rib.table(family).prefixes.find(bits.bytes, 0, bits.length);
    return id !== 0 && (established.exchanges.get(family)?.out.told(id) ?? 0) !== 0;
  }

  /** Breaks the connections with a peer where both ends notice. */
  reset(peer: string): void {
    for (const link of LINKS) {
      const end = this.#ends.get(key(peer, link));
      if (!end) continue;
      end.out.send({ kind: 'reset' });
      this.#detach(end, 'connection reset');
    }
  }

  // ── connections ───────────────────────────────────────────────────────────────────────────────────────────────

  #connect(peer: string): void {
    const id = ++this.#attempt;
    this.#attempts.set(peer, id);
    this.#dial(peer, id, 0);
  }

  /** One SYN; lost ones are sent again after 1, 2, 4 … seconds, until the kernel gives up. */
  #dial(peer: string, id: number, tries: number): void {
    const port = this.ports.get(peer);
    if (!port) return;
    const { link, router: other } = port;
    const way = millis(link.latency + link.slow);
    const failed = (why: string) => {
      if (this.#attempts.get(peer) !== id) return;
      this.#attempts.delete(peer);
      this.feed({ kind: 'event', peer, event: { kind: 'tcpDown', link: 'outgoing', why } });
    };
    this.#clock.wake(after(this.#clock.now(), way), () => {
      if (this.#attempts.get(peer) !== id) return;
      if (link.cut || !other.on) {
        const again = after(this.#clock.now(), millis(1000 * 2 ** tries));
        this.#clock.wake(again, () =>
          tries >= MOST_TRIES ? failed('connection timed out') : this.#dial(peer, id, tries + 1),
        );
      } else if (!other.speaker)
        this.#clock.wake(after(this.#clock.now(), way), () => failed('connection refused'));
      else this.#accepted(port, peer, id);
    });
  }

  /** The other side has the SYN. Its answer and whatever it then says travel back in one stream. */
  #accepted(port: Port, peer: string, id: number): void {
    const { link, router: other } = port;
    const back = new Stream(
      this.#clock,
      link,
      this.#random,
      () => this.on,
      (item) => {
        if (item.kind !== 'up') return this.#arrived(mine, other, item);
        if (this.#attempts.get(peer) !== id || !this.speaker) {
          mine.out.send({ kind: 'reset' });
          return;
        }
        this.#attempts.delete(peer);
        this.#attach(mine, port.local, port.remote);
      },
    );
    const theirs: End = { peer: port.peer, link: 'incoming', out: back };
    const forth = new Stream(
      this.#clock,
      link,
      this.#random,
      () => other.on,
      (item) => other.#arrived(theirs, this, item),
    );
    const mine: End = { peer, link: 'outgoing', out: forth };
    back.send({ kind: 'up' });
    const state = other.speaker?.peers.get(port.peer)?.machine;
    const answer = state && welcome(state, this.#clock.now());
    if (answer === undefined || typeof answer === 'object') {
      if (answer) back.send({ kind: 'bytes', bytes: encodeMessage(answer, PLAIN) });
      back.send({ kind: 'end' });
      back.close();
      return;
    }
    const old = other.#ends.get(key(port.peer, 'incoming'));
    if (old) {
      old.out.send({ kind: 'reset' });
      old.out.close();
    }
    other.#attach(theirs, port.remote, port.local);
  }

  #attach(end: End, local: Address, remote: Address): void {
    this.#ends.set(key(end.peer, end.link), end);
    this.feed({ kind: 'event', peer: end.peer, event: { kind: 'tcpUp', link: end.link, local, remote } });
  }

  #arrived(end: End, from: Router, item: Item): void {
    const mine = this.#ends.get(key(end.peer, end.link)) === end;
    if (item.kind === 'bytes') {
      if (mine) this.feed({ kind: 'bytes', peer: end.peer, link: end.link, bytes: item.bytes });
      else if (from.on) end.out.send({ kind: 'reset' });
    } else if (mine && item.kind !== 'up') {
      this.#detach(end, item.kind === 'end' ? 'the peer closed the connection' : 'connection reset by peer');
    }
  }

  #detach(end: End, why: string): void {
    this.#ends.delete(key(end.peer, end.link));
    end.out.close();
    this.feed({ kind: 'event', peer: end.peer, event: { kind: 'tcpDown', link: end.link, why } });
  }

  // ── after every input ─────────────────────────────────────────────────────────────────────────────────────────

  #settle(speaker: Speaker): void {
    for (const effect of speaker.takeEffects()) {
      if (effect.do === 'note') this.#watch.note(this, effect.note);
      else if (effect.do === 'connect') this.#connect(effect.peer);
      else this.#close(effect.peer, effect.link, effect.bytes);
    }
    for (const peer of speaker.takeReady())
      for (const link of LINKS) {
        const end = this.#ends.get(key(peer.name, link));
        if (!end) continue;
        for (let bytes = this.#pull(speaker, peer, link); bytes; bytes = this.#pull(speaker, peer, link))
          end.out.send({ kind: 'bytes', bytes });
      }
    const { due } = speaker;
    if (this.#wake?.at === due) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (due === undefined) return;
    const cancel = this.#clock.wake(due, () => {
      this.#wake = undefined;
      this.feed({ kind: 'due' });
    });
    this.#wake = { at: due, cancel };
  }

  #close(peer: string, link: LinkName, bytes: Uint8Array): void {
    if (link === 'outgoing') this.#attempts.delete(peer);
    const end = this.#ends.get(key(peer, link));
    if (!end) return;
    this.#ends.delete(key(peer, link));
    if (bytes.length > 0) end.out.send({ kind: 'bytes', bytes });
    end.out.send({ kind: 'end' });
    end.out.close();
  }

  /** Has where packets go next changed? */
  #look(): void {
    let changed = false;
    for (let i = 0; i < this.#prefixes.length; i++) {
      const next = this.#nextHop(i);
      if (next !== this.best[i]) [changed, this.best[i]] = [true, next];
    }
    if (changed) this.#watch.moved(this);
  }

  #nextHop(number: number): NextHop {
    const { speaker } = this;
    if (!speaker) return undefined;
    const { family, bits } = this.#prefixes[number] as Watched;
    const table = speaker.rib.table(family);
    const id = table.prefixes.find(bits.bytes, 0, bits.length);
    if (id === 0 || (table.bestAttributes[id] ?? 0) === 0) return undefined;
    const peer = speaker.peerByNumber(speaker.rib.sources.peer[table.bestSource[id] as number] as number);
    return peer ? this.ports.get(peer.name) : 'here';
  }
}

const LINKS: readonly LinkName[] = ['outgoing', 'incoming'];
/** A SYN goes out 1 + this many times, over about half a minute. */
const MOST_TRIES = 4;
/** RFC 4486 §4. */
const ADMINISTRATIVE_SHUTDOWN = 2;
/** Before an OPEN nothing is agreed. */
const PLAIN = { asn4: false, extendedMessage: false, addPath: [] };

function key(peer: string, link: LinkName): string {
  return `${peer} ${link}`;
}
