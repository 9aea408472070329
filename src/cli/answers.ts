/** What a running speaker answers over its control socket: the shapes of `views.ts`, made of what the speaker holds. */
import type { Router } from '../agent/index.ts';
import { type Clock, type Instant, parseAddress, parsePrefix } from '../base/index.ts';
import { type Args, ControlError, type ControlHandler } from '../host/index.ts';
import { formatPolicy, type Policy } from '../policy/index.ts';
import { viewOf } from '../session/index.ts';
import {
  advertised,
  type Peer,
  type RouteView as Route,
  routes,
  type Selection,
  sizes,
} from '../speaker/index.ts';
import { type Attribute, type Family, formatPath } from '../wire/index.ts';
import { capabilityPhrase, counted } from './phrases.ts';
import type { Running } from './running.ts';
import type { SpeakConfig, SpeakPeer } from './speak/index.ts';
import type {
  PeerDetailView,
  PeerState,
  PeersView,
  PeerView,
  PolicyView,
  PrefixCounts,
  RouteView,
} from './views.ts';

/** A handler for the questions and orders of `views.ts`. */
export function answers(running: Running, clock: Clock): ControlHandler {
  const desk = new Desk(running, clock);
  const { detail } = desk;
  return (verb, args) => {
    const text = typeof args['text'] === 'string' ? args['text'] : undefined;
    switch (verb) {
      case 'peers':
        return desk.peers();
      case 'peer':
        return detail(running.peer(args['name']));
      case 'routes':
        return desk.routes(args);
      case 'disable':
        return detail(running.disable(args['peer'], text));
      case 'enable':
        return detail(running.enable(args['peer']));
      case 'restart':
        return detail(running.restart(args['peer'], text));
      case 'refresh':
        return detail(running.refresh(args['peer'], args['way']));
      case 'announce':
        return running.announce(args);
      case 'withdraw':
        return running.withdraw(args['prefix']);
      case 'reload':
        return running.reload();
      default:
        throw new ControlError(`this speaker does not know '${verb}'`, 2);
    }
  };
}

/** What a peer's views are made of, beside the speaker's own. */
export type KnownPeer = Pick<
  SpeakPeer,
  | 'name'
  | 'description'
  | 'address'
  | 'interface'
  | 'port'
  | 'asn'
  | 'families'
  | 'maxPrefix'
  | 'role'
  | 'password'
  | 'ttlSecurity'
>;

/** A router and who its peers are: a speaker of a file, or an agent's. */
export interface Subject {
  readonly router: Router;
  readonly config: Pick<SpeakConfig, 'asn' | 'id'> & { readonly peers: readonly KnownPeer[] };
  /** Throws a {@link ControlError} when there is none. */
  peer(name: unknown): Peer;
}

export class Desk {
  readonly #running: Subject;
  readonly #clock: Clock;
  readonly #began: Instant;

  constructor(running: Subject, clock: Clock) {
    this.#running = running;
    this.#clock = clock;
    this.#began = clock.now();
  }

  peers(): PeersView {
    const { speaker } = this.#running.router;
    const routes: { [family: Family]: number } = {};
    for (const [family, size] of Object.entries(sizes(speaker))) routes[family as Family] = size.prefixes;
    return {
      schema: 'nearcast.peers/1',
      at: new Date().toISOString(),
      router: { asn: this.#config.asn, id: this.#config.id, since: this.#iso(this.#began), routes },
      peers: this.#config.peers.flatMap((p) => {
        const peer = speaker.peers.get(p.name);
        return peer ? [this.#view(peer, p)] : [];
      }),
    };
  }

  readonly detail = (peer: Peer): PeerDetailView => {
    const { established, counters, machine } = peer;
    const config = this.#config.peers.find((p) => p.name === peer.name) as KnownPeer;
    const negotiated = established?.negotiated;
    const protection = [
      ...(config.password ? ['TCP MD5'] : []),
      ...(config.ttlSecurity === undefined ? [] : [`TTL security, ${counted(config.ttlSecurity, 'hop')}`]),
    ];
    return {
      ...this.#view(peer, config),
      schema: 'nearcast.peer/1',
      at: new Date().toISOString(),
      kind: (negotiated?.remoteAsn ?? peer.options.session.remoteAsn) === this.#config.asn ? 'ibgp' : 'ebgp',
      ...(negotiated
        ? {
            localAddress: negotiated.local,
            remoteId: negotiated.remoteId,
            capabilities: negotiated.remoteCapabilities.map(capabilityPhrase),
            agreed: agreements(negotiated),
            ...(negotiated.remoteRole ? { remoteRole: negotiated.remoteRole } : {}),
          }
        : {}),
      protection,
      import: policyView(peer.import.policy),
      export: policyView(peer.export.policy),
      messages: {
        received: { total: counters.messagesIn, updates: counters.updatesIn },
        sent: { total: counters.messagesOut, updates: counters.updatesOut },
      },
      established: machine.ups,
    };
  };

  routes(args: Args): Iterable<RouteView> {
    const { speaker } = this.#running.router;
    const prefix = typeof args['prefix'] === 'string' ? parsePrefix(args['prefix']) : undefined;
    const address = typeof args['address'] === 'string' ? parseAddress(args['address']) : undefined;
    const name = typeof args['peer'] === 'string' ? args['peer'] : undefined;
    const peer = name === undefined ? undefined : this.#running.peer(name);
    const selection: Selection = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(address === undefined ? {} : { address }),
      ...(args['longer'] === true ? { longer: true } : {}),
      ...(peer ? { peer: peer.name } : {}),
      ...(args['best'] === true ? { bestOnly: true } : {}),
    };
    if (args['table'] === 'advertised') {
      if (!peer) throw new ControlError('say whose advertised routes: --peer NAME', 2);
      return map(advertised(speaker, peer, selection), (r) =>
        routeView({
          ...r,
          peer: undefined,
          best: true,
          equal: false,
          refused: false,
          stale: false,
          age: 0,
          validation: 'unverified',
        }),
      );
    }
    const second = Math.floor((this.#clock.now() - this.#began) / 1000);
    const received = args['table'] === 'received';
    return map(routes(speaker, { ...selection, ...(received ? { received: true } : {}) }, second), routeView);
  }

  get #config(): Subject['config'] {
    return this.#running.config;
  }

  #view(peer: Peer, config: KnownPeer): PeerView {
    const { machine, established } = peer;
    const now = this.#clock.now();
    const asn = established?.negotiated.remoteAsn ?? (config.asn === 'any' ? undefined : config.asn[0]);
    const session = viewOf(machine, now);
    const down = session.lastDown;
    const bfd = this.#running.router.bfd(config.name)?.state;
    return {
      name: config.name,
      ...(config.description === undefined ? {} : { description: config.description }),
      address: config.address,
      ...(config.interface === undefined ? {} : { interface: config.interface }),
      port: config.port,
      ...(asn === undefined ? {} : { asn }),
      state: session.admin === 'up' ? machineState(session.state) : 'disabled',
      since: this.#iso(session.since ?? this.#began),
      uptime: established ? Math.floor((now - (session.lastUp ?? now)) / 1000) : 0,
      families: established?.negotiated.families ?? config.families,
      prefixes: this.#counts(peer, config),
      ...(session.admin === 'up' && session.why !== undefined ? { why: session.why } : {}),
      ...(down ? { lastDown: { text: down.reason, at: this.#iso(session.lastDownAt ?? now) } } : {}),
      ...(config.role ? { role: config.role } : {}),
      ...(established ? { holdTime: established.negotiated.holdTime } : {}),
      ...(bfd ? { bfd } : {}),
    };
  }

  #counts(peer: Peer, config: KnownPeer): { readonly [family: Family]: PrefixCounts } {
    const { sources } = this.#running.router.speaker.rib;
    const counts: { [family: Family]: PrefixCounts } = {};
    for (const family of peer.established?.negotiated.families ?? config.families) {
      const exchange = peer.established?.exchanges.get(family);
      const stale = (peer.stale.get(family) ?? []).reduce((n, s) => n + (sources.routes[s] as number), 0);
      const limit = config.maxPrefix[family]?.limit;
      counts[family] = {
        received: exchange ? (sources.routes[exchange.source] as number) : 0,
        accepted: exchange ? (sources.accepted[exchange.source] as number) : 0,
        advertised: exchange?.out.size ?? 0,
        ...(stale > 0 ? { stale } : {}),
        ...(limit === undefined ? {} : { limit }),
      };
    }
    return counts;
  }

  #iso(at: Instant): string {
    return new Date(Date.now() - (this.#clock.now() - at)).toISOString();
  }
}

function policyView(policy: Policy): PolicyView {
  return { ...(policy.name === undefined ? {} : { name: policy.name }), rules: formatPolicy(policy) };
}

/** What both sides agreed on, each as a phrase. */
function agreements(n: NonNullable<Peer['established']>['negotiated']): readonly string[] {
  const gr = n.gracefulRestart;
  return [
    n.receive.asn4 ? '4-octet AS numbers' : '2-octet AS numbers',
    ...(n.routeRefresh ? [n.enhancedRefresh ? 'enhanced route refresh' : 'route refresh'] : []),
    ...(n.send.extendedMessage ? ['extended messages'] : []),
    ...n.receive.addPath.map((f) => `add-path receive for ${f}`),
    ...n.extendedNextHop.map((f) => `IPv6 next hops for ${f}`),
    ...(gr
      ? [
          `graceful restart, ${gr.restartTime} s${gr.notification ? ', also after a NOTIFICATION' : ''}: ${gr.families.join(' ')}`,
        ]
      : []),
    ...(n.role && n.remoteRole ? [`roles: we are ${n.role}, it is ${n.remoteRole}`] : []),
  ];
}

export function routeView(r: Route): RouteView {
  const find = <K extends Attribute['kind']>(kind: K) =>
    r.attributes.find((a): a is Extract<Attribute, { kind: K }> => a.kind === kind);
  const nextHop = find('nextHop')?.nextHop ?? find('mpReach')?.nextHop;
  const path = find('asPath')?.path ?? [];
  const origin = find('origin')?.origin;
  const localPref = find('localPref')?.localPref;
  const med = find('med')?.med;
  const communities = find('communities')?.communities;
  const large = find('largeCommunities')?.communities;
  const extended = find('extendedCommunities')?.communities;
  const otc = find('otc')?.asn;
  return {
    prefix: r.prefix,
    family: r.family,
    best: r.best,
    from: r.peer ?? 'local',
    ...(r.pathId === undefined ? {} : { pathId: r.pathId }),
    ...(nextHop === undefined ? {} : { nextHop }),
    path: formatPath(path),
    ...(origin === undefined ? {} : { origin }),
    ...(localPref === undefined ? {} : { localPref }),
    ...(med === undefined ? {} : { med }),
    ...(communities ? { communities } : {}),
    ...(large ? { largeCommunities: large } : {}),
    ...(extended ? { extendedCommunities: extended } : {}),
    ...(otc === undefined ? {} : { otc }),
    validation: r.validation,
    refused: r.refused,
    ...(r.why === undefined ? {} : { why: r.why }),
    stale: r.stale,
    age: r.age,
  };
}

/** `Established` → `established`, `OpenSent` → `openSent`. */
function machineState(state: string): PeerState {
  return `${(state[0] as string).toLowerCase()}${state.slice(1)}` as PeerState;
}

function* map<A, B>(items: Iterable<A>, to: (item: A) => B): Generator<B> {
  for (const item of items) yield to(item);
}
