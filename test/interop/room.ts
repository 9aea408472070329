/** What one cell works in: a star of its own, routers on it, and the questions that most cells ask. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type End, Star } from './namespace.ts';
import { sleep, until } from './process.ts';
import {
  type Announcement,
  type Family,
  isV6,
  type Kind,
  type Neighbor,
  type Route,
  type Router,
  type Spec,
  sorted,
} from './router.ts';
import { Wiretap } from './wiretap.ts';

/** What one side of a pair is told, beside the addresses. */
export interface Side {
  readonly asn?: number;
  readonly announce?: readonly Announcement[];
  readonly gracefulRestart?: number;
  /** What this side says about its neighbour. */
  readonly neighbor?: Partial<Neighbor>;
}

/** Two routers on one link: `ours` at the hub, `theirs` on the spoke. */
export interface Pair {
  readonly ours: Router;
  readonly theirs: Router;
  /** `theirs` as `ours` sees it, and the other way about. */
  readonly us: Neighbor;
  readonly them: Neighbor;
}

export const OUR_ASN = 64500;
export const THEIR_ASN = 64600;

/** What runs in a room. */
export interface Guest {
  readonly name: string;
  stop(): Promise<void>;
  thaw?(): void;
  log(): string;
}

export class Room {
  readonly ours: Kind;
  readonly theirs: Kind;
  readonly #stars: Star[] = [];
  readonly #guests: Guest[] = [];
  readonly #taps: Wiretap[] = [];
  #folders = 0;

  constructor(ours: Kind, theirs: Kind) {
    this.ours = ours;
    this.theirs = theirs;
  }

  async star(spokes: number): Promise<Star> {
    const star = await Star.make(spokes);
    this.#stars.push(star);
    return star;
  }

  /** Makes a router; `position` is the hub or the number of a spoke. */
  router(kind: Kind, spec: Spec, star: Star, position: 'hub' | number): Router {
    const where = position === 'hub' ? star.hub : star.spokes[position];
    if (where === undefined) throw new Error(`the star has no spoke ${position}`);
    const folder = join(star.folder, `${++this.#folders}-${kind.name}`);
    mkdirSync(folder, { recursive: true });
    const router = kind.make(spec, where, folder);
    this.keep(router);
    return router;
  }

  /** Something that runs: it is stopped when the cell is over, and its log is in the report of a failure. */
  keep(guest: Guest): void {
    this.#guests.push(guest);
  }

  async tap(star: Star, spoke = 0): Promise<Wiretap> {
    const tap = await Wiretap.start(
      star.hub,
      `link${spoke + 1}`,
      join(star.folder, `${++this.#folders}.pcap`),
    );
    this.#taps.push(tap);
    return tap;
  }

  /** The two descriptions of a plain pair; `family` is what the session runs over and, unless said otherwise, carries. */
  specs(star: Star, ours: Side = {}, theirs: Side = {}, family: Family = 'ipv4'): [Spec, Spec] {
    const ends: [End, End] = [star.hubEnd(0), star.spokeEnd(0)];
    const [hub, spoke] = family === 'ipv4' ? [ends[0].ip4, ends[1].ip4] : [ends[0].ip6, ends[1].ip6];
    const [ourAsn, theirAsn] = [ours.asn ?? OUR_ASN, theirs.asn ?? THEIR_ASN];
    const common = { families: [family], link: 'link1', holdTime: 9 } as const;
    const restart = (side: Side) =>
      side.gracefulRestart === undefined ? {} : { gracefulRestart: side.gracefulRestart };
    return [
      {
        asn: ourAsn,
        id: '10.9.0.1',
        neighbors: [{ asn: theirAsn, local: hub, address: spoke, ...common, ...ours.neighbor }],
        announce: (ours.announce ?? []).map((a) => makeable(this.ours, ourAsn, a)),
        ...restart(ours),
      },
      {
        asn: theirAsn,
        id: '10.9.0.2',
        neighbors: [{ asn: ourAsn, local: spoke, address: hub, ...common, ...theirs.neighbor }],
        announce: (theirs.announce ?? []).map((a) => makeable(this.theirs, theirAsn, a)),
        ...restart(theirs),
      },
    ];
  }

  pairOn(star: Star, ours: Side = {}, theirs: Side = {}, family: Family = 'ipv4'): Pair {
    const [a, b] = this.specs(star, ours, theirs, family);
    return {
      ours: this.router(this.ours, a, star, 'hub'),
      theirs: this.router(this.theirs, b, star, 0),
      us: a.neighbors[0] as Neighbor,
      them: b.neighbors[0] as Neighbor,
    };
  }

  /** Stops everything; gives the logs, for the report of a failed cell. */
  async leave(): Promise<string> {
    const log = this.#guests.map((g) => `--- ${g.name}\n${tail(g.log())}`).join('\n');
    for (const tap of this.#taps) await tap.stop().catch(() => undefined);
    for (const guest of this.#guests) {
      guest.thaw?.();
      await guest.stop().catch(() => undefined);
    }
    for (const star of this.#stars) await star.destroy(process.env['NEARCAST_INTEROP_KEEP'] !== undefined);
    return log;
  }
}

function tail(text: string): string {
  return text.split('\n').slice(-40).join('\n');
}

/** The announcement without what this daemon cannot make. */
export function makeable(kind: Kind, asn: number, a: Announcement): Announcement {
  const own = (a.path ?? []).map(() => asn);
  const { unknown, ...known } = a;
  return {
    ...known,
    ...(kind.can.path === true ? {} : { path: own }),
    ...(kind.can.unknown === true && unknown !== undefined ? { unknown } : {}),
  };
}

/** Starts both and waits until both say that the session is up. */
export async function meet(pair: Pair, timeoutMs = 20_000): Promise<void> {
  await Promise.all([pair.ours.start(), pair.theirs.start()]);
  await up(pair, timeoutMs);
}

export async function up(pair: Pair, timeoutMs = 20_000): Promise<void> {
  await until(
    'both say that the session is up',
    async () => (await pair.ours.session(pair.us)).up && (await pair.theirs.session(pair.them)).up,
    timeoutMs,
  );
}

export function down(router: Router, neighbor: Neighbor, timeoutMs: number): Promise<boolean> {
  return until(
    `${router.name} says that the session is down`,
    async () => !(await router.session(neighbor)).up,
    timeoutMs,
  );
}

export function sides(pair: Pair): [Router, Neighbor][] {
  return [
    [pair.ours, pair.us],
    [pair.theirs, pair.them],
  ];
}

/** For `ms` none of these routers says that its session is up. */
export async function staysDown(watched: readonly [Router, Neighbor][], ms = 4000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(200))
    for (const [router, neighbor] of watched)
      if ((await router.session(neighbor)).up)
        throw new Error(`the session came up at ${router.name}, which it must not`);
}

/** What the receiver should hold of an announcement, as the sender's direct neighbour. */
export function expected(sender: Spec, receiver: Kind, a: Announcement, nextHop: string): Route {
  const internal = sender.neighbors[0]?.asn === sender.asn;
  return {
    prefix: a.prefix,
    origin: a.origin ?? 'igp',
    path: [...(internal ? [] : [sender.asn]), ...(a.path ?? [])].join(' '),
    nextHop,
    communities: sorted(a.communities ?? []),
    large: sorted(a.large ?? []),
    extended: sorted(a.extended ?? []),
    unknown: a.unknown === undefined || !receiver.showsUnknown ? [] : [`${a.unknown.code}:${a.unknown.hex}`],
    ...(a.med === undefined ? {} : { med: a.med }),
  };
}

/** Waits until a router holds exactly these routes from a neighbour. Fails with the difference. */
export async function holds(
  router: Router,
  neighbor: Neighbor,
  family: Family,
  wanted: readonly Route[],
  timeoutMs = 8000,
): Promise<void> {
  let seen = '';
  const want = wanted.map(line).sort().join('\n');
  const look = async () =>
    (seen = (await router.routes(neighbor, family)).map(line).sort().join('\n')) === want;
  await until('routes', look, timeoutMs).catch((error: Error) => {
    if (seen === want) throw error;
    throw new Error(`${router.name} holds\n${seen || '(nothing)'}\ninstead of\n${want || '(nothing)'}`);
  });
}

export async function prefixes(
  router: Router,
  neighbor: Neighbor,
  family: Family = 'ipv4',
): Promise<string[]> {
  return sorted((await router.routes(neighbor, family)).map((r) => r.prefix));
}

export async function holdsPrefixes(
  router: Router,
  neighbor: Neighbor,
  wanted: readonly string[],
  family: Family = 'ipv4',
  timeoutMs = 8000,
): Promise<void> {
  const want = sorted(wanted).join(' ');
  let seen = '';
  const look = async () => (seen = (await prefixes(router, neighbor, family)).join(' ')) === want;
  await until('routes', look, timeoutMs).catch((error: Error) => {
    if (seen === want) throw error;
    throw new Error(`${router.name} holds ${seen || 'nothing'} instead of ${want || 'nothing'}`);
  });
}

/** One route on one line. A MED of 0 and none at all are the same to several daemons, and to the decision process. */
function line(r: Route): string {
  const parts = [
    r.prefix,
    `path ${r.path}`,
    `origin ${r.origin}`,
    `via ${r.nextHop}`,
    `med ${r.med ?? 0}`,
    `communities ${r.communities.join(' ')}`,
    `large ${r.large.join(' ')}`,
    `extended ${r.extended.join(' ')}`,
    `unknown ${r.unknown.join(' ')}`,
  ];
  return parts.join(', ');
}

/** All that a path can carry, so that nothing can be lost unnoticed. */
export function rich(prefix: string): Announcement {
  return {
    prefix,
    origin: 'egp',
    path: [64999, 4200000001, 64999],
    med: 77,
    communities: ['64999:100', '65001:65535'],
    large: ['4200000001:4294967295:0', '64999:1:2'],
    extended: ['rt:64999:100'],
    unknown: { code: 0x99, hex: 'deadbeef' },
  };
}

export function plain(prefix: string): Announcement {
  return { prefix };
}

export { isV6 };
