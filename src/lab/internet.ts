/**
 * The embedded internet while it runs: every router of the map a speaker, cables with their latency, doors where the agents'
 * sessions come in over TCP; and the packets of clients, which go from router to router by what each holds at the moment
 * they arrive there.
 */
import {
  type Address,
  type Asn,
  type Clock,
  formatAddress,
  instant,
  ipv4,
  millis,
  type Prefix,
  seconds,
} from '../base/index.ts';
import { type Connection, type Guest, guestAt, type Listener, listen } from '../host/index.ts';
import { isNamed } from '../plan/index.ts';
import type { PeerConfig } from '../session/index.ts';
import type { PeerOptions } from '../speaker/index.ts';
import { IPV4_UNICAST, IPV6_UNICAST, type Role } from '../wire/index.ts';
import { type Journey, type Step, Way } from './journey.ts';
import type { InternetMap, MapCable, MapDoor, MapRouter } from './map.ts';
import { type Line, Node } from './node.ts';
import { exportPolicy, importPolicy, type Neighbour } from './rules.ts';
import { type Lane, Wires } from './wires.ts';

/** Where a door listens, and from where its agent comes. */
export interface DoorPlace {
  readonly address: Address;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly from: Address;
}

export interface InternetHandlers {
  /** Some router's routes may have changed. */
  changed(): void;
  note(sentence: string): void;
}

/** Between attempts to rebuild a session whose cable was healed, or whose far end is not there. */
const RETRY = seconds(1);

/** A cable, or the door of a site. */
interface Hop extends Step {
  readonly lane: Lane;
  readonly door?: Door;
  readonly cable?: Cable;
}

interface Cable extends MapCable {
  cut: boolean;
  /** Counts attempts to connect; only the latest counts. */
  attempt: number;
  /** What ends both sides of the connection that stands. */
  sever?: (() => void) | undefined;
}

interface Door extends MapDoor {
  readonly place: DoorPlace;
  listener?: Listener;
  cut: boolean;
  connections: Set<Connection>;
}

export class Internet {
  readonly map: InternetMap;
  readonly nodes = new Map<string, Node>();
  readonly wires: Wires;
  readonly #routers = new Map<string, MapRouter>();
  readonly #doors: Door[] = [];
  readonly #cables: Cable[] = [];
  /** By router, then by the name of the peer. */
  readonly #hops = new Map<string, Map<string, Hop>>();
  readonly #handlers: InternetHandlers;
  /** Of the network whose sites are at the doors. */
  readonly #asn: Asn;

  constructor(
    map: InternetMap,
    asn: Asn,
    places: (door: MapDoor) => DoorPlace,
    clock: Clock,
    handlers: InternetHandlers,
  ) {
    this.map = map;
    this.#handlers = handlers;
    this.#asn = asn;
    this.wires = new Wires(clock);
    for (const [i, router] of map.routers.entries()) {
      const node = new Node(router.name, router.asn, ipv4((10 << 24) + i + 1), clock, {
        connect: (peer) => this.#connect(router.name, peer),
        changed: () => handlers.changed(),
      });
      this.nodes.set(router.name, node);
      this.#routers.set(router.name, router);
      this.#hops.set(router.name, new Map());
    }
    for (const drawn of map.cables) this.#lay({ ...drawn, cut: false, attempt: 0 });
    for (const drawn of map.doors)
      this.#hang({ ...drawn, place: places(drawn), cut: false, connections: new Set() });
  }

  /** Listens for the agents. Rejects with a sentence when an address cannot be had. */
  async openDoors(): Promise<void> {
    await Promise.all(
      this.#doors.map(async (door) => {
        const guest = guestAt(door.place.from);
        door.listener = await listen(
          { address: door.place.address, port: door.place.port },
          { accepted: (connection, from) => this.#enter(door, connection, from) },
        );
        door.listener.admit(guest);
      }),
    );
  }

  /** Begins every session. */
  begin(): void {
    for (const node of this.nodes.values()) node.start();
  }

  /** Every session inside stands, but for those whose cable is cut. */
  settled(): boolean {
    const { up } = this.sessions();
    return up >= this.#cables.filter((c) => !c.cut).length;
  }

  async stop(): Promise<void> {
    this.wires.close();
    for (const node of this.nodes.values()) node.stop();
    for (const door of this.#doors) for (const connection of door.connections) connection.abort();
    await Promise.all(this.#doors.map((door) => door.listener?.close()));
  }

  /** Where the agent of a site finds one of its upstreams. */
  door(
    site: string,
    upstream: string,
  ): { readonly address: Address; readonly port: number; readonly from: Address } {
    const door = this.#doors.find((d) => d.site === site && d.upstream === upstream) as Door;
    return { ...door.place, port: door.listener?.port ?? door.place.port };
  }

  router(name: string): MapRouter {
    return this.#routers.get(name) as MapRouter;
  }

  /** How many sessions stand of those that should, inside the internet and with the sites. */
  sessions(): { readonly up: number; readonly of: number; readonly sites: number } {
    let up = 0;
    let sites = 0;
    for (const node of this.nodes.values())
      for (const peer of node.speaker.peers.values()) {
        if (!peer.established) continue;
        if (peer.name.startsWith(DOOR)) sites++;
        else up++;
      }
    return { up: up / 2, of: this.#cables.length, sites };
  }

  /** Sessions inside that should stand and do not, in words. */
  down(): readonly string[] {
    return this.#cables.flatMap(({ from, to, cut }) => {
      const [a, b] = [
        this.nodes.get(from)?.speaker.peers.get(to),
        this.nodes.get(to)?.speaker.peers.get(from),
      ];
      return cut || (a?.established && b?.established) ? [] : [`${from} – ${to} is down`];
    });
  }

  // ── packets ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The way a packet would take if nothing changed while it travels. */
  trace(from: string, prefix: Prefix): Journey {
    const so = new Way(from, this.router(from).asn);
    for (;;) {
      const step = this.#step(so, prefix);
      if (step === undefined) return so.end();
      so.take(step, this.#asnOf(step));
    }
  }

  /** Sends a packet on its way: it spends the time that the way takes, and each router on it decides when it is there. */
  carry(from: string, prefix: Prefix, arrived: (journey: Journey) => void): void {
    const so = new Way(from, this.router(from).asn);
    const onward = () => {
      const step = this.#step(so, prefix);
      if (step === undefined) return arrived(so.end());
      so.take(step, this.#asnOf(step));
      this.wires.send(step.latencyMs, onward, step.lane);
    };
    onward();
  }

  #asnOf(hop: Hop): Asn {
    return hop.door ? this.#asn : this.router(hop.to).asn;
  }

  /** The next hop of a packet; undefined when it has arrived or is lost. */
  #step(so: Way, prefix: Prefix): Hop | undefined {
    if (so.site !== undefined) return undefined;
    const here = so.at;
    if (so.spent) return so.lose(`the packet went round in a circle and died at ${this.#say(here)}`);
    const peer = this.nodes.get(here)?.nextHop(prefix);
    if (peer === undefined) return so.lose(`${this.#say(here)} has no route to ${prefix}`);
    const hop = this.#hops.get(here)?.get(peer) as Hop;
    if (hop.cable?.cut || hop.door?.cut)
      return so.lose(`${this.#say(here)} sent it into a cut cable to ${hop.door?.site ?? this.#say(hop.to)}`);
    return hop;
  }

  #say(name: string): string {
    const { asn, as } = this.router(name);
    return `AS${asn} (${as})`;
  }

  // ── cuts ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Cuts the links between a site and an upstream (its name or AS number; all of the site's without one), or between two
   * ASes. Both ends notice at once. Returns what was cut, in words.
   */
  cut(one: string, other?: string): readonly string[] {
    return this.#mark(one, other, true);
  }

  /** Mends what `cut` cut; everything when nothing is named. */
  heal(one?: string, other?: string): readonly string[] {
    return this.#mark(one, other, false);
  }

  /** All that is cut now, in words. */
  cuts(): readonly string[] {
    return [
      ...this.#doors.filter((d) => d.cut).map((d) => `${d.site} – ${d.upstream}`),
      ...this.#cables.filter((c) => c.cut).map((c) => `${c.from} – ${c.to}`),
    ];
  }

  #mark(one: string | undefined, other: string | undefined, cut: boolean): readonly string[] {
    const done: string[] = [];
    for (const door of this.#doors) {
      const isUpstream = (text: string) => isNamed(text, door.upstream, door.settings.asn);
      const fits =
        one === undefined ||
        (door.site === one && (other === undefined || isUpstream(other))) ||
        (door.site === other && isUpstream(one)) ||
        (other === undefined && isUpstream(one));
      if (!fits || door.cut === cut) continue;
      door.cut = cut;
      done.push(`${door.site} – ${door.upstream}`);
      if (cut) for (const connection of [...door.connections]) this.#leave(door, connection);
    }
    for (const cable of this.#cables) {
      const is = (end: string, text: string) => isNamed(text, end, this.router(end).asn);
      const fits =
        (one === undefined && other === undefined) ||
        (one !== undefined &&
          other !== undefined &&
          ((is(cable.from, one) && is(cable.to, other)) || (is(cable.to, one) && is(cable.from, other))));
      if (!fits || cable.cut === cut) continue;
      cable.cut = cut;
      done.push(`${cable.from} – ${cable.to}`);
      if (cut) cable.sever?.();
    }
    return done;
  }

  // ── cables ────────────────────────────────────────────────────────────────────────────────────────────────────

  #lay(cable: Cable): void {
    this.#cables.push(cable);
    const { from, to, relation, latencyMs } = cable;
    const back = relation === 'customer' ? 'provider' : relation;
    this.#peer(from, to, relation, cable, false);
    this.#peer(to, from, back, cable, true);
    this.#hops.get(from)?.set(to, { latencyMs, to, lane: { last: instant(0) }, cable });
    this.#hops.get(to)?.set(from, { latencyMs, to: from, lane: { last: instant(0) }, cable });
  }

  /** The session of `at` with `with`, which is `is` to it. */
  #peer(at: string, other: string, is: Neighbour, cable: Cable, passive: boolean): void {
    const node = this.nodes.get(at) as Node;
    const far = this.nodes.get(other) as Node;
    const distance = Math.max(1, Math.round(cable.latencyMs * 10));
    node.addPeer({
      name: other,
      address: far.address,
      session: {
        ...this.#session(node, far.speaker.options.asn),
        passive,
        // Both ends of a wire notice its end, so nobody has to ask.
        holdTime: millis(0),
        ...(is === 'internal' ? {} : { role: ROLE[is] }),
      },
      nextHop: { [IPV6_UNICAST]: sixOf(node.address) },
      import: importPolicy(node.speaker.options.asn, is, distance),
      export: exportPolicy(node.speaker.options.asn, is),
    });
  }

  #session(node: Node, remoteAsn: Asn): PeerConfig {
    return {
      localAsn: node.speaker.options.asn,
      localId: node.address,
      remoteAsn,
      families: [IPV4_UNICAST, IPV6_UNICAST],
      connectRetry: RETRY,
      backoff: { initial: RETRY, most: RETRY },
    };
  }

  /** A speaker dials another one over a cable. */
  #connect(from: string, to: string): void {
    const [a, b] = [this.nodes.get(from), this.nodes.get(to)];
    const cable = this.#hops.get(from)?.get(to)?.cable;
    if (!a || !b || !cable) return;
    const attempt = ++cable.attempt;
    this.wires.send(cable.latencyMs, () => {
      if (cable.attempt !== attempt) return;
      // Who dials anew has lost what stood before, whatever the other end believes.
      cable.sever?.();
      const [near, far] = this.#wire(cable, a, b);
      if (cable.cut || !b.accept(from, far, a.address))
        a.feed({
          kind: 'event',
          peer: to,
          event: { kind: 'tcpDown', link: 'outgoing', why: 'nobody there' },
        });
      else a.attach(to, 'outgoing', near, b.address);
    });
  }

  /** Both ends of a connection over a cable: what is written at one arrives at the other after its latency. */
  #wire(cable: Cable, a: Node, b: Node): readonly [Line, Line] {
    const end = (at: Node, deliver: (bytes: Uint8Array) => void, ended: () => void): Line => {
      const lane = this.#hops.get(at.name)?.get(at === a ? b.name : a.name)?.lane;
      return {
        write: (bytes) => {
          if (!cable.cut) this.wires.send(cable.latencyMs, () => cable.cut || deliver(bytes), lane);
        },
        close: () => {
          if (!cable.cut) this.wires.send(cable.latencyMs, ended, lane);
        },
      };
    };
    const near: Line = end(
      a,
      (bytes) => b.receive(a.name, 'incoming', far, bytes),
      () => b.detach(a.name, 'incoming', far, 'closed'),
    );
    const far: Line = end(
      b,
      (bytes) => a.receive(b.name, 'outgoing', near, bytes),
      () => a.detach(b.name, 'outgoing', near, 'closed'),
    );
    cable.sever = () => {
      a.detach(b.name, 'outgoing', near, 'the cable was cut');
      b.detach(a.name, 'incoming', far, 'the cable was cut');
    };
    return [near, far];
  }

  // ── doors ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #hang(door: Door): void {
    this.#doors.push(door);
    const { router, settings, latencyMs, place } = door;
    const node = this.nodes.get(router) as Node;
    const name = doorName(door);
    const is: Neighbour =
      settings.role === 'provider' ? 'customer' : settings.role === 'customer' ? 'provider' : 'peer';
    const peer: PeerOptions = {
      name,
      address: place.from,
      session: {
        ...this.#session(node, this.#asn),
        passive: true,
        holdTime: settings.holdTime,
        role: ROLE[is],
        ...(settings.gracefulRestart === undefined ? {} : { gracefulRestart: { helperOnly: true } }),
      },
      nextHop: { [IPV6_UNICAST]: sixOf(node.address) },
      import: importPolicy(node.speaker.options.asn, is, 0),
      export: exportPolicy(node.speaker.options.asn, is),
    };
    node.addPeer(peer);
    this.#hops.get(router)?.set(name, { latencyMs, to: door.site, lane: { last: instant(0) }, door });
  }

  #enter(door: Door, connection: Connection, _: Guest) {
    if (door.cut) return undefined;
    const node = this.nodes.get(door.router) as Node;
    const peer = doorName(door);
    const line: Line = {
      write: (bytes) => void connection.write(bytes),
      close: () => {
        door.connections.delete(connection);
        void connection.close();
      },
    };
    this.#lines.set(connection, line);
    door.connections.add(connection);
    // The connection takes bytes only after this call has returned.
    process.nextTick(() => {
      if (door.connections.has(connection) && !node.accept(peer, line, connection.remote))
        door.connections.delete(connection);
    });
    return {
      data: (bytes: Uint8Array) => node.receive(peer, 'incoming', line, bytes),
      closed: (why: string) => {
        door.connections.delete(connection);
        node.detach(peer, 'incoming', line, why);
        if (!this.wires.closed) this.#handlers.note(`${door.site} – ${door.upstream}: ${why}`);
      },
    };
  }

  readonly #lines = new WeakMap<Connection, Line>();

  /** The cable between a site and its upstream is cut: here at once, at the agent with a reset. */
  #leave(door: Door, connection: Connection): void {
    door.connections.delete(connection);
    connection.abort();
    const line = this.#lines.get(connection);
    if (line) this.nodes.get(door.router)?.detach(doorName(door), 'incoming', line, 'the cable was cut');
  }
}

const DOOR = 'site ';

/** The name under which a router knows the session of a site. */
export function doorName(door: MapDoor): string {
  return `${DOOR}${door.site} ${door.upstream}`;
}

/** What we are to a neighbour that is this to us (RFC 9234). */
const ROLE: { readonly [is in Exclude<Neighbour, 'internal'>]: Role } = {
  customer: 'provider',
  peer: 'peer',
  provider: 'customer',
};

/** An IPv6 address of the router whose IPv4 address this is. */
function sixOf(address: Address): Address {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  const bytes = new Uint8Array(16);
  bytes.set([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
  return formatAddress(bytes);
}
