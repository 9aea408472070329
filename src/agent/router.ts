/**
 * A speaker on this machine: real connections, real time. It carries events in and bytes out and decides nothing itself;
 * what is done and why is the speaker's business.
 */
import {
  type Address,
  type Clock,
  hostPrefix,
  type Instant,
  isLinkLocal,
  type Prefix,
} from '../base/index.ts';
import {
  type BfdPath,
  type Connection,
  type ConnectionHandlers,
  dial,
  type Guest,
  type Journal,
  type ListenAt,
  type Listener,
  listen,
  type Protection,
} from '../host/index.ts';
import { type LinkName, viewOf, welcome } from '../session/index.ts';
import {
  type Began,
  FAMILIES,
  type Note,
  type Peer,
  type PeerOptions,
  type Pulled,
  Speaker,
  type SpeakerInput,
  type SpeakerOptions,
} from '../speaker/index.ts';
import { encodeMessage } from '../wire/index.ts';
import { BfdDriver, type BfdSettings, type BfdView, type OnBfdState } from './bfd.ts';
import { Failures } from './failures.ts';

/** How a peer is reached. */
export interface Transport extends Protection {
  readonly port: number;
  readonly localAddress?: Address;
  readonly interface?: string;
}

export interface RouterPeer {
  readonly options: PeerOptions;
  readonly transport: Transport;
  /** Watches the path; the session's `bfd` option says what follows from it. */
  readonly bfd?: BfdSettings;
}

export interface RouterOptions {
  readonly speaker: SpeakerOptions;
  readonly listen: readonly ListenAt[];
  readonly clock: Clock;
  /** What a log should have. Nothing in it is secret. */
  readonly note: (
    note: Note | { readonly kind: 'host'; readonly peer?: string; readonly why: string },
  ) => void;
  /** Every input is written to it, so that the speaker's life can be played again. */
  readonly journal?: Journal<{ at: Instant }>;
}

/** One connection of a peer, or the attempt to make one. */
interface Line {
  connection?: Connection;
  /** The kernel takes no more for now. */
  full: boolean;
  /** Gives up an attempt. */
  cancel?: () => void;
}

/** What the journal holds, apart from the instant. */
type Recorded = Began | Pulled | SpeakerInput;

/** How long one turn of long work may take before the network is looked at again, in milliseconds. */
const TURN = 2;

/** How long `stop` waits for last words to leave, in milliseconds. */
const STOP_LIMIT = 3000;

export class Router {
  readonly speaker: Speaker;
  readonly #options: RouterOptions;
  readonly #peers = new Map<string, RouterPeer>();
  readonly #byGuest = new Map<string, string>();
  #bfd: BfdDriver | undefined;
  /** The local end of each path that BFD watches. */
  readonly #watched = new Map<string, Address>();
  readonly #lines = new Map<string, { outgoing?: Line | undefined; incoming?: Line | undefined }>();
  #listeners: Listener[] = [];
  #wake: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #working = false;
  /** Nothing keeps the process awake any more. */
  #stopped = false;
  readonly #closing = new Set<Promise<void>>();
  readonly #failures = new Failures();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.speaker = new Speaker(options.speaker);
    const { validate: _, ...plain } = options.speaker;
    this.#record({ kind: 'began', version: 1, options: plain });
  }

  /** Where connections are accepted, once `start` has resolved. */
  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /**
   * Begins to listen, and starts every peer that was added. `restarted`: the last life of this router ended without a goodbye,
   * and what it announced has worked on meanwhile; peers that wait for us are told so (RFC 4724 §4.1). Rejects with a sentence
   * when an address cannot be had.
   */
  async start(restarted = false): Promise<void> {
    try {
      for (const at of this.#options.listen) {
        const listener = await listen(at, {
          accepted: (connection, guest) => this.#accepted(connection, guest),
          refused: (why) => this.#options.note({ kind: 'host', why }),
        });
        this.#listeners.push(listener);
      }
      for (const peer of this.#peers.values()) this.#admit(peer);
    } catch (error) {
      for (const listener of this.#listeners) await listener.close();
      this.#listeners = [];
      throw error;
    }
    for (const [name, { options }] of this.#peers) {
      const again = restarted ? { restarting: true, forwarding: options.session.families ?? FAMILIES } : {};
      this.feed({ kind: 'event', peer: name, event: { kind: 'start', ...again } });
    }
  }

  /**
   * Adds a peer; it is started with the others, or by an event of its own. Throws a sentence where BFD has to be up before the
   * first connection (`strict`) and is not told what to watch: no connection would ever be tried.
   */
  addPeer(peer: RouterPeer): void {
    const { name } = peer.options;
    if (peer.options.session.bfd === 'strict' && (!peer.bfd || peer.transport.localAddress === undefined))
      throw new RangeError(
        `strict BFD with ${name} needs ${peer.bfd ? 'a local address: the path is watched before there is a connection to learn it from' : "BFD's timers"}`,
      );
    this.#peers.set(name, peer);
    this.#lines.set(name, {});
    this.feed({ kind: 'addPeer', options: peer.options });
    if (this.#listeners.length > 0) this.#admit(peer);
    if (peer.transport.localAddress !== undefined) this.#watch(peer, peer.transport.localAddress);
  }

  /** What BFD knows of a peer's path; undefined when it does not watch it (yet). */
  bfd(name: string): BfdView | undefined {
    return this.#bfd?.view(name);
  }

  /** Says goodbye to a peer and forgets it. */
  removePeer(name: string): void {
    const peer = this.#peers.get(name);
    if (!peer) return;
    this.feed({ kind: 'removePeer', peer: name });
    const from = hostPrefix(peer.options.address);
    for (const listener of this.#listeners) listener.dismiss(from, guestInterface(peer));
    this.#byGuest.delete(guestKey(from, guestInterface(peer)));
    this.#drop(name, 'outgoing');
    this.#drop(name, 'incoming');
    this.#watched.delete(name);
    if (peer.bfd) void this.#bfd?.remove(name);
    this.#peers.delete(name);
    this.#lines.delete(name);
    this.#failures.forget(name);
  }

  /** Hands an input to the speaker and does what follows from it. */
  feed(input: SpeakerInput): void {
    const now = this.#options.clock.now();
    this.#record(input, now);
    this.speaker.feed(input, now);
    this.#settle(now);
    if (input.kind === 'event') this.#sayWhyNot(input.peer, now);
  }

  /** Does what is left to do now and not between other work, for a moment at most: what has been decided is to leave at once. */
  settle(): void {
    if (this.speaker.busy) this.#turn();
  }

  /** Ends every session with a Cease and this text (RFC 9003), and resolves when the last words have left. */
  async stop(text?: string): Promise<void> {
    for (const listener of this.#listeners) await listener.close();
    this.#listeners = [];
    for (const name of this.#peers.keys()) {
      const event = {
        kind: 'stop',
        subcode: ADMINISTRATIVE_SHUTDOWN,
        hard: true,
        ...(text ? { text } : {}),
      } as const;
      this.feed({ kind: 'event', peer: name, event });
      this.#drop(name, 'outgoing');
      this.#drop(name, 'incoming');
    }
    this.#stopped = true;
    this.#wake?.cancel();
    this.#wake = undefined;
    await Promise.all([...this.#closing, this.#bfd?.stop()]);
    await this.#options.journal?.close();
  }

  // ── connections ───────────────────────────────────────────────────────────────────────────────────────────────

  #admit(peer: RouterPeer): void {
    const { options, transport } = peer;
    const from = hostPrefix(options.address);
    const zone = guestInterface(peer);
    this.#byGuest.set(guestKey(from, zone), options.name);
    const { password, gtsmHops, ttl } = transport;
    const guest: Guest = {
      from,
      ...(zone === undefined ? {} : { interface: zone }),
      ...(password === undefined ? {} : { password }),
      ...(gtsmHops === undefined ? {} : { gtsmHops }),
      ...(ttl === undefined ? {} : { ttl }),
    };
    for (const listener of this.#listeners) {
      if (listener.address.includes(':') === options.address.includes(':')) listener.admit(guest);
    }
  }

  #connect(name: string): void {
    const peer = this.#peers.get(name);
    const lines = this.#lines.get(name);
    if (!peer || !lines) return;
    const line: Line = { full: false };
    lines.outgoing = line;
    line.cancel = dial(
      { address: peer.options.address, ...peer.transport },
      {
        up: (connection) => {
          delete line.cancel;
          return this.#attach(name, 'outgoing', line, connection);
        },
        failed: (error) => {
          if (lines.outgoing !== line) return;
          lines.outgoing = undefined;
          this.feed({
            kind: 'event',
            peer: name,
            event: { kind: 'tcpDown', link: 'outgoing', why: error.message },
          });
        },
      },
    );
  }

  #accepted(connection: Connection, guest: Guest): ConnectionHandlers | undefined {
    const name = this.#byGuest.get(guestKey(guest.from, guest.interface));
    const lines = name === undefined ? undefined : this.#lines.get(name);
    if (name === undefined || !lines) return undefined;
    const peer = this.speaker.peers.get(name) as Peer;
    const answer = welcome(peer.machine, this.#options.clock.now());
    if (typeof answer === 'object') {
      process.nextTick(() => this.#farewell(connection, encodeMessage(answer, PLAIN)));
      return { data: () => {}, closed: () => {} };
    }
    lines.incoming?.connection?.abort();
    const line: Line = { full: false };
    lines.incoming = line;
    return this.#attach(name, 'incoming', line, connection);
  }

  #attach(name: string, link: LinkName, line: Line, connection: Connection): ConnectionHandlers {
    line.connection = connection;
    const mine = () => this.#lines.get(name)?.[link] === line;
    // The connection takes bytes only after this call has returned.
    process.nextTick(() => {
      if (!mine()) return;
      const { local, remote } = connection;
      const peer = this.#peers.get(name);
      if (peer) this.#watch(peer, local);
      this.feed({ kind: 'event', peer: name, event: { kind: 'tcpUp', link, local, remote } });
    });
    return {
      data: (bytes) => {
        if (mine()) this.feed({ kind: 'bytes', peer: name, link, bytes });
      },
      drain: () => {
        line.full = false;
        const peer = this.speaker.peers.get(name);
        if (peer && mine()) this.#pump(peer, link);
      },
      blocked: () => {
        if (mine()) this.feed({ kind: 'event', peer: name, event: { kind: 'blocked', link } });
      },
      sent: () => {
        if (mine()) this.feed({ kind: 'event', peer: name, event: { kind: 'sent', link } });
      },
      closed: (why) => {
        const lines = this.#lines.get(name);
        if (!lines || !mine()) return;
        lines[link] = undefined;
        this.feed({ kind: 'event', peer: name, event: { kind: 'tcpDown', link, why } });
      },
    };
  }

  /** Has BFD watch the path of a peer, from the address that its session has here (RFC 5882 §4). */
  #watch({ options, transport, bfd }: RouterPeer, local: Address): void {
    const { name, address: remote } = options;
    const before = this.#watched.get(name);
    if (!bfd || before === local) return;
    this.#watched.set(name, local);
    this.#bfd ??= new BfdDriver({ clock: this.#options.clock });
    const driver = this.#bfd;
    const hops = transport.gtsmHops ?? 1;
    const far = hops > 1 || (transport.ttl ?? 1) > 1;
    const path = {
      local,
      remote,
      ...(far ? { multihop: true, leastTtl: transport.gtsmHops === undefined ? 1 : 256 - hops } : {}),
      ...(transport.interface === undefined ? {} : { interface: transport.interface }),
    };
    const mine = () => this.#watched.get(name) === local;
    const tell = (state: 'up' | 'down') => {
      if (mine())
        this.feed({ kind: 'event', peer: name, event: { kind: state === 'up' ? 'bfdUp' : 'bfdDown' } });
    };
    const added =
      before === undefined ? driver.add(name, path, bfd, tell) : this.#rewatch(name, path, bfd, tell);
    added.catch((error: Error) => {
      if (!mine()) return;
      // The next connection asks again: an address may have come, or a port been set free.
      this.#watched.delete(name);
      this.#options.note({ kind: 'host', peer: name, why: `BFD cannot watch ${name}: ${error.message}` });
    });
  }

  /** The session has come up from another address of ours: that is another path. */
  async #rewatch(name: string, ...path: [BfdPath, BfdSettings, OnBfdState]): Promise<void> {
    await this.#bfd?.remove(name);
    await this.#bfd?.add(name, ...path);
  }

  /** Lets go of a connection without a word. */
  #drop(name: string, link: LinkName): void {
    const lines = this.#lines.get(name);
    const line = lines?.[link];
    if (!lines || !line) return;
    lines[link] = undefined;
    line.cancel?.();
    line.connection?.abort();
  }

  /** Writes last words and closes. */
  #close(name: string, link: LinkName, bytes: Uint8Array): void {
    const lines = this.#lines.get(name);
    const line = lines?.[link];
    if (!lines || !line) return;
    lines[link] = undefined;
    line.cancel?.();
    if (!line.connection) return;
    this.#farewell(line.connection, bytes);
  }

  #farewell(connection: Connection, bytes: Uint8Array): void {
    if (bytes.length > 0) connection.write(bytes);
    const closed = connection.close(STOP_LIMIT);
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  // ── after every input ─────────────────────────────────────────────────────────────────────────────────────────

  #settle(now: Instant): void {
    for (const effect of this.speaker.takeEffects()) {
      if (effect.do === 'connect') this.#connect(effect.peer);
      else if (effect.do === 'close') {
        this.#close(effect.peer, effect.link, effect.bytes);
        this.#sayWhyNot(effect.peer, now);
      } else {
        const { note } = effect;
        if (note.kind === 'up') this.#failures.forget(note.peer);
        else if (note.kind === 'down') this.#failures.worthSaying(note.peer, note.why.reason, now);
        this.#options.note(note);
      }
    }
    for (const peer of this.speaker.takeReady()) {
      this.#pump(peer, 'outgoing');
      this.#pump(peer, 'incoming');
    }
    if (this.speaker.busy && !this.#working) {
      this.#working = true;
      setImmediate(() => this.#work());
    }
    this.#arm();
  }

  /** A session that never came up has no end that a log could tell of. */
  #sayWhyNot(name: string, now: Instant): void {
    const peer = this.speaker.peers.get(name);
    const cause = peer?.machine.lastError;
    if (!peer || cause === undefined || peer.established || viewOf(peer.machine, now).admin === 'down')
      return;
    if (this.#failures.worthSaying(name, cause, now))
      this.#options.note({ kind: 'host', peer: name, why: `${name} does not come up: ${cause}` });
  }

  /** Writes what the speaker has for a connection, for as long as the kernel takes it. */
  #pump(peer: Peer, link: LinkName): void {
    const line = this.#lines.get(peer.name)?.[link];
    const connection = line?.connection;
    if (!line || !connection) return;
    while (!line.full) {
      const bytes = this.speaker.pull(peer, link);
      if (!bytes) {
        connection.flush();
        return;
      }
      this.#record({ kind: 'pull', peer: peer.name, link });
      line.full = !connection.write(bytes);
    }
  }

  #work(): void {
    this.#working = false;
    this.#turn();
  }

  #turn(): void {
    const { clock } = this.#options;
    const until = clock.now() + TURN;
    while (this.speaker.busy && clock.now() < until) this.feed({ kind: 'work' });
  }

  #arm(): void {
    const at = this.speaker.due;
    if (this.#wake?.at === at) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (at === undefined || this.#stopped) return;
    const cancel = this.#options.clock.wake(at, () => {
      this.#wake = undefined;
      this.feed({ kind: 'due' });
    });
    this.#wake = { at, cancel };
  }

  /** The bytes of an input are only valid now, so a journal gets a copy. */
  #record(entry: Recorded, now = this.#options.clock.now()): void {
    const { journal } = this.#options;
    if (!journal) return;
    journal.write({ at: now, ...entry, ...(entry.kind === 'bytes' ? { bytes: entry.bytes.slice() } : {}) });
  }
}

/** Before an OPEN nothing is agreed. */
const PLAIN = { asn4: false, extendedMessage: false, addPath: [] };

/** RFC 4486 §4. */
const ADMINISTRATIVE_SHUTDOWN = 2;

/** An accepted connection names its interface only when its address is link-local: any other is known by its address alone. */
function guestInterface({ options, transport }: RouterPeer): string | undefined {
  return isLinkLocal(options.address) ? transport.interface : undefined;
}

function guestKey(from: Prefix, zone: string | undefined): string {
  return zone === undefined ? from : `${from}%${zone}`;
}
