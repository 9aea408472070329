// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
/**
 * The judge of the predictor: the same small internet once as numbers (`predict`) and once message by message (`emulate`), with
 * a real speaker for every AS and every site, policy after Gao and Rexford, and messages that overtake each other. Every AS must
 * end with the same next hop, the same site and the same length.
 */
import { type Address, type Asn, instant, ipv4, millis, type Prefix, Random } from '../src/base/index.ts';
import { Link, Router, VirtualClock } from '../src/emulate/index.ts';
import type { Policy, Rule } from '../src/policy/index.ts';
import {
  CUSTOMER,
  lengthOf,
  NONE,
  networkOf,
  nextHopOf,
  ORIGIN,
  PEER,
  propagate,
  routesFor,
  type Seeds,
} from '../src/predict/index.ts';
import { randomGraph, randomSeeds } from '../src/predict/kernel/twin.ts';
import { routes } from '../src/speaker/index.ts';
import { type Graph, neighboursOf } from '../src/topology/index.ts';
import { IPV4_UNICAST, pathLength } from '../src/wire/index.ts';

const PREFIX = '203.0.113.0/24' as Prefix;
const NO_EXPORT = '65535:65281';
/** Long enough for sessions to come up and for all that is said to be heard; nothing here waits for minutes. */
const CALM = instant(100_000);

export interface Case {
  readonly seed: number;
  readonly graph: Graph;
  readonly seeds: Seeds;
}

/** The small internet of a seed: 3 to 14 ASes, one to six places where the prefix comes in. */
export function caseOf(seed: number): Case {
  const random = new Random(seed);
  const graph = randomGraph(random);
  const seeds = randomSeeds(random, graph);
  // The operator is an AS of its own, below, between or above the others' numbers.
  let operator = random.between(1, 1000);
  while (graph.asns.includes(operator)) operator++;
  for (let s = 0; s < seeds.count; s++) if (seeds.routeClass[s] !== ORIGIN) seeds.nextHop[s] = operator;
  return { seed, graph, seeds };
}

/** By AS: `next hop, site, length`, or nothing without a route. */
export function predicted({ graph, seeds }: Case): Map<Asn, string> {
  const network = networkOf(graph);
  const held = routesFor(graph, seeds.count);
  propagate(network, seeds, held);
  const found = new Map<Asn, string>();
  for (const [v, asn] of graph.asns.entries())
    if (held.rank[v] !== NONE)
      found.set(
        asn,
        `via AS${nextHopOf(network, seeds, held, v)} to site ${held.site[v]}, length ${lengthOf(held.rank[v] as number)}`,
      );
  return found;
}

type Neighbour = 'customer' | 'peer' | 'provider';

const PREFERENCE = { customer: 300, peer: 200, provider: 100 } as const;
/** Where a route came from is written on it inside the AS. */
const OWN = '65000:1';
/** An AS keeps what it announces itself to itself. NO_EXPORT would not do: it binds those who hear it (RFC 1997). */
const KEPT = '65000:2';

function importFrom(neighbour: Neighbour): Policy {
  const mark = neighbour === 'customer' ? { add: [OWN] } : {};
  return {
    rules: [
      {
        then: { localPref: PREFERENCE[neighbour], communities: { remove: [OWN], ...mark } },
        end: 'accept',
      },
    ],
  };
}

function exportTo(neighbour: Neighbour): Policy {
  const then = { communities: { remove: [OWN] } };
  const kept: Rule = { when: { communities: [KEPT] }, end: 'reject' };
  if (neighbour === 'customer') return { rules: [kept, { then, end: 'accept' }] };
  return {
    rules: [
      kept,
      { when: { communities: [OWN] }, then, end: 'accept' },
      { when: { source: [{ kind: 'local' }] }, then, end: 'accept' },
    ],
  };
}

/** The same, by running it. */
export function emulated({ seed, graph, seeds }: Case): Map<Asn, string> {
  const random = new Random(seed ^ 0x5eed);
  const clock = new VirtualClock();
  const watch = { note: () => {}, moved: () => {} };
  const make = (name: string, asn: Asn, tie: number) =>
    new Router(name, { asn, id: ipv4(0x0a00_0000 + asn * 8 + tie) }, [PREFIX], {
      clock,
      random: random.fork(),
      watch,
    });
  const ases = Array.from(graph.asns, (asn) => make(`AS${asn}`, asn, 0));
  const siteOf = new Map<Router, number>();
  const join = (a: Router, b: Router, bIs: Neighbour, more: Policy | undefined) => {
    const link = new Link(`${a.name} ${b.name}`, millis(random.between(1, 60)), instant(-1e9));
    const aIs = bIs === 'peer' ? 'peer' : bIs === 'customer' ? 'provider' : 'customer';
    for (const [from, to, is] of [
      [a, b, bIs],
      [b, a, aIs],
    ] as const) {
      const { asn, id } = from.options;
      from.ports.set(to.name, { link, router: to, peer: from.name, local: id, remote: to.options.id });
      from.peers.push({
        name: to.name,
        address: to.options.id,
        session: { localAsn: asn, localId: id, remoteAsn: to.options.asn, families: [IPV4_UNICAST] },
        import: importFrom(is),
        export: (from === b && more) || exportTo(is),
        nextHop: { [IPV4_UNICAST]: id as Address },
      });
    }
  };
  for (const [v, as] of ases.entries()) {
    for (const u of neighboursOf(graph.customers, v)) join(as, ases[u] as Router, 'customer', undefined);
    for (const u of neighboursOf(graph.peers, v)) if (u > v) join(as, ases[u] as Router, 'peer', undefined);
  }
  const sites: Router[] = [];
  const origins = new Map<Router, number>();
  for (let s = 0; s < seeds.count; s++) {
    const as = ases[seeds.at[s] as number] as Router;
    const routeClass = seeds.routeClass[s] as number;
    if (routeClass === ORIGIN) {
      // Of several own announcements of one AS the first counts.
      if (!origins.has(as)) origins.set(as, s);
      continue;
    }
    // Of one operator's equally good sites the first counts: the lowest router id.
    const site = make(`site ${s}`, seeds.nextHop[s] as number, s);
    siteOf.set(site, s);
    sites.push(site);
    const prepend = (seeds.length[s] as number) - 1;
    const quiet = seeds.quiet[s] === 1 ? { communities: { add: [NO_EXPORT] } } : {};
    const more = prepend > 0 ? { prepend } : {};
    join(as, site, routeClass === CUSTOMER ? 'customer' : routeClass === PEER ? 'peer' : 'provider', {
      rules: [{ when: { source: [{ kind: 'local' }] }, then: { ...quiet, ...more }, end: 'accept' }],
    });
  }
  for (const router of [...ases, ...sites]) router.start();
  for (const site of sites) site.feed({ kind: 'announce', prefix: PREFIX, attributes: [] });
  for (const [as, s] of origins) {
    const asns = Array<Asn>(seeds.length[s] as number).fill(as.options.asn);
    as.feed({
      kind: 'announce',
      prefix: PREFIX,
      attributes: [
        ...(asns.length > 0
          ? [{ kind: 'asPath' as const, path: [{ kind: 'sequence' as const, asns }] }]
          : []),
        ...(seeds.quiet[s] === 1 ? [{ kind: 'communities' as const, communities: [KEPT] }] : []),
      ] as never,
    });
  }
  clock.run(CALM);
  const found = new Map<Asn, string>();
  for (const as of ases) {
    if (as.best[0] === undefined) continue;
    let at = as;
    for (let next = at.best[0]; next !== undefined && next !== 'here'; next = at.best[0]) at = next.router;
    const site = siteOf.get(at) ?? origins.get(at);
    const [best] = [...routes(as.speaker as NonNullable<typeof as.speaker>, { bestOnly: true }, 0)];
    const path = best?.attributes.find((a) => a.kind === 'asPath')?.path ?? [];
    const hop = as.best[0] === 'here' ? as.options.asn : as.best[0].router.options.asn;
    found.set(as.options.asn, `via AS${hop} to site ${site}, length ${pathLength(path)}`);
  }
  return found;
}

/** Everything on which the two disagree, as text with the seed and the graph; empty when they agree. */
export function disagreement(given: Case): string {
  const [p, e] = [predicted(given), emulated(given)];
  const { graph, seeds } = given;
  const differ = [...graph.asns].filter((asn) => p.get(asn) !== e.get(asn));
  if (differ.length === 0) return '';
  const links = [...graph.asns].flatMap((asn, v) => [
    ...Array.from(neighboursOf(graph.customers, v), (u) => `${asn} > ${graph.asns[u]}`),
    ...Array.from(neighboursOf(graph.peers, v), (u) => (u > v ? `${asn} = ${graph.asns[u]}` : '')),
  ]);
  const WORDS = ['itself', 'customer', 'peer', 'provider'];
  return [
    `seed ${given.seed}`,
    ...links.filter((l) => l !== ''),
    ...Array.from({ length: seeds.count }, (_, s) => {
      const quiet = seeds.quiet[s] === 1 ? ', NO_EXPORT' : '';
      const to = WORDS[seeds.routeClass[s] as number];
      return `site ${s}: AS${seeds.nextHop[s]} to AS${graph.asns[seeds.at[s] as number]} as its ${to}, length ${seeds.length[s]}${quiet}`;
    }),
    ...differ.map(
      (asn) => `AS${asn}: predict ${p.get(asn) ?? 'no route'}; emulate ${e.get(asn) ?? 'no route'}`,
    ),
  ].join('\n');
}
