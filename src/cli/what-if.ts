/** The questions of `nearcast predict` that compare: attacks, other ways of sending clients, better announcements, and what was observed. */
import type { Command } from 'commander';
import { formatBitRate, type Plan, readBitRate } from '../plan/index.ts';
import {
  type Attack,
  type Found,
  type Prediction,
  type Response,
  type Rival,
  responses,
  type SearchOptions,
  type SiteUnderAttack,
  type Sources,
  search,
  type Tried,
  type Under,
  underAttack,
  versus,
} from '../predict/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readObservations, readSources, scoresOf, scoreText } from './observations.ts';
import { guessesOf } from './score.ts';
import { type Column, formatTable } from './table.ts';

/** One answer in both forms. */
export interface Answer {
  readonly json: object;
  readonly text: () => string;
}

export interface WhatIfOptions {
  readonly observed?: string;
  readonly attack?: string;
  readonly size?: string;
  readonly versus?: string;
  readonly search?: string;
  readonly goal?: string;
  readonly within?: string;
  readonly mostSites?: string;
}

/** Adds the options of these questions. */
export function withWhatIf(command: Command): Command {
  return command
    .option(
      '--observed <file>',
      'CSV of clients and the sites they landed at: agreement, and what learning adds',
    )
    .option('--attack <sources>', 'users, networks, country:BR, or a CSV of asn,weight')
    .option('--size <rate>', 'how much the attack sends in all: 2Tbps')
    .option('--versus <rivals>', 'the same clients otherwise: geodns,unicast:fra')
    .option('--search <what>', 'look for better prepends, or better sites')
    .option('--goal <goal>', 'p90-rtt (unless given) or balance')
    .option('--within <predictions>', 'how many to try at most; 200 unless given')
    .option('--most-sites <count>', 'with --search sites: announce from so many at most');
}

/** Answers the question that was asked; undefined when it was none of these. */
export function whatIf(
  options: WhatIfOptions,
  plan: Plan,
  prediction: Prediction,
  colour: boolean,
): Answer | undefined {
  if (options.observed !== undefined) return observed(options.observed, prediction, colour);
  if (options.attack !== undefined) return attacked(options, plan, prediction, colour);
  if (options.versus !== undefined) return compared(options.versus, prediction, colour);
  if (options.search !== undefined) return searched(options, plan, prediction, colour);
  return undefined;
}

const warn = (line: string) => process.stderr.write(`${line}\n`);
const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const ms = (value: number | undefined) => (value === undefined ? '' : `${Math.round(value)} ms`);

/** Bits per second in three digits. */
function rate(bits: number): string {
  return bits < 1 ? '0 bps' : formatBitRate(Number(bits.toPrecision(3)));
}

function capacitiesOf(plan: Plan): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(plan.sites).flatMap(([name, { capacity }]) =>
      capacity === undefined ? [] : [[name, capacity] as const],
    ),
  );
}

// ── observed ──

/** Agreement with what was observed, and how far learning from it carries to clients that it was not learnt from. */
function observed(file: string, prediction: Prediction, colour: boolean): Answer {
  const { observations, complaints, unanswered } = readObservations(file);
  const elsewhere = observations.filter((o) => !prediction.sites.includes(o.site)).length;
  complaints.forEach(warn);
  if (elsewhere > 0)
    warn(
      `${elsewhere} of ${observations.length} clients landed at sites that the plan does not have or announce; they count as wrong`,
    );
  const scores = scoresOf(prediction, guessesOf(prediction, observations));
  return { json: { scores, elsewhere, unanswered }, text: () => scoreText(scores, colour) };
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

const RESPONSES: readonly Column<Response>[] = [
  { title: 'RESPONSE', text: (r) => `${r.do} ${r.site}` },
  { title: 'SERVED', align: 'right', text: (r) => percent(r.outcome.served) },
  { title: 'ABSORBED', align: 'right', text: (r) => rate(r.outcome.absorbed) },
  {
    title: 'OVERWHELMED',
    text: (r) => r.outcome.sites.flatMap((s) => (s.overwhelmed ? [s.site] : [])).join(' ') || 'none',
  },
];

function attacked(options: WhatIfOptions, plan: Plan, prediction: Prediction, colour: boolean): Answer {
  const size = readBitRate(options.size ?? '');
  if (!size)
    throw new Failure(`--attack wants --size, such as 2Tbps, not '${options.size ?? ''}'`, EXIT.usage);
  const attack: Attack = {
    sources: sourcesOf(options.attack as string),
    size,
    capacities: capacitiesOf(plan),
  };
  const now = underAttack(prediction, attack);
  const unknown = now.sites.filter((s) => s.capacity === undefined).map((s) => s.site);
  if (unknown.length > 0)
    warn(`the plan gives no capacity for ${unknown.join(', ')}: taken to absorb everything`);
  if (now.unreached >= size || now.sites.every((s) => s.load === 0))
    throw new Failure('no source of this attack is in the data with a route; nothing of it arrives');
  const found = responses(prediction, attack);
  return {
    json: { attack: now, responses: found },
    text: () =>
      [
        formatTable(UNDER_ATTACK, now.sites, colour),
        `${percent(now.served)} of the clients' traffic is still served; ${rate(now.absorbed)} of ${rate(size)} is absorbed`,
        '',
        formatTable(RESPONSES, found, colour),
        'The own load of the sites is not counted, and an overwhelmed site drops clients and attack alike.',
        '',
      ].join('\n'),
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

const UNDER: readonly Column<Under>[] = [
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
];

function compared(text: string, prediction: Prediction, colour: boolean): Answer {
  const rivals = text.split(',').map((word): Rival => {
    if (word === 'geodns') return { kind: 'geodns' };
    const site = /^unicast:(.+)$/.exec(word)?.[1];
    if (site !== undefined && prediction.sites.includes(site)) return { kind: 'unicast', site };
    throw new Failure(
      `--versus wants geodns or unicast:SITE, with commas between, not '${word}'; the sites are ${prediction.sites.join(', ')}`,
      EXIT.usage,
    );
  });
  const found = versus(prediction, rivals);
  return {
    json: { versus: found },
    text: () =>
      [
        formatTable(UNDER, found, colour),
        'When a site fails, anycast moves clients as fast as routing withdraws (seconds to some two minutes); geodns as its TTL',
        'runs out, later where resolvers keep names longer; unicast does not. Geodns is taken to know where every client is.',
        '',
      ].join('\n'),
  };
}

// ── search ──

const TRIED: readonly Column<Tried>[] = [
  { title: 'SCORE', align: 'right', text: (t) => score(t.score) },
  { title: 'CHANGE', text: (t) => t.change },
];
/** As many of the best tries are shown; JSON has all. */
const SHOWN = 10;

const score = (value: number) => (Number.isFinite(value) ? value.toFixed(3) : 'none');

function searched(options: WhatIfOptions, plan: Plan, prediction: Prediction, colour: boolean): Answer {
  const { search: over, goal = 'p90-rtt' } = options;
  if (over !== 'prepends' && over !== 'sites')
    throw new Failure(`--search wants prepends or sites, not '${over}'`, EXIT.usage);
  if (goal !== 'p90-rtt' && goal !== 'balance')
    throw new Failure(`--goal wants p90-rtt or balance, not '${goal}'`, EXIT.usage);
  const looks: SearchOptions = {
    over,
    goal,
    within: countOf(options.within ?? '200', '--within'),
    ...(options.mostSites === undefined ? {} : { mostSites: countOf(options.mostSites, '--most-sites') }),
    capacities: capacitiesOf(plan),
    tell: (_, count) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${count} of ${looks.within} tried`);
    },
  };
  const found = search(prediction.ground, prediction.deployment, looks);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return { json: { search: { ...found, over, goal } }, text: () => searchText(found, goal, colour) };
}

function searchText(found: Found, goal: string, colour: boolean): string {
  const { changes, trace, first, exhausted } = found;
  const unit = goal === 'balance' ? 'load of the fullest site over its fair part' : 'p90 round trip in ms';
  const head =
    changes.length === 0
      ? 'nothing that was tried is better than what is'
      : `${unit}: ${score(first)} → ${score(found.score)}\n${changes.map((c) => `  ${c}`).join('\n')}`;
  const best = [...trace].sort((a, b) => a.score - b.score).slice(0, SHOWN);
  return [
    head,
    `${trace.length} tried${exhausted ? ', which is all there is' : ''}; the best of them, each from the state before it:`,
    formatTable(TRIED, best, colour),
    '',
  ].join('\n');
}

function countOf(text: string, option: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new Failure(`${option} wants a number from 1 to 1000000, not '${text}'`, EXIT.usage);
  return count;
}
