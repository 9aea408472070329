/** A plan on the internet: the prediction that every question begins with, and the words that answers share. */
import { type Prefix, parseAsn, parsePrefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  type Deployment,
  deploymentOf,
  type Ground,
  type Prediction,
  predict,
  type Remark,
  type Summary,
  summarise,
} from '../predict/index.ts';
import { indexOf, nearestAsn, transitNear } from '../topology/index.ts';
import { EXIT, Failure } from './failure.ts';
import type { Drawn } from './picture-file.ts';
import type { Marks } from './predict-pictures.ts';
import { printable } from './table.ts';

/** What brings places into a world that has none. */
export const PACK_PLACES = "pack it again with --as-info or --as2org (see 'nearcast data pack --help')";

/** One answer in all its forms. */
export interface Answer extends Drawn {
  readonly json: object;
  readonly text: () => string;
  /** The exit code, where the answer is given and yet is not what was asked for. */
  readonly exit?: number;
}

export interface Stage {
  readonly plan: Plan;
  readonly prefix: Prefix;
  readonly ground: Ground;
  readonly deployment: Deployment;
  readonly prediction: Prediction;
  readonly summary: Summary;
  /** What of the plan could not be predicted, and how sites are named that the data does not know. */
  readonly remarks: readonly string[];
}

export interface StageOptions {
  readonly prefix?: string;
  /** Set when the internet is made up. */
  readonly generated?: string;
  readonly without?: readonly string[];
}

/** Predicts a plan; fails when nothing of it can be. */
export function stage(plan: Plan, ground: Ground, options: StageOptions): Stage {
  for (const site of options.without ?? []) {
    if (!Object.hasOwn(plan.sites, site))
      throw new Failure(
        `the plan has no site '${site}'; there are ${Object.keys(plan.sites).join(', ')}`,
        EXIT.usage,
      );
  }
  const prefix = prefixOf(plan, options.prefix);
  const planned = deploymentOf(plan, {
    prefix,
    ...(options.without ? { without: options.without } : {}),
  });
  const { remarks: ofPlan } = planned;
  const { deployment, said } =
    options.generated === undefined
      ? { deployment: planned.deployment, said: [] }
      : standIns(ground, planned.deployment);
  const prediction = predict(ground, deployment);
  const remarks = [
    ...ofPlan.map((r) => [r.site, r.upstream, r.what].filter((x) => x !== undefined).join(': ')),
    ...said,
    ...prediction.remarks.map(remarkText),
  ];
  if (prediction.sites.length === 0 || prediction.seeds.count === 0)
    throw new Failure(
      ['nothing of this plan can be predicted', ...(remarks.length > 0 ? remarks : [silence(prefix)])].join(
        '\n',
      ),
    );
  if (prefix.includes(':') && options.generated === undefined) remarks.push(OF_IPV4);
  if (!ground.placed) remarks.push(UNPLACED);
  return { plan, prefix, ground, deployment, prediction, summary: summarise(prediction), remarks };
}

/**
 * An internet that is made up has none of the plan's upstreams: a network that sells transit nearest to the site stands for
 * each, the same for one AS at one site, another for another; and the same for two plans that are set beside each other on it.
 */
function standIns(
  ground: Ground,
  deployment: Deployment,
): { readonly deployment: Deployment; readonly said: readonly string[] } {
  const { world } = ground;
  const said: string[] = [];
  const before = standing.get(ground);
  const { taken, used } = before ?? { taken: new Map<string, number>(), used: new Map<string, number>() };
  if (!before) standing.set(ground, { taken, used });
  const announcements = deployment.announcements.map((a) => {
    if (indexOf(world.graph, a.upstream) >= 0 || !a.place) return a;
    const key = `${a.site} ${a.upstream}`;
    let upstream = taken.get(key);
    if (upstream === undefined) {
      const turn = used.get(a.site) ?? 0;
      upstream = transitNear(world, a.place)[turn];
      if (upstream === undefined) return a;
      used.set(a.site, turn + 1);
      taken.set(key, upstream);
      said.push(`${a.site}: the made-up internet has no AS${a.upstream}; its AS${upstream} stands for it`);
    }
    return { ...a, upstream };
  });
  return { deployment: { ...deployment, announcements }, said };
}

/** On each ground: who stands for `SITE ASN`, and how many stand-ins a site has. */
const standing = new WeakMap<
  Ground,
  { readonly taken: Map<string, number>; readonly used: Map<string, number> }
>();

const OF_IPV4 =
  'public AS graphs are made of IPv4 routes, and so are weights by /24s: where IPv6 has other upstreams or peers, this is as wrong';

const UNPLACED = `the world does not say where networks are: there are no distances, no round trips and no nearest exits; ${PACK_PLACES}`;

const silence = (prefix: Prefix) =>
  `no upstream is told of ${prefix}: all sites are left out, or their upstreams are disabled, within our own AS, of another family, or told of other prefixes`;

function remarkText(r: Remark): string {
  return `AS${r.asn}: ${r.what}${r.nearest === undefined ? '' : `; the nearest number that the data knows is AS${r.nearest}`}`;
}

function prefixOf(plan: Plan, text: string | undefined): Prefix {
  const prefix = text === undefined ? plan.prefixes[0] : parsePrefix(text);
  if (prefix === undefined || !plan.prefixes.includes(prefix))
    throw new Failure(`${text} is not among the plan's prefixes: ${plan.prefixes.join(', ')}`, EXIT.usage);
  return prefix;
}

/** What each site can take as part of all traffic: of what clients send in all if that is said, else of all capacity. */
export function marksOf(
  plan: Plan,
  sites: readonly string[],
  traffic: number | undefined,
): Marks | undefined {
  const known = capacitiesOf(plan);
  const total = sites.reduce((sum, site) => sum + (known.get(site) ?? 0), 0);
  if (traffic === undefined && (total === 0 || sites.some((s) => !known.has(s)))) return undefined;
  const whole = traffic ?? total;
  return {
    parts: new Map(
      sites.flatMap((s) => (known.has(s) ? [[s, (known.get(s) as number) / whole] as const] : [])),
    ),
    means: traffic === undefined ? 'its part of all capacity' : 'capacity',
  };
}

export function capacitiesOf(plan: Plan): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(plan.sites).flatMap(([name, { capacity }]) =>
      capacity === undefined ? [] : [[name, capacity] as const],
    ),
  );
}

export function asnOf(text: string, option: string): number {
  const asn = parseAsn(text);
  if (asn === undefined) throw new Failure(`${option} wants an AS number, not '${text}'`, EXIT.usage);
  return asn;
}

/** Says that an AS is not in the data, with the nearest that is. */
export function unknownAs(ground: Ground, asn: number): Failure {
  const nearest = nearestAsn(ground.world.graph, asn);
  return new Failure(
    `the data knows no AS${asn}${nearest === undefined ? '' : `; the nearest number that it knows is AS${nearest}`}`,
  );
}

export function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

export function ms(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value)} ms`;
}

/** A line for the operator beside the answer; what it quotes may hold anything. */
export function warn(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
