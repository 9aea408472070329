/**
 * BFD on this machine: real packets, real time. It finds the session of each packet (RFC 5880 §6.3), hands events to the
 * machine and packets to the network, and tells clients what became of their path; the machine decides.
 */
import { randomInt } from 'node:crypto';
import { after, type Clock, type Instant, millis } from '../base/index.ts';
import {
  type BfdEffect,
  type BfdEvent,
  type BfdSession,
  type BfdState,
  type BfdTimers,
  bfdComplaint,
  bfdDue,
  type ControlPacket,
  decode,
  detectionTime,
  diagnosticText,
  isDiscard,
  newBfd,
  stepBfd,
  transmitInterval,
} from '../bfd/index.ts';
import {
  type BfdArrival,
  type BfdPath,
  type BfdSocket,
  type BfdTransport,
  bfdTransport,
} from '../host/index.ts';

/** What a client hears of its path; `reason` is a sentence. A neighbour that merely stops BFD is no news (RFC 5882 §3.2). */
export type OnBfdState = (state: 'up' | 'down', reason: string) => void;

export interface BfdSettings extends BfdTimers {
  /** Waits for the neighbour's first packet (RFC 5880 §6.1). */
  readonly passive?: boolean;
}

export interface BfdDriverOptions {
  readonly clock: Clock;
  /** Other ports or another network, for tests. */
  readonly transport?: (onPacket: (bytes: Uint8Array, arrival: BfdArrival) => void) => BfdTransport;
  /** Sessions there may be at a time; 1024 when absent. */
  readonly limit?: number;
}

/** One session as an operator wants to see it. Plain data. */
export interface BfdView {
  readonly name: string;
  readonly path: BfdPath;
  readonly state: BfdState;
  readonly remoteState?: BfdState;
  readonly localDiscriminator: number;
  readonly remoteDiscriminator?: number;
  /** Before jitter, as agreed with the neighbour. */
  readonly transmitIntervalMs: number;
  /** Absent while the neighbour is not heard. */
  readonly detectionTimeMs?: number;
  /** Why the state last changed, in words. */
  readonly diagnostic: string;
  readonly remoteDiagnostic?: string;
  /** The last change of state, and when. */
  readonly lastChange?: { readonly at: Instant; readonly state: BfdState; readonly reason: string };
  readonly counts: {
    readonly sent: number;
    readonly received: number;
    readonly discarded: number;
    /** Packets the system did not take. */
    readonly unsent: number;
    /** Times the path was lost. */
    readonly failures: number;
  };
  readonly lastDiscard?: string;
}

/** Packets that belong to no session. */
export interface Strays {
  readonly count: number;
  readonly last?: string;
}

interface Entry {
  readonly name: string;
  readonly path: BfdPath;
  readonly onState: OnBfdState;
  session: BfdSession;
  /** Absent until the system has given it. */
  socket?: BfdSocket;
  wake?: { readonly at: Instant; readonly cancel: () => void };
  /** Told `up`, and not yet `down`. */
  watched: boolean;
  sent: number;
  received: number;
  discarded: number;
  failures: number;
  lastDiscard?: string;
  lastChange?: { readonly at: Instant; readonly state: BfdState; readonly reason: string };
}

const LIMIT = 1024;

/** A goodbye may be lost, so it is said this often, so many milliseconds apart. */
const GOODBYES = 3;
const GOODBYE_GAP = millis(20);

export class BfdDriver {
  readonly #clock: Clock;
  readonly #transport: BfdTransport;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  readonly #byDiscriminator = new Map<number, Entry>();
  readonly #byPath = new Map<string, Entry>();
  readonly #leaving = new Set<Promise<void>>();
  #stopped = false;
  #strays = 0;
  #lastStray: string | undefined;

  constructor(options: BfdDriverOptions) {
    this.#clock = options.clock;
    this.#limit = options.limit ?? LIMIT;
    this.#transport = (options.transport ?? bfdTransport)((bytes, arrival) => this.#receive(bytes, arrival));
  }

  /**
   * Watches a path from now on. Rejects with a sentence when the timers are not allowed, the name or the path is taken, or
   * the system refuses the sockets (a {@link HostError}); nothing is left behind then.
   */
  async add(name: string, path: BfdPath, settings: BfdSettings, onState: OnBfdState): Promise<void> {
    const complaint = this.#complaint(name, path, settings);
    if (complaint !== undefined) throw new Error(complaint);
    const localDiscriminator = this.#freeDiscriminator();
    const session = newBfd({ ...settings, localDiscriminator, seed: randomInt(0x1_0000_0000) });
    const entry: Entry = {
      name,
      path,
      onState,
      session,
      watched: false,
      sent: 0,
      received: 0,
      discarded: 0,
      failures: 0,
    };
    this.#entries.set(name, entry);
    this.#byPath.set(pathKey(path, path.remote), entry);
    this.#byDiscriminator.set(localDiscriminator, entry);
    try {
      const socket = await this.#transport.open(path);
      if (this.#entries.get(name) !== entry) {
        socket.close();
        return;
      }
      entry.socket = socket;
    } catch (error) {
      this.#forget(entry);
      throw error;
    }
    this.#feed(entry, { kind: 'start' });
  }

  /** Other timers for a session that goes on (RFC 5880 §6.8.3). Throws with a sentence when they are not allowed. */
  change(name: string, timers: BfdTimers): void {
    const complaint = bfdComplaint(timers);
    if (complaint !== undefined) throw new Error(complaint);
    const entry = this.#entries.get(name);
    if (entry) this.#feed(entry, { kind: 'change', timers });
  }

  /** Tells the neighbour AdminDown and forgets the session; its client hears nothing more. The promise resolves when it is told. */
  remove(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (!entry) return Promise.resolve();
    const farewell = this.#leave(entry);
    this.#leaving.add(farewell);
    void farewell.then(() => this.#leaving.delete(farewell));
    return farewell;
  }

  /** Removes all sessions and closes the sockets. Nothing can be added afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const name of [...this.#entries.keys()]) void this.remove(name);
    await Promise.all(this.#leaving);
    this.#transport.close();
  }

  /** All sessions, in the order in which they were added. */
  views(): BfdView[] {
    return [...this.#entries.values()].map(viewOf);
  }

  view(name: string): BfdView | undefined {
    const entry = this.#entries.get(name);
    return entry && viewOf(entry);
  }

  get strays(): Strays {
    return { count: this.#strays, ...(this.#lastStray === undefined ? {} : { last: this.#lastStray }) };
  }

  #complaint(name: string, path: BfdPath, settings: BfdSettings): string | undefined {
    if (this.#stopped) return 'BFD has been stopped';
    if (this.#entries.has(name)) return `BFD already watches ${name}`;
    const other = this.#byPath.get(pathKey(path, path.remote));
    if (other)
      return `BFD already watches the path from ${path.local} to ${path.remote}, for ${other.name}; one session per path (RFC 5881 §2)`;
    if (this.#entries.size >= this.#limit) return `BFD watches ${this.#limit} paths, which is the limit`;
    return bfdComplaint(settings);
  }

  #freeDiscriminator(): number {
    for (;;) {
      const candidate = randomInt(1, 0x1_0000_0000);
      if (!this.#byDiscriminator.has(candidate)) return candidate;
    }
  }

  // ── packets in ────────────────────────────────────────────────────────────────────────────────────────────────

  #receive(bytes: Uint8Array, arrival: BfdArrival): void {
    const packet = decode(bytes);
    const owner = isDiscard(packet) ? packet.reason : this.#find(packet, arrival);
    if (typeof owner === 'string' || isDiscard(packet)) {
      this.#strays++;
      this.#lastStray = `from ${arrival.from}: ${owner}`;
    } else this.#feed(owner, { kind: 'packet', packet });
  }

  /**
   * RFC 5880 §6.3: by Your Discriminator alone, and only while that is 0 by where the packet comes from. A packet has to
   * come in by the port of its session's kind all the same: the other one does not ask for the same TTL (RFC 5883 §5).
   */
  #find(packet: ControlPacket, arrival: BfdArrival): Entry | string {
    const { yourDiscriminator } = packet;
    if (yourDiscriminator === 0)
      return this.#byPath.get(pathKey(arrival, arrival.from)) ?? 'no session on this path';
    const entry = this.#byDiscriminator.get(yourDiscriminator);
    if (!entry) return `your discriminator ${yourDiscriminator} is no session's`;
    if ((entry.path.multihop ?? false) !== arrival.multihop)
      return `a ${arrival.multihop ? 'multihop' : 'single-hop'} packet for ${entry.name}, which is not`;
    return entry;
  }

  // ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────

  #feed(entry: Entry, event: BfdEvent): void {
    const now = this.#clock.now();
    const [session, effects] = stepBfd(entry.session, event, now);
    entry.session = session;
    if (event.kind === 'packet') entry.received++;
    const news = effects.filter((effect) => this.#perform(entry, effect, now));
    this.#arm(entry);
    // Last, because a client may remove the session in answer.
    for (const effect of news) this.#tell(entry, effect);
  }

  /** True when a client may want to hear of it. */
  #perform(entry: Entry, effect: BfdEffect, now: Instant): boolean {
    switch (effect.do) {
      case 'send':
        if (entry.socket) {
          entry.socket.send(effect.bytes);
          entry.sent++;
        }
        return false;
      case 'discard':
        entry.discarded++;
        entry.lastDiscard = effect.discard.reason;
        return false;
      case 'state':
        entry.lastChange = { at: now, state: effect.state, reason: effect.reason };
        if (effect.failed) entry.failures++;
        return true;
    }
  }

  #tell(entry: Entry, effect: BfdEffect): void {
    if (effect.do !== 'state' || this.#entries.get(entry.name) !== entry) return;
    if (effect.state === 'up') {
      entry.watched = true;
      entry.onState('up', effect.reason);
    } else if (effect.failed && entry.watched) {
      entry.watched = false;
      entry.onState('down', effect.reason);
    }
  }

  #arm(entry: Entry): void {
    const at = bfdDue(entry.session);
    if (entry.wake?.at === at) return;
    this.#disarm(entry);
    if (at === undefined) return;
    const cancel = this.#clock.wake(at, () => {
      // Packets that came while this process was busy wait in the kernel and are read before the next `setImmediate`: a
      // neighbour is not called silent before they have been looked at.
      setImmediate(() => {
        if (entry.wake !== wake) return;
        delete entry.wake;
        this.#feed(entry, { kind: 'due' });
      });
    });
    const wake = { at, cancel };
    entry.wake = wake;
  }

  #disarm(entry: Entry): void {
    entry.wake?.cancel();
    delete entry.wake;
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #leave(entry: Entry): Promise<void> {
    this.#forget(entry);
    const { socket } = entry;
    if (!socket) return;
    const [, effects] = stepBfd(entry.session, { kind: 'stop' }, this.#clock.now());
    const last = effects.find((effect) => effect.do === 'send');
    if (last) {
      for (let i = 0; i < GOODBYES; i++) {
        if (i > 0) await this.#pause();
        socket.send(last.bytes);
      }
    }
    socket.close();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.wake(after(this.#clock.now(), GOODBYE_GAP), resolve);
    });
  }

  #forget(entry: Entry): void {
    this.#disarm(entry);
    this.#entries.delete(entry.name);
    this.#byPath.delete(pathKey(entry.path, entry.path.remote));
    this.#byDiscriminator.delete(entry.session.localDiscriminator);
  }
}

/** What tells paths apart while no discriminator does. */
function pathKey(at: Pick<BfdPath, 'local' | 'multihop' | 'interface'>, remote: string): string {
  return `${at.multihop ? 'multihop' : 'single'} ${at.local} ${remote} ${at.interface ?? ''}`;
}

function viewOf(entry: Entry): BfdView {
  const { session: s, socket, lastDiscard, lastChange } = entry;
  const { remote } = s;
  const detection = remote && detectionTime(s.used, remote);
  return {
    name: entry.name,
    path: entry.path,
    state: s.state,
    localDiscriminator: s.localDiscriminator,
    transmitIntervalMs: transmitInterval(s.used, remote) / 1000,
    diagnostic: diagnosticText(s.diagnostic),
    ...(remote
      ? {
          remoteState: remote.state,
          remoteDiscriminator: remote.discriminator,
          remoteDiagnostic: diagnosticText(remote.diagnostic),
        }
      : {}),
    ...(detection ? { detectionTimeMs: (detection.multiplier * detection.intervalUs) / 1000 } : {}),
    ...(lastChange ? { lastChange } : {}),
    ...(lastDiscard === undefined ? {} : { lastDiscard }),
    counts: {
      sent: entry.sent,
      received: entry.received,
      discarded: entry.discarded,
      unsent: socket?.unsent ?? 0,
      failures: entry.failures,
    },
  };
}
