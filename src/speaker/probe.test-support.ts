/**
 * One speaker on a desk, and peers driven by hand around it, for the tests of this room: a probe says exactly what the test
 * wants, and everything that the speaker tells it is kept, as messages and as the table they amount to.
 */
import { type Address, AS_TRANS, type Asn, type Instant, instant, type Prefix } from '../base/index.ts';
import { ACCEPT_ALL } from '../policy/index.ts';
import type { PeerConfig } from '../session/index.ts';
import {
  type Agreed,
  type Attribute,
  type Capability,
  decodeMessage,
  EXTENDED_MESSAGE_MAX,
  encodeMessage,
  type Family,
  frameLength,
  IPV4_UNICAST,
  IPV6_UNICAST,
  MESSAGE_MAX,
  type Message,
  mergeAs4,
  type Notification,
  type Role,
  type Update,
} from '../wire/index.ts';
import {
  type Entry,
  type Note,
  type PeerOptions,
  routes,
  Speaker,
  type SpeakerInput,
  type SpeakerOptions,
} from './index.ts';
import { attrs, lineOf } from './notation.test-support.ts';
import { familyOfPrefix } from './section.ts';

/** What a probe says of itself in OPEN. */
export interface Manners {
  readonly id?: string;
  readonly families?: readonly Family[];
  /** Default true. */
  readonly asn4?: boolean;
  /** Default true, as the speaker's. */
  readonly extendedMessage?: boolean;
  readonly role?: Role;
  readonly extendedNextHop?: boolean;
  readonly enhancedRefresh?: boolean;
  /** Families of graceful restart; true for those whose forwarding was kept. */
  readonly gracefulRestart?: {
    readonly families: readonly Family[];
    readonly kept?: boolean;
    readonly restarting?: boolean;
  };
  readonly addPath?: readonly Family[];
  readonly holdTime?: number;
}

const LOCAL_V4 = '192.0.2.1' as Address;

/** A speaker, virtual time, and its peers. */
export class Desk {
  now: Instant = instant(0);
  readonly speaker: Speaker;
  readonly notes: Note[] = [];
  readonly probes = new Map<string, Probe>();
  /** Everything that was fed and pulled, for the journal. */
  readonly journal: Entry[] = [];
  /** What each pull gave, in order. */
  readonly pulled: Uint8Array[] = [];
  /** Long work is done at once; false leaves it to the test. */
  works = true;

  constructor(options: Partial<SpeakerOptions> = {}) {
    const all = { asn: 64500, id: '192.0.2.1' as Address, ...options };
    this.speaker = new Speaker(all);
    this.journal.push({ at: this.now, kind: 'began', version: 1, options: all });
  }

  feed(input: SpeakerInput): void {
    const kept = input.kind === 'bytes' ? { ...input, bytes: input.bytes.slice() } : input;
    this.journal.push({ at: this.now, ...kept });
    this.speaker.feed(input, this.now);
    if (this.works) this.work();
    this.settle();
  }

  work(): void {
    while (this.speaker.busy) {
      this.journal.push({ at: this.now, kind: 'work' });
      this.speaker.feed({ kind: 'work' }, this.now);
    }
    this.settle();
  }

  /** Lets time pass, and every deadline in it come. */
  pass(ms: number): void {
    const until = instant(this.now + ms);
    for (let n = 0; this.speaker.due !== undefined && this.speaker.due <= until; n++) {
      if (n > 100_000) throw new Error('the speaker never comes to rest');
      this.now = instant(Math.max(this.now, this.speaker.due));
      this.feed({ kind: 'due' });
    }
    this.now = until;
  }

  announce(prefix: string, line = '', v4 = false): void {
    const attributes = line === '' ? [] : attrs(line, v4);
    this.feed({ kind: 'announce', prefix: prefix as Prefix, attributes });
  }

  withdraw(prefix: string): void {
    this.feed({ kind: 'withdraw', prefix: prefix as Prefix });
  }

  /** A new peer that accepts and is sent everything unless `options` say otherwise, not yet connected. */
  peer(name: string, asn: Asn, manners: Manners = {}, options: PeerShape = {}): Probe {
    const probe = new Probe(this, name, asn, manners, options);
    this.probes.set(name, probe);
    return probe;
  }

  /** The same, with its session established and its notes of that forgotten. */
  up(name: string, asn: Asn, manners: Manners = {}, options: PeerShape = {}): Probe {
    return this.peer(name, asn, manners, options).add().connect();
  }

  /** Every route as a line; the best ones first of their prefix. */
  routes(received = false): string[] {
    return [...routes(this.speaker, { received }, 0)].map((r) => {
      const state = [r.best ? 'best' : (r.why ?? ''), r.stale ? 'stale' : '']
        .filter((t) => t !== '')
        .join(', ');
      const id = r.pathId === undefined ? '' : `#${r.pathId}`;
      return `${r.prefix}${id} from ${r.peer ?? 'here'}: ${lineOf(r.attributes)} (${state})`;
    });
  }

  settle(): void {
    for (;;) {
      const effects = this.speaker.takeEffects();
      const ready = this.speaker.takeReady();
      if (effects.length === 0 && ready.length === 0) return;
      for (const effect of effects) {
        if (effect.do === 'note') this.notes.push(effect.note);
        else if (effect.do === 'close') this.probes.get(effect.peer)?.closed(effect.link, effect.bytes);
      }
      for (const peer of ready) this.probes.get(peer.name)?.read();
    }
  }
}

export type PeerShape = Partial<Omit<PeerOptions, 'session'>> & {
  readonly session?: Partial<PeerConfig>;
  /** Our address on the session. */
  readonly local?: string;
};

export class Probe {
  readonly desk: Desk;
  readonly name: string;
  readonly asn: Asn;
  manners: Manners;
  readonly shape: PeerShape;
  readonly address: Address;
  /** Messages of the present session, in order. */
  readonly got: Message[] = [];
  /** The octets of every message of it. */
  readonly lengths: number[] = [];
  /** What the messages amount to. */
  readonly table = new Map<string, string>();
  /** The last words on the session that ended last. */
  last: Notification | undefined;
  connected = false;
  /** Does not read what is sent to it. */
  stalled = false;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(desk: Desk, name: string, asn: Asn, manners: Manners, shape: PeerShape) {
    this.desk = desk;
    this.name = name;
    this.asn = asn;
    this.manners = manners;
    this.shape = shape;
    const n = 10 + desk.probes.size;
    this.address =
      shape.address ?? ((shape.local?.includes(':') ? `2001:db8::${n}` : `192.0.2.${n}`) as Address);
  }

  add(): this {
    const { session, local: _, ...options } = this.shape;
    this.desk.feed({
      kind: 'addPeer',
      options: {
        name: this.name,
        address: this.address,
        import: ACCEPT_ALL,
        export: ACCEPT_ALL,
        ...options,
        session: {
          localAsn: this.desk.speaker.options.asn,
          localId: this.desk.speaker.options.id,
          remoteAsn: this.asn,
          passive: true,
          seed: 1,
          ...session,
        },
      },
    });
    return this;
  }

  /** Opens the connection and makes the session; what was received before is forgotten. */
  connect(): this {
    this.desk.feed({ kind: 'event', peer: this.name, event: { kind: 'start' } });
    return this.reconnect();
  }

  reconnect(): this {
    this.dial();
    this.open();
    this.send({ kind: 'keepalive' });
    return this;
  }

  dial(): void {
    this.got.length = this.lengths.length = 0;
    this.table.clear();
    this.#rest = new Uint8Array(0);
    this.connected = true;
    this.last = undefined;
    const local = (this.shape.local ?? LOCAL_V4) as Address;
    const event = { kind: 'tcpUp', link: 'incoming', local, remote: this.address } as const;
    this.desk.feed({ kind: 'event', peer: this.name, event });
  }

  open(): void {
    const { id, holdTime } = this.manners;
    this.send({
      kind: 'open',
      version: 4,
      asn: this.asn > 0xffff ? AS_TRANS : this.asn,
      holdTime: holdTime ?? 90,
      id: (id ?? (this.address.includes(':') ? '198.51.100.1' : this.address)) as Address,
      capabilities: this.#capabilities(),
    });
  }

  #capabilities(): readonly Capability[] {
    const { manners: m } = this;
    const families = m.families ?? [IPV4_UNICAST, IPV6_UNICAST];
    const out: Capability[] = families.map((family) => ({ kind: 'multiprotocol', family }));
    out.push({ kind: 'routeRefresh' });
    if (m.asn4 !== false) out.push({ kind: 'asn4', asn: this.asn });
    if (m.extendedMessage !== false) out.push({ kind: 'extendedMessage' });
    if (m.role) out.push({ kind: 'role', role: m.role });
    if (m.extendedNextHop)
      out.push({ kind: 'extendedNextHop', entries: [{ family: IPV4_UNICAST, nextHopAfi: 2 }] });
    if (m.enhancedRefresh) out.push({ kind: 'enhancedRefresh' });
    if (m.addPath)
      out.push({ kind: 'addPath', families: m.addPath.map((family) => ({ family, mode: 'send' })) });
    const gr = m.gracefulRestart;
    if (gr)
      out.push({
        kind: 'gracefulRestart',
        restarting: gr.restarting ?? false,
        notification: true,
        restartTime: 120,
        families: gr.families.map((family) => ({ family, forwarding: gr.kept ?? true })),
      });
    return out;
  }

  /** How this probe writes. */
  get writes(): Agreed {
    const m = this.manners;
    return { asn4: m.asn4 !== false, extendedMessage: true, addPath: m.addPath ?? [] };
  }

  send(message: Message): void {
    this.bytes(encodeMessage(message, this.writes, 'asListed'));
  }

  bytes(bytes: Uint8Array): void {
    this.desk.feed({ kind: 'bytes', peer: this.name, link: 'incoming', bytes });
  }

  /** Announces prefixes of one family with the attributes that the line names; the next hop is the probe's unless it names one. */
  announce(prefixes: string, line: string): void {
    this.send(this.update(prefixes, line));
  }

  update(prefixes: string, line: string): Update {
    const list = prefixes.split(' ').map((text) => {
      const [prefix = '', id] = text.split('#');
      return { prefix: prefix as Prefix, ...(id === undefined ? {} : { pathId: Number(id) }) };
    });
    const family = familyOfPrefix(list[0]?.prefix as Prefix);
    const own = family === IPV4_UNICAST ? this.address : '2001:db8::99';
    const full = /; nh /.test(line) ? line : line.replace(/(;|$)/, `; nh ${own}$1`);
    const attributes = attrs(full, family === IPV4_UNICAST);
    if (!attributes.some((a) => a.kind === 'mpReach'))
      return { kind: 'update', withdrawn: [], attributes, announced: list };
    const filled = attributes.map((a): Attribute => (a.kind === 'mpReach' ? { ...a, announced: list } : a));
    return { kind: 'update', withdrawn: [], attributes: filled, announced: [] };
  }

  withdraw(prefixes: string): void {
    const list = prefixes.split(' ').map((p) => ({ prefix: p as Prefix }));
    const family = familyOfPrefix(list[0]?.prefix as Prefix);
    if (family === IPV4_UNICAST)
      this.send({ kind: 'update', withdrawn: list, attributes: [], announced: [] });
    else
      this.send({
        kind: 'update',
        withdrawn: [],
        attributes: [{ kind: 'mpUnreach', family, withdrawn: list }],
        announced: [],
      });
  }

  /** The connection breaks. */
  break(): void {
    this.connected = false;
    const event = { kind: 'tcpDown', link: 'incoming', why: 'connection reset' } as const;
    this.desk.feed({ kind: 'event', peer: this.name, event });
  }

  closed(link: string, bytes: Uint8Array): void {
    if (link !== 'incoming' || !this.connected) return;
    this.#take(bytes);
    this.connected = false;
  }

  /** Reads what the speaker has for it. */
  read(): void {
    const peer = this.desk.speaker.peers.get(this.name);
    if (!peer || this.stalled || !this.connected) return;
    for (;;) {
      const bytes = this.desk.speaker.pull(peer, 'incoming');
      this.desk.journal.push({ at: this.desk.now, kind: 'pull', peer: this.name, link: 'incoming' });
      this.desk.pulled.push(bytes ?? new Uint8Array(0));
      if (!bytes) return;
      this.#take(bytes);
    }
  }

  #take(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const m = this.manners;
    const agreed: Agreed = {
      asn4: m.asn4 !== false,
      extendedMessage: m.extendedMessage !== false,
      addPath: [],
    };
    let at = 0;
    for (;;) {
      const length = frameLength(all, at, all.length, agreed.extendedMessage);
      if (length === 0 || length > all.length - at) break;
      if (length < 0) throw new Error(`${this.name} was sent what is no message`);
      if (length > (agreed.extendedMessage ? EXTENDED_MESSAGE_MAX : MESSAGE_MAX))
        throw new Error(`${this.name} was sent ${length} octets`);
      const decoded = decodeMessage(all.subarray(at, at + length), agreed);
      if (!decoded.ok || decoded.faults.length > 0)
        throw new Error(`${this.name} was sent a fault: ${JSON.stringify(decoded)}`);
      this.#hear(decoded.message, agreed);
      this.lengths.push(length);
      at += length;
    }
    this.#rest = all.slice(at);
  }

  #hear(message: Message, agreed: Agreed): void {
    this.got.push(message);
    if (message.kind === 'notification') this.last = message;
    if (message.kind !== 'update') return;
    const attributes = mergeAs4(message.attributes, agreed.asn4);
    const line = lineOf(attributes);
    for (const { prefix } of message.withdrawn) this.table.delete(prefix);
    for (const { prefix } of message.announced) this.table.set(prefix, line);
    for (const a of attributes) {
      if (a.kind === 'mpUnreach') for (const { prefix } of a.withdrawn) this.table.delete(prefix);
      if (a.kind === 'mpReach') for (const { prefix } of a.announced) this.table.set(prefix, line);
    }
  }

  /** The table as lines, and what is said of one prefix. */
  lines(): string[] {
    return [...this.table].map(([prefix, line]) => `${prefix} ${line}`).sort();
  }

  of(prefix: string): string | undefined {
    return this.table.get(prefix);
  }

  /** UPDATEs since the last call, each as `+prefix line`, `-prefix` or `end of family`. */
  news(): string[] {
    const out: string[] = [];
    for (const m of this.got.splice(0)) {
      if (m.kind === 'routeRefresh') out.push(`refresh ${m.family} ${m.subtype}`);
      if (m.kind !== 'update') continue;
      const line = lineOf(m.attributes);
      const reach = m.attributes.find((a) => a.kind === 'mpReach');
      const unreach = m.attributes.find((a) => a.kind === 'mpUnreach');
      const plus = [...m.announced, ...(reach?.announced ?? [])];
      const minus = [...m.withdrawn, ...(unreach?.withdrawn ?? [])];
      for (const { prefix } of minus) out.push(`-${prefix}`);
      for (const { prefix } of plus) out.push(`+${prefix} ${line}`);
      if (plus.length + minus.length === 0) out.push(`end of ${unreach?.family ?? IPV4_UNICAST}`);
    }
    return out;
  }

  get established(): boolean {
    return this.desk.speaker.peers.get(this.name)?.established !== undefined;
  }
}
