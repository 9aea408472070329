/**
 * Peers, RIBs and policy as one router. Pure: bytes and events go in, effects and bytes come out, and time is what the
 * caller says it is.
 *
 * Use: hand everything that happens to `feed`; perform what `takeEffects` gives; for every peer in `takeReady`, call `pull`
 * and write what it gives for as long as its connection takes more; while `busy`, feed `work` whenever there is nothing
 * better to do; and feed `due` when `due` says so.
 */
import { assert, concat, earliest, type Instant, never, seconds } from '../base/index.ts';
import { ACCEPT_ALL, REJECT_ALL } from '../policy/index.ts';
import { DEFAULT_DECISION, type DecisionOptions } from '../rib/index.ts';
import {
  type DeferralEvent,
  type LinkName,
  type Negotiated,
  newPeer,
  type PeerEffect,
  type PeerEvent,
  peerDue,
  stepPeer,
} from '../session/index.ts';
import {
  CEASE,
  cease,
  type Decoded,
  decodeMessage,
  encodeMessage,
  endOfRibMarker,
  type Family,
  MESSAGE_TYPE,
  type Message,
  notificationOf,
} from '../wire/index.ts';
import { Deadlines } from './deadlines.ts';
import { isExternal, neighborOf, newExchange, newSource, type Surroundings } from './exchange.ts';
import type { Note, SpeakerEffect, SpeakerInput } from './input.ts';
import { LinkState } from './link.ts';
import { originate, retire } from './local.ts';
import type { PeerOptions, SpeakerOptions } from './options.ts';
import { pack } from './outbound.ts';
import { Patience } from './patience.ts';
import { type Exchange, Peer } from './peer.ts';
import { compiled, revalidate, setPolicies } from './policies.ts';
import { FAMILIES, Rib } from './rib.ts';
import { RoutesIn } from './routes-in.ts';
import { CANONICAL } from './section.ts';
import { keepStale, removeStale } from './stale.ts';

export class Speaker {
  readonly options: SpeakerOptions;
  readonly rib: Rib;
  readonly #peers = new Map<string, Peer>();
  /** By number; holes are free numbers. */
  readonly #byNumber: (Peer | undefined)[] = [];
  readonly #routesIn: RoutesIn;
  readonly #ready = new Set<Peer>();
  readonly #deadlines = new Deadlines<Peer>((peer) => (peer.removed ? undefined : peerDue(peer.machine)));
  readonly #around: Surroundings;
  readonly #patience = new Patience();
  /** The operator wants nobody to be told anything yet. */
  #held = false;
  #effects: SpeakerEffect[] = [];
  #began: Instant | undefined;

  constructor(options: SpeakerOptions) {
    this.options = options;
    const decision = { ...DEFAULT_DECISION, ...options.decision };
    const ready = (peer: Peer) => void this.#ready.add(peer);
    this.rib = new Rib(options.asn, options.id, decision, ready, options.hashSeed ?? 0);
    this.#routesIn = new RoutesIn(this.rib);
    this.#around = {
      options,
      rib: this.rib,
      neighborOf: (source) => neighborOf(this.#around, this.#byNumber, source),
    };
  }

  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** The peer that a column of the RIB names; undefined for what is originated here, and for peers that are gone. */
  peerByNumber(number: number): Peer | undefined {
    return this.#byNumber[number];
  }

  /** When `due` has to be fed at the latest; undefined when nothing is planned. */
  get due(): Instant | undefined {
    return earliest(this.#deadlines.next, this.#patience.due);
  }

  /** True while long work waits: feed `work` when there is nothing better to do. */
  get busy(): boolean {
    return this.rib.busy;
  }

  /** What is to be done since the last call. */
  takeEffects(): readonly SpeakerEffect[] {
    if (this.#effects.length === 0) return NONE;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Peers to which something may have to be written since the last call: `pull` until it gives nothing. */
  takeReady(): readonly Peer[] {
    if (this.#ready.size === 0) return NONE;
    const ready = [...this.#ready];
    this.#ready.clear();
    return ready;
  }

  /** Takes in what has happened. Never throws for anything that a peer sends. */
  feed(input: SpeakerInput, now: Instant): void {
    this.#began ??= now;
    switch (input.kind) {
      case 'bytes': {
        const peer = this.#peers.get(input.peer);
        if (peer) this.#receive(peer, input.link, input.bytes, now);
        break;
      }
      case 'event': {
        const peer = this.#peers.get(input.peer);
        if (peer) this.#outside(peer, input.event, now);
        break;
      }
      case 'due':
        for (const peer of this.#deadlines.reached(now)) this.#step(peer, { kind: 'due' }, now);
        if (this.#patience.look(now)) this.#selecting();
        break;
      case 'work':
        this.rib.work();
        break;
      case 'announce':
        originate(this.rib, input.prefix, input.attributes, this.#second(now));
        break;
      case 'withdraw':
        retire(this.rib, input.prefix);
        break;
      case 'addPeer':
        this.#addPeer(input.options);
        break;
      case 'removePeer':
        this.#removePeer(input.peer, now);
        break;
      case 'policy': {
        const peer = this.#peers.get(input.peer);
        if (peer) setPolicies(this.#around, peer, input.import, input.export);
        break;
      }
      case 'decision':
        this.#setDecision(input.options);
        break;
      case 'hold':
        this.#held = input.on;
        if (!input.on) for (const peer of this.#peers.values()) this.#ready.add(peer);
        break;
      case 'revalidate':
        for (const peer of this.#peers.values()) revalidate(this.#around, peer);
        break;
      case 'refresh':
        this.#refresh(input.peer, input.family, input.out === true);
        break;
      default:
        never(input);
    }
    this.rib.collect(() => this.#forget());
  }

  /**
   * The next bytes for a connection of a peer: at most about 64 KiB, whole messages. Undefined when there is nothing to write
   * now. What is given counts as sent.
   */
  pull(peer: Peer, link: LinkName): Uint8Array | undefined {
    const state = peer.links[link];
    if (!state) return undefined;
    if (state.control.length > 0) return concat(state.control.splice(0));
    const { established } = peer;
    if (!established || established.link !== link || this.#held) return undefined;
    for (const exchange of established.exchanges.values()) {
      if (this.#patience.families.includes(exchange.family)) continue;
      if (exchange.again) {
        exchange.again = false;
        this.rib.tellAll(exchange, true);
      }
      while (exchange.out.waiting > 0) {
        const packed = pack(exchange.out, exchange.outbound);
        if (!packed) continue;
        peer.counters.updatesOut += packed.messages;
        peer.counters.messagesOut += packed.messages;
        peer.counters.prefixesOut += packed.announced;
        peer.counters.withdrawalsOut += packed.withdrawn;
        return packed.bytes;
      }
      if (exchange.after.length > 0) {
        peer.counters.messagesOut += exchange.after.length;
        const bytes = concat(exchange.after.splice(0));
        if (exchange.later) this.#resend(peer, exchange.family, true);
        return bytes;
      }
    }
    return undefined;
  }

  // ── what arrives ──────────────────────────────────────────────────────────────────────────────────────────────

  #receive(peer: Peer, link: LinkName, bytes: Uint8Array, now: Instant): void {
    const state = peer.links[link];
    if (!state) return;
    let updates = 0;
    state.take(bytes, {
      wide: () => this.#agreed(peer, link).extendedMessage,
      message: (from, at, end) => {
        peer.counters.messagesIn++;
        if (from[at + 18] === MESSAGE_TYPE.update && peer.established?.link === link) {
          updates++;
          this.#update(peer, link, from, at, end, now);
        } else this.#message(peer, link, from.subarray(at, end), now);
        return peer.links[link] === state;
      },
      // Too long, too short or no marker: the decoder says which.
      nonsense: (from) => this.#message(peer, link, from, now),
    });
    if (updates > 0 && peer.links[link] === state) {
      peer.heardOn = link;
      peer.heardAt = now;
    }
  }

  #update(peer: Peer, link: LinkName, bytes: Uint8Array, at: number, end: number, now: Instant): void {
    peer.counters.updatesIn++;
    const taken = this.#routesIn.take(peer, bytes, at, end, this.#second(now));
    if (taken.fault !== undefined) {
      peer.counters.faultsIn++;
      peer.lastFault = taken.fault;
      const count = peer.counters.faultsIn;
      if (rare(count)) this.#note({ kind: 'fault', peer: peer.name, why: taken.fault, count });
    }
    if (taken.error) {
      const notification = notificationOf(taken.error);
      this.#step(peer, { kind: 'malformed', link, notification, why: taken.error.why }, now);
      return;
    }
    if (taken.endOfRib !== undefined) {
      if (!peer.machine.ended.includes(taken.endOfRib))
        this.#note({ kind: 'endOfRib', peer: peer.name, family: taken.endOfRib });
      this.#await({ kind: 'endOfRib', peer: peer.name, family: taken.endOfRib }, now);
      this.#step(peer, { kind: 'endOfRib', link, family: taken.endOfRib }, now);
    }
    this.#checkLimits(peer, now);
  }

  /** Any message that is not an UPDATE of an established session. */
  #message(peer: Peer, link: LinkName, bytes: Uint8Array, now: Instant): void {
    const decoded: Decoded = decodeMessage(bytes, this.#agreed(peer, link));
    if (!decoded.ok) {
      const notification = notificationOf(decoded.error);
      this.#step(peer, { kind: 'malformed', link, notification, why: decoded.error.why }, now);
      return;
    }
    this.#step(peer, eventOf(link, decoded.message), now);
  }

  #outside(peer: Peer, event: Extract<SpeakerInput, { kind: 'event' }>['event'], now: Instant): void {
    if (event.kind === 'tcpUp') peer.links[event.link] = new LinkState();
    if (event.kind === 'tcpDown') peer.links[event.link] = undefined;
    if (event.kind === 'start' && event.restarting) this.#bePatient(now);
    if (event.kind === 'stop') this.#await({ kind: 'gone', peer: peer.name }, now);
    this.#step(peer, event, now);
  }

  #checkLimits(peer: Peer, now: Instant): void {
    const limits = peer.options.prefixLimit;
    if (!limits || !peer.established) return;
    for (const exchange of peer.established.exchanges.values()) {
      const set = limits[exchange.family];
      if (!set) continue;
      const { family } = exchange;
      const { routes } = this.rib.sources;
      let prefixes = routes[exchange.source] as number;
      for (const stale of peer.stale.get(family) ?? NONE) prefixes += routes[stale] as number;
      if (prefixes > set.limit) {
        this.#note({ kind: 'limit', peer: peer.name, family, prefixes, limit: set.limit, reached: true });
        this.#step(peer, { kind: 'prefixLimit', family, limit: set.limit }, now);
        return;
      }
      if (set.warnAt !== undefined && prefixes >= set.warnAt && !exchange.warned) {
        exchange.warned = true;
        this.#note({ kind: 'limit', peer: peer.name, family, prefixes, limit: set.limit, reached: false });
      }
    }
  }

  // ── the session's wishes ──────────────────────────────────────────────────────────────────────────────────────

  #step(peer: Peer, event: PeerEvent, now: Instant): void {
    const { heardOn } = peer;
    if (heardOn !== undefined) {
      // That UPDATEs came only moves the hold timer on, so the machine is told when it is looked at next; the instant is the same.
      peer.heardOn = undefined;
      this.#step(peer, { kind: 'update', link: heardOn }, peer.heardAt);
    }
    const [machine, effects] = stepPeer(peer.machine, event, now);
    peer.machine = machine;
    for (const effect of effects) this.#perform(peer, effect, now);
    this.#deadlines.plan(peer);
  }

  #perform(peer: Peer, effect: PeerEffect, now: Instant): void {
    switch (effect.do) {
      case 'connect':
        this.#effects.push({ do: 'connect', peer: peer.name });
        break;
      case 'close': {
        const bytes = concat(peer.links[effect.link]?.control ?? []);
        peer.links[effect.link] = undefined;
        this.#effects.push({ do: 'close', peer: peer.name, link: effect.link, bytes });
        break;
      }
      case 'send':
        this.#send(peer, effect.link, effect.message);
        break;
      case 'up':
        this.#up(peer, effect.link, effect.negotiated);
        this.#await({ kind: 'up', peer: peer.name, negotiated: effect.negotiated }, now);
        break;
      case 'down':
        this.#down(peer, effect);
        break;
      case 'flush':
        this.#flush(peer, effect);
        break;
      case 'resend':
        this.#resend(peer, effect.family, effect.markers);
        break;
      case 'stale':
        this.#stale(peer, effect.family, now);
        break;
      default:
        never(effect);
    }
  }

  #send(peer: Peer, link: LinkName, message: Message): void {
    const { established } = peer;
    const agreed = established?.link === link ? established.negotiated.send : BEFORE_OPEN;
    peer.links[link]?.control.push(encodeMessage(message, agreed));
    peer.counters.messagesOut++;
    this.#ready.add(peer);
  }

  #up(peer: Peer, link: LinkName, negotiated: Negotiated): void {
    const external = isExternal(this.#around, negotiated);
    const exchanges = new Map<Family, Exchange>();
    for (const family of FAMILIES) {
      if (!negotiated.families.includes(family)) continue;
      const exchange = newExchange(this.#around, peer, negotiated, family);
      exchange.after.push(encodeMessage(endOfRibMarker(family), CANONICAL));
      exchanges.set(family, exchange);
      this.rib.listen(exchange);
      this.rib.tellAll(exchange, false);
    }
    peer.established = { link, negotiated, external, exchanges };
    this.#ready.add(peer);
    this.#note({ kind: 'up', peer: peer.name, negotiated });
  }

  #down(peer: Peer, effect: Extract<PeerEffect, { do: 'down' }>): void {
    const { established } = peer;
    if (!established) return;
    peer.established = undefined;
    peer.left = established.negotiated;
    for (const exchange of established.exchanges.values()) {
      const { family, source } = exchange;
      this.rib.forget(exchange);
      // What an earlier restart left is older still: it goes now (RFC 4724 §4.2).
      removeStale(this.rib, peer, family);
      if (effect.retain.includes(family)) keepStale(this.rib, peer, family, source);
      else this.rib.removeSource(family, source);
    }
    this.#note({ kind: 'down', peer: peer.name, why: effect.why, retained: effect.retain });
  }

  #flush(peer: Peer, { families, why, refresh }: Extract<PeerEffect, { do: 'flush' }>): void {
    const held = families.filter((family) => removeStale(this.rib, peer, family));
    if (held.length === 0) return;
    if (refresh) peer.counters.refreshesIn++;
    const count = refresh ? peer.counters.refreshesIn : 1;
    if (rare(count)) this.#note({ kind: 'flushed', peer: peer.name, families: held, why, count });
  }

  /** RFC 7313 §4: what the peer sends from now on is a new table; what it sent before is stale until it says that it is done. */
  #stale(peer: Peer, family: Family, now: Instant): void {
    const exchange = peer.established?.exchanges.get(family);
    if (!exchange || !peer.established) return;
    // Where nothing has come since the last one, nothing becomes stale, and what comes from now on is new anyway.
    if (this.rib.sources.routes[exchange.source] === 0) return;
    if (this.rib.sources.of(peer.number) >= MOST_SOURCES_OF_PEER) {
      const why = 'it begins one refresh after the other and finishes none';
      const notification = cease(CEASE.outOfResources);
      this.#step(peer, { kind: 'malformed', link: peer.established.link, notification, why }, now);
      return;
    }
    keepStale(this.rib, peer, family, exchange.source);
    exchange.source = newSource(this.#around, peer, peer.established.negotiated);
  }

  #resend(peer: Peer, family: Family, markers: boolean): void {
    const exchange = peer.established?.exchanges.get(family);
    if (!exchange || !peer.established) return;
    // RFC 7313 §4: no BoRR before End-of-RIB.
    exchange.later = markers && exchange.after.some((m) => m[18] === MESSAGE_TYPE.update);
    if (exchange.later) return;
    // A request while an earlier one is not answered yet: all is told again, and the answer ends later.
    if (markers && !exchange.after.some((m) => m[18] === MESSAGE_TYPE.routeRefresh)) {
      this.#send(peer, peer.established.link, { kind: 'routeRefresh', family, subtype: 'begin' });
      exchange.after.push(encodeMessage({ kind: 'routeRefresh', family, subtype: 'end' }, CANONICAL));
    }
    exchange.again = true;
    this.#ready.add(peer);
  }

  // ── after a restart ───────────────────────────────────────────────────────────────────────────────────────────

  #bePatient(now: Instant): void {
    const longest = this.options.deferral ?? seconds(180);
    if (this.#patience.begin(this.#peers.values(), longest, now)) this.#selecting();
  }

  #await(event: DeferralEvent, now: Instant): void {
    if (this.#patience.hear(event, now)) this.#selecting();
  }

  /** Other families than before may be told of. */
  #selecting(): void {
    for (const peer of this.#peers.values()) this.#ready.add(peer);
    const { families } = this.#patience;
    const waits = families.length > 0 ? `waiting for the peers' tables of ${families.join(' and ')}` : '';
    const over = 'the tables are in, or took too long: routes are told from now on';
    this.#note({ kind: 'selecting', why: waits || over });
  }

  // ── the operator's wishes ─────────────────────────────────────────────────────────────────────────────────────

  #addPeer(options: PeerOptions): void {
    assert(!this.#peers.has(options.name), `there is a peer named ${options.name} already`);
    const free = this.#byNumber.indexOf(undefined);
    const number = free < 0 ? this.#byNumber.length : free;
    const external = options.session.remoteAsn !== this.options.asn;
    const usual = external ? REJECT_ALL : ACCEPT_ALL;
    const peer = new Peer(
      number,
      options,
      // One path a prefix is all that is sent: what is not done is not offered (RFC 7911 §4).
      newPeer({ ...options.session, addPathSend: [] }),
      compiled(this.#around, options.import ?? usual),
      compiled(this.#around, options.export ?? usual),
    );
    this.#byNumber[number] = peer;
    this.#peers.set(options.name, peer);
  }

  /** The caller stops the peer first; what is left of it goes with it. */
  #removePeer(name: string, now: Instant): void {
    const peer = this.#peers.get(name);
    if (!peer) return;
    this.#step(peer, { kind: 'stop', subcode: PEER_DECONFIGURED, hard: true }, now);
    for (const family of FAMILIES) removeStale(this.rib, peer, family);
    peer.removed = true;
    this.#peers.delete(name);
    this.#await({ kind: 'gone', peer: name }, now);
    // Its number may be given out again at once: routes that are not yet removed then count as the new peer's old ones.
    this.#byNumber[peer.number] = undefined;
  }

  #setDecision(options: DecisionOptions): void {
    for (const [family, table] of this.rib.tables) {
      table.options = options;
      this.rib.decideAll(family);
    }
  }

  #refresh(name: string, family: Family, out: boolean): void {
    const peer = this.#peers.get(name);
    const { established } = peer ?? {};
    if (!peer || !established?.exchanges.has(family)) return;
    const { routeRefresh, enhancedRefresh } = established.negotiated;
    if (out) this.#resend(peer, family, enhancedRefresh);
    else if (routeRefresh)
      this.#send(peer, established.link, { kind: 'routeRefresh', family, subtype: 'request' });
  }

  // ── helpers ───────────────────────────────────────────────────────────────────────────────────────────────────

  #agreed(peer: Peer, link: LinkName) {
    const { established } = peer;
    return established?.link === link ? established.negotiated.receive : BEFORE_OPEN;
  }

  /** What was remembered about numbers of sections is worth nothing once they have been given out again. */
  #forget(): void {
    for (const peer of this.#peers.values()) {
      for (const { importer, exporter } of peer.established?.exchanges.values() ?? []) {
        importer.forget();
        exporter.forget();
      }
    }
  }

  #second(now: Instant): number {
    return Math.max(0, Math.floor((now - (this.#began ?? now)) / 1000));
  }

  #note(note: Note): void {
    this.#effects.push({ do: 'note', note });
  }
}

const NONE: readonly never[] = [];

/** A peer that does nothing else must not fill a log: the first, the second, the fourth, the eighth … is spoken of. */
function rare(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

/** RFC 4486 §4. */
const PEER_DECONFIGURED = 3;

/** How many tables of one peer may be kept apart at once: those of its families, and what refreshes and restarts left stale. */
const MOST_SOURCES_OF_PEER = 64;

/** How bytes are read and written before the peers have agreed on anything. */
const BEFORE_OPEN = { asn4: false, extendedMessage: false, addPath: [] } as const;

function eventOf(link: LinkName, message: Message): PeerEvent {
  switch (message.kind) {
    case 'open':
      return { kind: 'open', link, open: message };
    case 'notification':
      return { kind: 'notification', link, notification: message };
    case 'routeRefresh':
      return { kind: 'refresh', link, refresh: message };
    case 'keepalive':
    case 'update':
      return { kind: message.kind, link };
    default:
      return never(message);
  }
}
