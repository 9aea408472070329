/** The questions of `nearcast predict` that compare: attacks, other ways of sending clients, better announcements. */
import type { Command } from 'commander';
import { readBitRate } from '../plan/index.ts';
import {
  type Attack,
  carried,
  type Failover,
  type Found,
  failoverOf,
  type Prediction,
  predict,
  RESPONSE_PREPEND,
  type Rival,
  responses,
  type SearchOptions,
  type SiteUnderAttack,
  type Sources,
  statesOf,
  type Tried,
  type Under,
  type UnderAttack,
  underAttack,
  versus,
} from '../predict/index.ts';
import { indexOf } from '../topology/index.ts';
import type { Expectation } from './expectation.ts';
import { EXIT, Failure } from './failure.ts';
import { INTERRUPTED, interrupt } from './interrupt.ts';
import { readSources } from './observations.ts';
import { landingMap, rate } from './predict-answers.ts';
import type { ObservedOptions } from './predict-observed.ts';
import { attackDraw, mapDraw, searchDraw, versusDraw } from './predict-pictures.ts';
import { MOST_THREADS, searchOn, threadsFor } from './predict-pool.ts';
import { type Answer, capacitiesOf, ms, PACK_PLACES, percent, type Stage, warn } from './predict-stage.ts';
import { progressBar } from './progress.ts';
import { type Column, formatTable } from './table.ts';

export interface WhatIfOptions extends ObservedOptions {
  readonly observed?: string;
  readonly attack?: string;
  readonly size?: string;
  readonly versus?: string;
  readonly ttl?: string;
  readonly search?: string;
  readonly goal?: string;
  readonly within?: string;
  readonly mostSites?: string;
  readonly threads?: string;
}

/** Adds the options of these questions. */
export function withWhatIf(command: Command): Command {
  return command
    .option(
      '--observed <file>',
      'clients and the sites they landed at, CSV or RIPE Atlas JSON: agreement, and what learning adds',
    )
    .option(
      '--probes <file>',
      'with --observed of RIPE Atlas: who its probes are, JSON of its API or archive',
    )
    .option(
      '--identity <pattern>',
      "with it: a regular expression whose first group is the site in a server's name",
    )
    .option('--save', 'with --observed: keep it beside the plan, for later predictions')
    .option('--attack <sources>', 'users, networks, country:BR, or a CSV of asn,weight')
    .option('--size <rate>', 'how much the attack sends in all: 2Tbps')
    .option('--versus <rivals>', 'the same clients otherwise: geodns,unicast:fra')
    .option('--ttl <time>', 'with --versus geodns: how long its names live; 60s unless given')
    .option('--search <what>', 'look for better prepends, or better sites')
    .option('--goal <goal>', 'p90-rtt (unless given) or balance')
    .option('--within <predictions>', 'how many to try at most; 200 unless given')
    .option('--most-sites <count>', 'with --search sites: announce from so many at most')
    .option('--threads <count>', 'with --search and --n-2: as many as there are processors unless given');
}

// ── attack ──

const UNDER_ATTACK: readonly Column<SiteUnderAttack>[] = [
  { title: 'SITE', text: (s) => s.site },
  { title: 'ATTACK', align: 'right', text: (s) => rate(s.load) },
  { title: 'CAPACITY', align: 'right', text: (s) => (s.capacity === undefined ? '?' : rate(s.capacity)) },
  {
    title: 'STATE',
    text: (s) => (s.overwhelmed ? 'overwhelmed' : s.capacity === undefined ? 'unknown' : 'absorbs'),
    colour: (s) => (s.overwhelmed ? 'red' : s.capacity === undefined ? 'yellow' : 'green'),
  },
  { title: 'PASSES', align: 'right', text: (s) => percent(s.passes) },
  { title: 'CLIENTS', align: 'right', text: (s) => percent(s.clients) },
];

/** What could be done, or nothing. */
interface Choice {
  readonly name: string;
  readonly outcome: UnderAttack;
}

const RESPONSES: readonly Column<Choice>[] = [
  { title: 'RESPONSE', text: (r) => r.name },
  { title: 'SERVED', align: 'right', text: (r) => percent(r.outcome.served) },
  { title: 'ABSORBED', align: 'right', text: (r) => rate(r.outcome.absorbed) },
  {
    title: 'OVERWHELMED',
    text: (r) => r.outcome.sites.flatMap((s) => (s.overwhelmed ? [s.site] : [])).join(' ') || 'none',
  },
];

/** By routes, or by what was seen where something was. */
export function attackAnswer(
  options: WhatIfOptions,
  { plan, prediction }: Stage,
  seen: Expectation | undefined,
  colour: boolean,
): Answer {
  const size = readBitRate(options.size ?? '');
  if (!size)
    throw new Failure(`--attack wants --size, such as 2Tbps, not '${options.size ?? ''}'`, EXIT.usage);
  const attack: Attack = {
    sources: sourcesOf(options.attack as string),
    size,
    capacities: capacitiesOf(plan),
  };
  const now = underAttack(seen?.expected.seen ?? prediction, attack);
  const unknown = now.sites.filter((s) => s.capacity === undefined).map((s) => s.site);
  if (unknown.length > 0 && unknown.length < now.sites.length)
    warn(`the plan gives no capacity for ${unknown.join(', ')}: taken to absorb everything`);
  if (now.unreached >= size || now.sites.every((s) => s.load === 0))
    throw new Failure('no source of this attack is in the data with a route; nothing of it arrives');
  const strange =
    attack.sources.kind === 'listed' ? unknownSources(prediction, attack.sources.weights) : undefined;
  if (strange) warn(strange.said);
  const bar = progressBar('responses tried');
  const found = responses(
    prediction,
    attack,
    seen && ((after) => carried(seen.expected, after).seen),
    bar.tell,
  );
  bar.end();
  const choices: Choice[] = [
    { name: 'nothing', outcome: now },
    ...found.map((r) => ({
      name: r.do === 'prepend' ? `prepend ${RESPONSE_PREPEND} at ${r.site}` : `withdraw ${r.site}`,
      outcome: r.outcome,
    })),
  ].sort((a, b) => b.outcome.served - a.outcome.served);
  const worst = [...now.sites].sort((a, b) => pressure(b) - pressure(a) || b.load - a.load);
  return {
    json: { attack: now, responses: found, ...(strange && { unknownSources: strange.part }) },
    text: () =>
      [
        formatTable(UNDER_ATTACK, worst, colour),
        ...(unknown.length === now.sites.length
          ? ['what is absorbed and who is still served hangs on capacities, of which the plan gives none']
          : [
              `${percent(now.served)} of the clients' traffic is still served; ${rate(now.absorbed)} of ${rate(size)} is absorbed`,
              '',
              formatTable(RESPONSES, choices, colour),
              'The own load of the sites is not counted, and an overwhelmed site drops clients and attack alike.',
            ]),
        '',
      ].join('\n'),
    chart: attackDraw(now, size, found),
    map: landingMap(prediction, seen),
  };
}

/** How far over its capacity a site is. */
const pressure = (s: SiteUnderAttack) => (s.capacity === undefined ? 0 : s.load / s.capacity);

/** Sources that the data does not know send nothing: the others send the whole attack. */
function unknownSources(prediction: Prediction, weights: ReadonlyMap<number, number>) {
  const { graph } = prediction.ground.world;
  const strange = [...weights].filter(([asn]) => indexOf(graph, asn) < 0);
  if (strange.length === 0) return undefined;
  const sum = (list: Iterable<readonly [number, number]>) => [...list].reduce((n, [, w]) => n + w, 0);
  const part = sum(strange) / (sum(weights) || 1);
  const named = strange.slice(0, 3).map(([asn]) => `AS${asn}`);
  const more = strange.length > named.length ? ` and ${strange.length - named.length} more` : '';
  return {
    part,
    said: `the data knows no ${named.join(', ')}${more}, ${percent(part)} of the attack's weight: the other sources are taken to send all of it`,
  };
}

function sourcesOf(text: string): Sources {
  if (text === 'users' || text === 'networks') return { kind: text };
  const country = /^country:([A-Za-z]{2})$/.exec(text);
  if (country) return { kind: 'country', cc: (country[1] as string).toUpperCase() };
  const { weights, complaints } = readSources(text);
  complaints.forEach(warn);
  return { kind: 'listed', weights };
}

// ── versus ──

/** One way of sending clients, and how long a failure lasts under it. */
type Ways = Under & { readonly failover: Failover };

const UNDER: readonly Column<Ways>[] = [
  { title: 'UNDER', text: (u) => u.name },
  { title: 'RTT P50', align: 'right', text: (u) => ms(u.rtt?.median) },
  { title: 'P90', align: 'right', text: (u) => ms(u.rtt?.p90) },
  { title: 'P99', align: 'right', text: (u) => ms(u.rtt?.p99) },
  { title: 'NO ROUTE', align: 'right', text: (u) => percent(u.unreached) },
  {
    title: 'FULLEST',
    text: (u) => {
      const most = u.load.reduce((a, b) => (b.part > a.part ? b : a), { site: '', part: 0 });
      return `${most.site} ${percent(most.part)}`;
    },
  },
  { title: 'FAILOVER', text: (u) => u.failover.words },
];

const CAVEAT =
  'Failover counts from when the failure is noticed. Some resolvers keep names longer than their TTL, and geodns is taken to know where every client is.';

/** By routes; anycast by what was seen where something was. */
export function versusAnswer(
  text: string,
  ttl: string | undefined,
  { prediction }: Stage,
  seen: Expectation | undefined,
  colour: boolean,
): Answer {
  const rivals = text.split(',').map((word): Rival => {
    if (word === 'geodns') return { kind: 'geodns' };
    const site = /^unicast:(.+)$/.exec(word)?.[1];
    if (site !== undefined && prediction.sites.includes(site)) return { kind: 'unicast', site };
    throw new Failure(
      `--versus wants geodns or unicast:SITE, with commas between, not '${word}'; the sites are ${prediction.sites.join(', ')}`,
      EXIT.usage,
    );
  });
  const named = rivals.some((r) => r.kind === 'geodns');
  if (named && !prediction.ground.placed)
    throw new Failure(`geodns sends clients by where they are, and the world does not say: ${PACK_PLACES}`);
  if (named && prediction.places.every((at) => at === undefined))
    throw new Failure(
      'geodns sends clients to the nearest site, and the plan does not say where any site is',
    );
  const seconds = ttlOf(ttl);
  const ways = ['anycast' as const, ...rivals];
  const found = versus(prediction, rivals, seen?.expected.seen).map(
    (u, i): Ways => ({ ...u, failover: failoverOf(ways[i] as Rival, seconds) }),
  );
  return {
    // JSON has no infinity: null is "not before the site is back".
    json: { versus: found, ttlSeconds: seconds },
    text: () => `${formatTable(UNDER, found, colour)}\n${CAVEAT}\n`,
    chart: versusDraw(found, CAVEAT),
    map: landingMap(prediction, seen),
  };
}

/** The longest time to live that DNS can say is 68 years; a week is the longest that resolvers keep to. */
const LONGEST_TTL = 604_800;

function ttlOf(text = '60s'): number {
  const m = /^(\d+)(s|m|h)$/.exec(text);
  const seconds = Number(m?.[1]) * { s: 1, m: 60, h: 3600 }[(m?.[2] ?? 's') as 's'];
  if (!m || seconds > LONGEST_TTL)
    throw new Failure(`--ttl wants a time up to a week, such as 60s or 5m, not '${text}'`, EXIT.usage);
  return seconds;
}

// ── search ──

const CHANGE: readonly Column<Tried>[] = [{ title: 'CHANGE', text: (t) => t.change }];
/** As many of the best tries are shown; JSON has all. */
const SHOWN = 10;

/** A score of round trips is the p90 in whole milliseconds and, behind the point, the median. */
const trips = (score: number) => ({ p90: Math.floor(score), median: Math.round(1000 * (score % 1)) });

function scoreColumns(goal: string): readonly Column<Tried>[] {
  const of = (text: (score: number) => string) => (t: Tried) =>
    Number.isFinite(t.score) ? text(t.score) : 'unserved';
  if (goal === 'balance')
    return [{ title: 'FULLEST', align: 'right', text: of((v) => `×${v.toFixed(3)}`) }, ...CHANGE];
  return [
    { title: 'RTT P90', align: 'right', text: of((v) => ms(trips(v).p90)) },
    { title: 'MEDIAN', align: 'right', text: of((v) => ms(trips(v).median)) },
    ...CHANGE,
  ];
}

function scoreIn(value: number, goal: string): string {
  if (!Number.isFinite(value)) return 'unserved';
  if (goal === 'balance') return `×${value.toFixed(3)}`;
  return `${ms(trips(value).p90)} (median ${ms(trips(value).median)})`;
}

export async function searchAnswer(
  options: WhatIfOptions,
  { plan, prediction }: Stage,
  colour: boolean,
): Promise<Answer> {
  const { search: over, goal = 'p90-rtt' } = options;
  if (over !== 'prepends' && over !== 'sites')
    throw new Failure(`--search wants prepends or sites, not '${over}'`, EXIT.usage);
  if (goal !== 'p90-rtt' && goal !== 'balance')
    throw new Failure(`--goal wants p90-rtt or balance, not '${goal}'`, EXIT.usage);
  if (goal === 'p90-rtt' && !prediction.places.some((at) => at && prediction.ground.placed))
    throw new Failure(
      prediction.ground.placed
        ? 'there are no round trips to make shorter: the plan does not say where any site is; or use --goal balance'
        : `there are no round trips to make shorter: the world does not say where networks are; ${PACK_PLACES}, or use --goal balance`,
    );
  const within = countOf(options.within ?? '200', '--within');
  const threads = threadsOf(options.threads, prediction, within);
  const looks: SearchOptions = {
    over,
    goal,
    within,
    ...(options.mostSites === undefined ? {} : { mostSites: countOf(options.mostSites, '--most-sites') }),
    capacities: capacitiesOf(plan),
  };
  const bar = progressBar('tried');
  const most = Math.min(within, statesOf(prediction.deployment, looks));
  const stop = interrupt();
  const found = await searchOn(
    threads,
    prediction.ground,
    prediction.deployment,
    looks,
    (count) => bar.tell(count, most),
    () => stop.asked,
  ).finally(() => {
    bar.end();
    stop.end();
  });
  const stopped = stop.asked && !found.exhausted && found.trace.length < within;
  return {
    ...(stopped && { exit: INTERRUPTED }),
    json: { search: { ...found, over, goal, within, ...(stopped && { stopped }) } },
    text: () => `${stopped ? 'stopped before the end\n' : ''}${searchText(found, goal, colour)}`,
    chart: searchDraw(found, unitOf(goal)),
    map: mapDraw(predict(prediction.ground, found.deployment), {
      title: 'Who would land where with the best that was found',
    }),
  };
}

/** As many threads as were asked for, or as are worth it for so many predictions. */
export function threadsOf(text: string | undefined, prediction: Prediction, predictions: number): number {
  if (text !== undefined) {
    const threads = countOf(text, '--threads');
    if (threads > MOST_THREADS)
      throw new Failure(`--threads wants at most ${MOST_THREADS}, not '${text}'`, EXIT.usage);
    return threads;
  }
  return threadsFor(prediction.ground, predictions);
}

const unitOf = (goal: string) =>
  goal === 'balance' ? 'load of the fullest site over its fair part' : 'p90 round trip in ms';

function searchText(found: Found, goal: string, colour: boolean): string {
  const { changes, trace, first, exhausted } = found;
  const from = Number.isFinite(first) ? `${scoreIn(first, goal)} → ` : '';
  const head =
    changes.length === 0
      ? 'nothing that was tried is better than what is'
      : `${goal === 'balance' ? 'the fullest site, over its fair part' : 'p90 round trip'}: ${from}${scoreIn(found.score, goal)}\n${changes.map((c) => `  ${c}`).join('\n')}`;
  const best = [...trace].sort((a, b) => a.score - b.score).slice(0, SHOWN);
  return [
    head,
    `${trace.length} tried${exhausted ? ', which is all there is' : ''}; the best of them, each from the state before it:`,
    formatTable(scoreColumns(goal), best, colour),
    '',
  ].join('\n');
}

function countOf(text: string, option: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new Failure(`${option} wants a number from 1 to 1000000, not '${text}'`, EXIT.usage);
  return count;
}
