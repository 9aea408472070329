/** Requests and round trips over time, as columns for a chart. Pure. */
import type { Event, Snapshot } from '../../../src/control/index.ts';
import { countUntil } from './chronicle.ts';
import { follow } from './follow.ts';
import type { Stretch } from './span.ts';

/** One instant at which something changed; values stand until the next. */
interface Sample {
  readonly at: number;
  /** Requests a second, by site in the order of `sites`. */
  readonly rates: readonly number[];
  /** Mean of all people who land somewhere, milliseconds; undefined when nobody does. */
  readonly rttMs: number | undefined;
  /** Part of the people who land nowhere. */
  readonly lost: number;
}

export interface Traffic {
  sites: readonly string[];
  readonly samples: Sample[];
  /** By vantage: people, and milliseconds or nowhere. */
  readonly people: Map<string, { readonly users: number; readonly rttMs: number | undefined }>;
  readonly rates: Map<string, number>;
  /** Sums over `people`: all of them, those who land somewhere, and these times their milliseconds. */
  all: number;
  here: number;
  sum: number;
}

export const trafficOf = follow<Traffic>({
  begin(first) {
    const traffic: Traffic = {
      sites: [],
      samples: [],
      people: new Map(),
      rates: new Map(),
      all: 0,
      here: 0,
      sum: 0,
    };
    restart(traffic, first, first.at);
    return traffic;
  },
  take(traffic, event) {
    if (event.kind === 'start') restart(traffic, event.is, event.at);
    else if (event.kind === 'traffic') {
      for (const [site, load] of Object.entries(event.sites)) traffic.rates.set(site, load.perSecond);
      sample(traffic, event.at);
    } else if (event.kind === 'landing') landed(traffic, event);
  },
  jump: (traffic, to) => restart(traffic, to, to.at),
});

function landed(traffic: Traffic, { vantage, is, at }: Extract<Event, { kind: 'landing' }>): void {
  const known = traffic.people.get(vantage);
  if (!known) return;
  count(traffic, vantage, known.users, is.site === undefined ? undefined : is.rttMs);
  sample(traffic, at);
}

/** Puts a vantage where it lands, and keeps the sums. */
function count(traffic: Traffic, vantage: string, users: number, rttMs: number | undefined): void {
  const was = traffic.people.get(vantage);
  if (was) {
    traffic.all -= was.users;
    if (was.rttMs !== undefined) {
      traffic.here -= was.users;
      traffic.sum -= was.users * was.rttMs;
    }
  }
  traffic.people.set(vantage, { users, rttMs });
  traffic.all += users;
  if (rttMs === undefined) return;
  traffic.here += users;
  traffic.sum += users * rttMs;
}

function restart(
  traffic: Traffic,
  { sites, vantages }: Pick<Snapshot, 'sites' | 'vantages'>,
  at: number,
): void {
  // Sites of a run before keep their column.
  traffic.sites = [...new Set([...traffic.sites, ...Object.keys(sites)])];
  traffic.people.clear();
  traffic.rates.clear();
  [traffic.all, traffic.here, traffic.sum] = [0, 0, 0];
  for (const [name, { users, landing }] of Object.entries(vantages))
    count(traffic, name, users, landing.site === undefined ? undefined : landing.rttMs);
  for (const [name, { load }] of Object.entries(sites)) traffic.rates.set(name, load.perSecond);
  sample(traffic, at);
}

function sample({ sites, samples, rates, all, here, sum }: Traffic, at: number): void {
  // Of one instant the last counts.
  if (samples.at(-1)?.at === at) samples.pop();
  samples.push({
    at,
    rates: sites.map((s) => rates.get(s) ?? 0),
    // A whole number of people: what is left of fractions is nobody.
    rttMs: here >= 0.5 ? sum / here : undefined,
    lost: all > 0 ? Math.max(0, 1 - here / all) : 0,
  });
}

export interface Columns {
  /** Seconds since 1970, as the chart wants them. */
  readonly seconds: readonly number[];
  readonly rates: readonly (readonly number[])[];
  readonly rttMs: readonly (number | null)[];
  readonly lost: readonly number[];
}

/** More points than these are thinned out; each kept one is as it was. */
const MOST_POINTS = 3000;

/** What is known of a stretch of time, from its beginning until `until`. */
export function columnsOf({ sites, samples }: Traffic, { from, to }: Stretch, until: number): Columns {
  const begin = Math.max(0, countUntil(samples, from) - 1);
  const end = countUntil(samples, to);
  const every = Math.max(1, Math.ceil((end - begin) / MOST_POINTS));
  const picked: Sample[] = [];
  for (let i = begin; i < end; i += every) picked.push(samples[i] as Sample);
  const last = samples[end - 1];
  if (last && picked.at(-1) !== last) picked.push(last);
  // What was true before the stretch is true at its beginning, and the latest is still true.
  const edged = picked.map((s) => ({ ...s, at: Math.max(s.at, from) }));
  const still = edged.at(-1);
  if (still && still.at < Math.min(to, until)) edged.push({ ...still, at: Math.min(to, until) });
  return {
    seconds: edged.map((s) => s.at / 1000),
    rates: sites.map((_, n) => edged.map((s) => s.rates[n] ?? 0)),
    rttMs: edged.map((s) => s.rttMs ?? null),
    lost: edged.map((s) => 100 * s.lost),
  };
}
