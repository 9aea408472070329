/** The plain questions of `nearcast predict`: catchments, failures, another plan beside this one. */
import { formatBitRate, type Plan } from '../plan/index.ts';
import {
  type ClientAnswer,
  clientAnswer,
  type Prediction,
  type Failure as SiteFailure,
  type SiteSummary,
  type Summary,
} from '../predict/index.ts';
import type { Expectation } from './expectation.ts';
import type { Draw } from './picture-file.ts';
import { failuresDraw, type Marks, mapDraw, movesDraw, sharesDraw, tripsDraw } from './predict-pictures.ts';
import { type Answer, capacitiesOf, marksOf, ms, percent, type Stage } from './predict-stage.ts';
import { type Column, formatTable } from './table.ts';

// ── catchments ──

interface SiteRow extends SiteSummary {
  /** Bits per second, when the clients' traffic in all was said. */
  readonly load?: number | undefined;
  readonly capacity?: number | undefined;
}

function columns(surely: string, withLoad: boolean): readonly Column<SiteRow>[] {
  const load: readonly Column<SiteRow>[] = [
    { title: 'LOAD', align: 'right', text: (s) => (s.load === undefined ? '' : rate(s.load)) },
    {
      title: 'OF CAPACITY',
      align: 'right',
      text: (s) =>
        s.load === undefined
          ? ''
          : s.capacity === undefined
            ? '?'
            : `${percent(s.load / s.capacity)}${s.load > s.capacity ? ' too much' : ''}`,
      colour: (s) =>
        s.load !== undefined && s.capacity !== undefined && s.load > s.capacity ? 'red' : undefined,
    },
  ];
  return [
    { title: 'SITE', text: (s) => s.site },
    { title: 'SHARE', align: 'right', text: (s) => percent(s.share) },
    { title: surely, align: 'right', text: (s) => (s.share === 0 ? '' : percent(s.certain / s.share)) },
    { title: 'NETWORKS', align: 'right', text: (s) => String(s.networks) },
    ...(withLoad ? load : []),
    { title: 'RTT P50', align: 'right', text: (s) => ms(s.rtt?.median) },
    { title: 'P90', align: 'right', text: (s) => ms(s.rtt?.p90) },
    { title: 'P99', align: 'right', text: (s) => ms(s.rtt?.p99) },
    {
      title: 'FLY PAST',
      align: 'right',
      text: (s) => (s.weight === 0 || !s.rtt ? '' : percent(s.flyPast / s.weight)),
    },
  ];
}

export function summaryAnswer(
  s: Stage,
  traffic: number | undefined,
  colour: boolean,
  corrected?: Expectation,
): Answer {
  const summary = corrected?.summary ?? s.summary;
  const { world } = s.ground;
  const capacities = capacitiesOf(s.plan);
  const { sites, all, unreached } = summary;
  const total = all.weight + unreached || 1;
  const loadOf = (weight: number) => (traffic === undefined ? undefined : (weight / total) * traffic);
  const rows: SiteRow[] = [...sites]
    .sort((a, b) => b.share - a.share)
    .map((r) => ({ ...r, load: loadOf(r.weight), capacity: capacities.get(r.site) }));
  const sum = s.prediction.sites.every((x) => capacities.has(x))
    ? s.prediction.sites.reduce((n, x) => n + (capacities.get(x) as number), 0)
    : undefined;
  const last: SiteRow = { ...all, site: 'all', load: loadOf(all.weight), capacity: sum };
  const marks = marksOf(s.plan, s.prediction.sites, traffic);
  return {
    json: {
      summary: {
        ...summary,
        sites: summary.sites.map((r) => withLoad(r, loadOf(r.weight), capacities.get(r.site))),
      },
      unit: world.weightUnit,
      world: world.source,
      ...(corrected && { uncorrected: s.summary }),
    },
    text: () =>
      [
        formatTable(
          columns(corrected ? '95 % SURE' : 'CERTAIN', traffic !== undefined),
          [...rows, last],
          colour,
        ),
        `weighed by ${world.weightUnit}; ${percent(unreached / total)} of the weight has no route; FLY PAST: a nearer site is passed by`,
        '',
      ].join('\n'),
    chart: sharesDraw(summary, marks),
    map: landingMap(s.prediction, corrected),
  };
}

/** Who lands where by routes, or by what was seen where something was; the picture says which. */
export function landingMap(routes: Prediction, seen: Expectation | undefined): Draw {
  return seen
    ? mapDraw(seen.expected.seen, { title: 'Who lands where, corrected by what was seen' })
    : mapDraw(routes);
}

function withLoad(row: SiteSummary, load: number | undefined, capacity: number | undefined): SiteRow {
  return { ...row, ...(load !== undefined && { load }), ...(capacity !== undefined && { capacity }) };
}

/** The round trips as a distribution: the same table, another picture. */
export function tripsAnswer(s: Stage, colour: boolean, corrected?: Expectation): Answer {
  return {
    ...summaryAnswer(s, undefined, colour, corrected),
    chart: tripsDraw(corrected?.expected.seen ?? s.prediction),
  };
}

/** Bits per second in three digits. */
export function rate(bits: number): string {
  return bits < 1 ? '0 bps' : formatBitRate(Number(bits.toPrecision(3)));
}

// ── failures ──

interface FailureRow {
  readonly without: string;
  readonly moved: number;
  readonly unreached: number;
  readonly rttChange: number | undefined;
  readonly fullest: { readonly site: string; readonly grows: number; readonly capacity?: string } | undefined;
  /** Sites that get more than they can take. */
  readonly tooMuch: readonly string[];
}

const FAILURES: readonly Column<FailureRow>[] = [
  { title: 'WITHOUT', text: (r) => r.without },
  { title: 'MOVED', align: 'right', text: (r) => percent(r.moved) },
  { title: 'UNREACHED', align: 'right', text: (r) => percent(r.unreached) },
  {
    title: 'MEAN RTT',
    align: 'right',
    text: (r) =>
      r.rttChange === undefined ? '' : `${r.rttChange >= 0 ? '+' : ''}${r.rttChange.toFixed(1)} ms`,
  },
  {
    title: 'TAKES MOST',
    text: (r) =>
      r.fullest
        ? `${r.fullest.site} ×${r.fullest.grows.toFixed(2)}${r.fullest.capacity === undefined ? '' : ` (capacity ${r.fullest.capacity})`}`
        : '',
  },
];

const TOO_MUCH: Column<FailureRow> = {
  title: 'TOO MUCH AT',
  text: (r) => r.tooMuch.join(' ') || 'none',
  colour: (r) => (r.tooMuch.length > 0 ? 'red' : 'green'),
};

/** `failures`: every single one, or every pair, beside `base`, the state without; both by what was seen where something was. */
export function failuresAnswer(
  s: Stage,
  seen: Expectation | undefined,
  base: SiteFailure,
  failures: readonly SiteFailure[],
  traffic: number | undefined,
  colour: boolean,
): Answer {
  const marks = marksOf(s.plan, s.prediction.sites, traffic);
  const found = failures
    .map((f) => ({
      f,
      row: failureRow(s.prediction, s.plan, base, f, traffic === undefined ? undefined : marks),
    }))
    .sort((a, b) => b.row.moved + b.row.unreached - a.row.moved - a.row.unreached);
  const rows = found.map((x) => x.row);
  const already =
    traffic === undefined
      ? []
      : failureRow(s.prediction, s.plan, base, { ...base, without: [] }, marks).tooMuch;
  if (rows.length === 0)
    return {
      json: { failures: [] },
      text: () => 'only one site announces: there is no pair that could fail; see --n-1\n',
      map: landingMap(s.prediction, seen),
    };
  return {
    json: { failures: rows, ...(traffic !== undefined && { tooMuchAlready: already }) },
    text: () =>
      [
        formatTable(traffic === undefined ? FAILURES : [...FAILURES, TOO_MUCH], rows, colour),
        'MOVED: of all clients, to other sites; UNREACHED: without a route then; TAKES MOST: the site that grows most',
        traffic === undefined
          ? 'say --traffic 40Gbps, what all clients send together, to see which sites get too much'
          : already.length > 0
            ? `too much with every site in place: ${already.join(' ')}`
            : 'with every site in place none gets too much',
        '',
      ].join('\n'),
    // Without knowing the traffic a site's part of all capacity is no limit.
    chart: failuresDraw(
      s.prediction,
      base,
      found.map((x) => x.f),
      traffic === undefined ? undefined : marks,
    ),
    map: landingMap(s.prediction, seen),
  };
}

function failureRow(
  prediction: Prediction,
  plan: Plan,
  base: SiteFailure,
  f: SiteFailure,
  marks: Marks | undefined,
): FailureRow {
  const total = base.weights.reduce((n, w) => n + w, 0) + base.unreached || 1;
  let fullest: FailureRow['fullest'];
  const tooMuch: string[] = [];
  prediction.sites.forEach((site, i) => {
    const before = base.weights[i] as number;
    const after = f.weights[i] as number;
    if (f.without.includes(site)) return;
    if (after / total > (marks?.parts.get(site) ?? Number.POSITIVE_INFINITY)) tooMuch.push(site);
    if (before === 0) return;
    const grows = after / before;
    const capacity = plan.sites[site]?.capacity;
    if (!fullest || grows > fullest.grows)
      fullest = { site, grows, ...(capacity === undefined ? {} : { capacity: formatBitRate(capacity) }) };
  });
  // Who lands nowhere has moved to no other site.
  const lost = Math.max(0, f.unreached - base.unreached);
  const rttChange = f.meanRttMs - base.meanRttMs;
  return {
    without: f.without.join(' '),
    moved: Math.max(0, f.moved - lost) / total,
    unreached: f.unreached / total,
    rttChange: Number.isNaN(rttChange) ? undefined : rttChange,
    fullest,
    tooMuch,
  };
}

// ── another plan ──

interface Move {
  readonly from: string;
  readonly to: string;
  /** Of all weight, 0 … 1. */
  readonly part: number;
  readonly networks: number;
}

const NOWHERE = '(no route)';
/** Parts are kept in 32 bits: smaller differences are rounding. */
const LEAST = 1e-5;

const MOVES: readonly Column<Move>[] = [
  { title: 'FROM', text: (m) => m.from },
  { title: 'TO', text: (m) => m.to },
  { title: 'CLIENTS', align: 'right', text: (m) => percent(m.part) },
  { title: 'NETWORKS', align: 'right', text: (m) => String(m.networks) },
];

interface Shift {
  readonly site: string;
  readonly before: number;
  readonly after: number;
  readonly rtt: { readonly before: number | undefined; readonly after: number | undefined };
  /** Bits per second, when the clients' traffic in all was said. */
  readonly load: { readonly before: number; readonly after: number } | undefined;
  readonly capacity: number | undefined;
}

const SHIFTS: readonly Column<Shift>[] = [
  { title: 'SITE', text: (x) => x.site },
  { title: 'SHARE NOW', align: 'right', text: (x) => percent(x.before) },
  { title: 'THEN', align: 'right', text: (x) => percent(x.after) },
  { title: 'RTT P90 NOW', align: 'right', text: (x) => ms(x.rtt.before) },
  { title: 'THEN', align: 'right', text: (x) => ms(x.rtt.after) },
];

const LOADS: readonly Column<Shift>[] = [
  { title: 'LOAD NOW', align: 'right', text: (x) => (x.load ? rate(x.load.before) : '') },
  {
    title: 'THEN',
    align: 'right',
    text: (x) => (x.load ? `${rate(x.load.after)}${tooMuch(x) ? ' too much' : ''}` : ''),
    colour: (x) => (tooMuch(x) ? 'red' : undefined),
  },
  { title: 'CAPACITY', align: 'right', text: (x) => (x.capacity === undefined ? '?' : rate(x.capacity)) },
];

const tooMuch = (x: Shift) => x.load !== undefined && x.load.after > (x.capacity ?? Number.POSITIVE_INFINITY);

/** Two stages beside each other: what routes say of each, or what is expected of each. */
export type Side = Pick<Stage, 'plan' | 'prediction' | 'summary'>;

export function diffAnswer(
  a: Side,
  b: Side,
  seen: Expectation | undefined,
  traffic: number | undefined,
  colour: boolean,
): Answer {
  const moves = movesBetween(a.prediction, b.prediction);
  const sites = [...new Set([...a.prediction.sites, ...b.prediction.sites])];
  const of = (summary: Summary, site: string) => summary.sites.find((x) => x.site === site);
  const part = ({ all, unreached }: Summary, row: SiteSummary | undefined) =>
    (row?.weight ?? 0) / (all.weight + unreached || 1);
  const capacities = new Map([...capacitiesOf(a.plan), ...capacitiesOf(b.plan)]);
  const shifts = sites
    .map((site): Shift => {
      const [before, after] = [of(a.summary, site), of(b.summary, site)];
      return {
        site,
        before: before?.share ?? 0,
        after: after?.share ?? 0,
        rtt: { before: before?.rtt?.p90, after: after?.rtt?.p90 },
        load:
          traffic === undefined
            ? undefined
            : { before: traffic * part(a.summary, before), after: traffic * part(b.summary, after) },
        capacity: capacities.get(site),
      };
    })
    .sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before));
  return {
    json: { moves, shifts, before: a.summary, after: b.summary },
    text: () =>
      movesText(
        moves,
        formatTable(traffic === undefined ? SHIFTS : [...SHIFTS, ...LOADS], shifts, colour),
        a.summary,
        b.summary,
        colour,
      ),
    chart: movesDraw(sites, moves),
    map: mapDraw(b.prediction, {
      title: `Who would land where${seen ? ', carried over from what was seen' : ''}`,
    }),
  };
}

/** Who moves: for each network the weight that its parts at one site lose goes to the sites that gain, in proportion. */
function movesBetween(a: Prediction, b: Prediction): readonly Move[] {
  const moves = new Map<string, { from: string; to: string; weight: number; networks: number }>();
  const total = a.ground.weight || 1;
  for (const asn of a.ground.world.graph.asns) {
    const answer = clientAnswer(a, asn);
    const before = partsOf(answer);
    const after = partsOf(clientAnswer(b, asn));
    const weight = answer?.weight ?? 0;
    const gains = [...after].flatMap(([site, part]) => {
      const gain = part - (before.get(site) ?? 0);
      return gain > LEAST ? [{ site, gain }] : [];
    });
    const all = gains.reduce((n, g) => n + g.gain, 0);
    for (const [from, part] of before) {
      const loss = part - (after.get(from) ?? 0);
      if (loss <= LEAST) continue;
      for (const { site, gain } of gains) {
        const key = `${from} ${site}`;
        const move = moves.get(key) ?? { from, to: site, weight: 0, networks: 0 };
        move.weight += (weight * loss * gain) / all;
        move.networks++;
        moves.set(key, move);
      }
    }
  }
  return [...moves.values()]
    .map(({ from, to, weight, networks }) => ({ from, to, part: weight / total, networks }))
    .sort((x, y) => y.part - x.part);
}

function partsOf(answer: ClientAnswer | undefined): ReadonlyMap<string, number> {
  if (!answer || answer.parts.length === 0) return new Map([[NOWHERE, 1]]);
  return new Map(answer.parts.map(({ site, part }) => [site, part]));
}

function movesText(
  moves: readonly Move[],
  shifts: string,
  before: Summary,
  after: Summary,
  colour: boolean,
): string {
  if (moves.length === 0) return 'nobody moves\n';
  const whole = moves.reduce((n, m) => n + m.part, 0);
  const rtt =
    before.all.rtt && after.all.rtt
      ? `; median round trip ${ms(before.all.rtt.median)} → ${ms(after.all.rtt.median)}, p90 ${ms(before.all.rtt.p90)} → ${ms(after.all.rtt.p90)}`
      : '';
  return `${formatTable(MOVES, moves, colour)}\n${percent(whole)} of the clients move${rtt}; for certain at one site ${percent(before.all.certain)} → ${percent(after.all.certain)}\n\n${shifts}\n`;
}
