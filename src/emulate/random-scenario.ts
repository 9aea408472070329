/**
 * Scenarios made from a seed: faults of every kind, one after the other and several at once, each with its end. What is left
 * at the end are services that stay broken and sites that stay drained, for the decision table has to hold then too.
 */
import { type Millis, millis, Random } from '../base/index.ts';
import { type Plan, sitesOf } from '../plan/index.ts';
import type { Health } from './health.ts';
import type { Action, Scenario, Step } from './scenario.ts';

export interface RandomOptions {
  /** Faults per minute for each site, on average. Default 2. */
  readonly intensity?: number;
  /** From the first fault to the end of the last. Default 60 s. */
  readonly lasts?: Millis;
  /** Links between ASes that may fail too, by name. */
  readonly links?: readonly string[];
}

/** The most faults of one scenario. */
const MOST_FAULTS = 2000;

type Maker = (random: Random, plan: Plan, site: string, options: RandomOptions) => Fault | undefined;

/** What begins, and what ends it after a while; without an end it ends by itself, or stays. */
interface Fault {
  readonly begin: Action;
  readonly end?: Action;
  /** It may stay to the end of the scenario and beyond. */
  readonly mayStay?: true;
}

/** Each kind as often as its weight says. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [6, serviceFails],
  [1, serviceFailsEverywhere],
  [2, agentKilled],
  [1, hostOff],
  [1, agentStopped],
  [2, sessionCut],
  [1, siteCut],
  [2, sessionReset],
  [1, linkSlow],
  [1, internetCut],
  [1, controllerCut],
  [1, siteWithoutController],
  [1, controllerReplaced],
  [1, badMail],
  [2, drained],
  [1, frozen],
];
const ALL_WEIGHTS = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

/** The same plan, seed and options give the same scenario. A plan without sites gives an empty one. */
export function randomScenario(plan: Plan, seed: number, options: RandomOptions = {}): Scenario {
  // Not the numbers that the world draws from the same seed.
  const random = new Random(seed ^ 0x5ca1ab1e);
  const lasts = options.lasts ?? millis(60_000);
  const sites = Object.keys(plan.sites);
  const steps: Step[] = [];
  const rate = ((options.intensity ?? 2) * sites.length) / 60_000;
  const name = 'random';
  if (!(rate > 0)) return { name, steps, lasts };
  let at = 0;
  for (let n = 0; n < MOST_FAULTS; n++) {
    at += -Math.log(1 - random.unit()) / rate;
    if (at >= lasts) break;
    const fault = pickMaker(random)(random, plan, random.pick(sites), options);
    if (!fault) continue;
    steps.push({ at: millis(Math.round(at)), ...fault.begin });
    if (fault.end === undefined || (fault.mayStay && random.chance(0.1))) continue;
    // Mostly short, sometimes longer than any hold time.
    const length = random.chance(0.7) ? random.between(200, 8000) : random.between(8000, 40_000);
    steps.push({ at: millis(Math.min(lasts, Math.round(at + length))), ...fault.end });
  }
  steps.push({ at: lasts, do: 'calm' });
  for (const site of sites) steps.push({ at: lasts, do: 'thaw', site });
  const ordered = steps.map((step, i) => ({ step, i })).sort((a, b) => a.step.at - b.step.at || a.i - b.i);
  return { name, steps: ordered.map(({ step }) => step), lasts };
}

function pickMaker(random: Random): Maker {
  let left = random.below(ALL_WEIGHTS);
  for (const [weight, make] of MAKERS) {
    if (left < weight) return make;
    left -= weight;
  }
  return serviceFails;
}

const HOW: readonly Health[] = ['refused', 'refused', 'hang', 'wrong', 'slow', 'warning', 'flaky'];

function serviceFails(random: Random, plan: Plan, site: string): Fault | undefined {
  const here = Object.keys(plan.services).filter((s) => sitesOf(plan, plan.services[s]!).includes(site));
  if (here.length === 0) return undefined;
  const service = random.pick(here);
  return {
    begin: { do: 'fail', service, site, how: random.pick(HOW) },
    end: { do: 'repair', service, site },
    mayStay: true,
  };
}

function serviceFailsEverywhere(random: Random, plan: Plan): Fault | undefined {
  const services = Object.keys(plan.services);
  if (services.length === 0) return undefined;
  const service = random.pick(services);
  return {
    begin: { do: 'fail', service, how: random.pick(HOW) },
    end: { do: 'repair', service },
    mayStay: true,
  };
}

function agentKilled(random: Random, _: Plan, site: string): Fault {
  return { begin: { do: 'kill', site }, end: back(random, site) };
}

function hostOff(random: Random, _: Plan, site: string): Fault {
  return { begin: { do: 'power-off', site }, end: back(random, site) };
}

function agentStopped(random: Random, _: Plan, site: string): Fault {
  return { begin: { do: 'stop', site }, end: back(random, site) };
}

function back(random: Random, site: string): Action {
  return { do: 'start', site, ...(random.chance(0.15) ? { forget: true as const } : {}) };
}

function upstreamOf(random: Random, plan: Plan, site: string): string | undefined {
  const names = Object.keys(plan.sites[site]?.upstreams ?? {});
  return names.length === 0 ? undefined : random.pick(names);
}

function sessionCut(random: Random, plan: Plan, site: string): Fault | undefined {
  const upstream = upstreamOf(random, plan, site);
  if (upstream === undefined) return undefined;
  return { begin: { do: 'cut', site, upstream }, end: { do: 'heal', site, upstream } };
}

function siteCut(_: Random, __: Plan, site: string): Fault {
  return { begin: { do: 'cut', site }, end: { do: 'heal', site } };
}

function sessionReset(random: Random, plan: Plan, site: string): Fault | undefined {
  const upstream = upstreamOf(random, plan, site);
  return upstream === undefined ? undefined : { begin: { do: 'reset', site, upstream } };
}

function linkSlow(random: Random, _: Plan, site: string, { links = [] }: RandomOptions): Fault {
  const where = links.length > 0 && random.chance(0.5) ? { link: random.pick(links) } : { site };
  return {
    begin: { do: 'slow', by: millis(random.between(50, 1500)), ...where },
    end: { do: 'slow', by: millis(0), ...where },
  };
}

function internetCut(random: Random, _: Plan, __: string, { links = [] }: RandomOptions): Fault | undefined {
  if (links.length === 0) return undefined;
  const link = random.pick(links);
  return { begin: { do: 'cut', link }, end: { do: 'heal', link } };
}

function controllerCut(): Fault {
  return { begin: { do: 'cut-controller' }, end: { do: 'heal-controller' } };
}

function siteWithoutController(_: Random, __: Plan, site: string): Fault {
  return { begin: { do: 'cut-controller', site }, end: { do: 'heal-controller', site } };
}

function controllerReplaced(): Fault {
  return { begin: { do: 'replace-controller' } };
}

function badMail(random: Random): Fault {
  return {
    begin: { do: 'mail', loss: random.unit() * 0.4, delay: millis(random.between(5, 3000)) },
    end: { do: 'mail', loss: 0, delay: millis(5) },
  };
}

function drained(_: Random, __: Plan, site: string): Fault {
  return { begin: { do: 'drain', site }, end: { do: 'undrain', site }, mayStay: true };
}

function frozen(random: Random, _: Plan, site: string): Fault {
  return { begin: { do: 'freeze', site, for: millis(random.between(1000, 15_000)) } };
}
