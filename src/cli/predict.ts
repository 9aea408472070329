/** `nearcast predict PLAN`: who will land where, and what if. */
import { Command } from 'commander';
import { type Prefix, parseAsn, parsePrefix } from '../base/index.ts';
import { formatBitRate, type Plan } from '../plan/index.ts';
import {
  type ClientAnswer,
  clientAnswer,
  type Deployment,
  deploymentOf,
  doubleFailures,
  explain,
  formatExplanation,
  type Ground,
  groundOf,
  type Hijack,
  hijack,
  intact,
  type Prediction,
  predict,
  type Remark,
  type Failure as SiteFailure,
  type SiteSummary,
  type Summary,
  singleFailures,
  summarise,
} from '../predict/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readPlan } from './plan-file.ts';
import { type Column, formatTable, wantsColour } from './table.ts';
import { type Answer, type WhatIfOptions, whatIf, withWhatIf } from './what-if.ts';
import { loadWorld, type WorldOptions } from './world-file.ts';

const EXAMPLES = `
Examples:
  nearcast predict network.yaml                           share, certainty and round trips of every site
  nearcast predict network.yaml --generated 2000          on an internet that does not exist, to begin with
  nearcast predict network.yaml --without fra             what losing Frankfurt does
  nearcast predict network.yaml --n-1                     every single failure, worst first (--n-2: every pair)
  nearcast predict network.yaml --diff new.yaml           who moves from where to where
  nearcast predict network.yaml --explain AS3320          why that network lands where it does, AS by AS
  nearcast predict network.yaml --hijack 64999 --rov 40%  what a hijacker takes of each catchment
  nearcast predict network.yaml --observed landed.csv     how right it is, and what it learns (columns site, asn, cc, lat, lon)
  nearcast predict network.yaml --attack users --size 2Tbps      which sites a botnet drowns, and what would help
  nearcast predict network.yaml --versus geodns,unicast:fra      the same clients sent there otherwise
  nearcast predict network.yaml --search prepends --goal balance better announcements, and what was tried
  nearcast predict network.yaml --search sites --most-sites 5    which five sites are fastest

Client networks weigh as many users as the data says, else their /24s. A part that is not certain is shared between the
sites that are equally good: the model does not know which. Exit: 0 done; 1 no data, or the plan cannot be predicted.`;

interface Options extends WorldOptions, WhatIfOptions {
  readonly prefix?: string;
  readonly without?: readonly string[];
  /** `--n-1`, `--n-2`. */
  readonly n1?: true;
  readonly n2?: true;
  readonly diff?: string;
  readonly explain?: string;
  readonly hijack?: string;
  readonly forged?: true;
  readonly subprefix?: true;
  readonly rov?: string;
  readonly aspa?: string;
  readonly roa: boolean;
  readonly json?: true;
}

export function predictCommand(
  write: (text: string) => void = (text) => process.stdout.write(text),
): Command {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  const command = new Command('predict')
    .description('who will land where on the internet, and what if')
    .argument('<plan>', 'the plan file')
    .option('--prefix <prefix>', "which of the plan's prefixes; the first unless given")
    .option('--world <file>', "the internet, as 'nearcast data pack' made it")
    .option('--generated <ases>', 'an internet that does not exist: a number of ASes, or ASES:SEED')
    .option('--without <site>', 'as if this site were gone; once for each', collect)
    .option('--n-1', 'every site failing alone')
    .option('--n-2', 'every pair of sites failing')
    .option('--diff <plan>', 'beside another plan: who moves')
    .option('--explain <asn>', 'why a network lands where it does')
    .option('--hijack <asn>', 'as if this AS announced the prefix too')
    .option('--forged', 'the hijacker puts our AS number behind its own')
    .option('--subprefix', 'the hijacker announces a more specific')
    .option('--rov <part>', 'part of the networks that drop invalid origins, the biggest first: 40%')
    .option('--aspa <part>', 'part of the networks that validate paths')
    .option('--no-roa', 'the prefix has no ROA');
  return withWhatIf(command)
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: Options & { readonly 'n-1'?: true }) => run(file, options, write));
}

function run(file: string, options: Options, write: (text: string) => void): void {
  const { json, text } = answer(file, options);
  write(options.json ? `${JSON.stringify({ schema: 'nearcast.predict/1', ...json }, null, 2)}\n` : text());
}

function answer(file: string, options: Options): Answer {
  const { plan } = readPlan(file);
  const prefix = prefixOf(plan, options.prefix);
  const ground = groundOf(loadWorld(options));
  const scene = stage(plan, prefix, ground, options);
  const paint = wantsColour(process.stdout);
  const print = (json: object, text: () => string): Answer => ({ json: { prefix, ...json }, text });
  for (const line of scene.remarks) process.stderr.write(`${line}\n`);

  if (options.explain !== undefined) {
    const asn = asnOf(options.explain, '--explain');
    const client = clientAnswer(scene.prediction, asn);
    if (!client) throw new Failure(`the data knows no AS${asn}`);
    const why = explain(scene.prediction, asn);
    return print({ client, explanation: why }, () => explained(client, why ? formatExplanation(why) : []));
  }
  if (options.hijack !== undefined) {
    const outcome = hijack(ground, scene.deployment, attackOf(options));
    const { lost, lostOf } = outcome;
    return print({ lost, lostOf, remarks: outcome.remarks }, () =>
      [`the hijacker gets ${percent(lost)} of all clients`, formatTable(LOST, lostOf, paint), ''].join('\n'),
    );
  }
  const compared = whatIf(options, plan, scene.prediction, paint);
  if (compared) return print(compared.json, compared.text);
  if (options.n1 || options.n2) {
    const base = intact(scene.prediction);
    const failures = options.n2 ? doubleFailures(scene.prediction) : singleFailures(scene.prediction);
    const rows = failures
      .map((f) => failureRow(scene.prediction, plan, base, f))
      .sort((a, b) => b.moved + b.unreached - a.moved - a.unreached);
    return print({ failures: rows }, () => `${formatTable(FAILURES, rows, paint)}\n`);
  }
  if (options.diff !== undefined) {
    const other = readPlan(options.diff).plan;
    const second = stage(other, prefixOf(other, options.prefix), ground, options);
    for (const line of second.remarks) process.stderr.write(`${line}\n`);
    const moves = movesBetween(scene.prediction, second.prediction);
    const after = summarise(second.prediction);
    return print({ moves, before: scene.summary, after }, () =>
      movesText(moves, scene.summary, after, paint),
    );
  }
  return print({ summary: scene.summary, unit: ground.world.weightUnit, world: ground.world.source }, () =>
    summaryText(scene.summary, ground, paint),
  );
}

interface Stage {
  readonly deployment: Deployment;
  readonly prediction: Prediction;
  readonly summary: Summary;
  readonly remarks: readonly string[];
}

function stage(plan: Plan, prefix: Prefix, ground: Ground, options: Options): Stage {
  for (const site of options.without ?? []) {
    if (!Object.hasOwn(plan.sites, site))
      throw new Failure(
        `the plan has no site '${site}'; there are ${Object.keys(plan.sites).join(', ')}`,
        EXIT.usage,
      );
  }
  const { deployment, remarks: ofPlan } = deploymentOf(plan, {
    prefix,
    ...(options.without ? { without: options.without } : {}),
  });
  const prediction = predict(ground, deployment);
  const remarks = [
    ...ofPlan.map((r) => `${r.site}: ${r.upstream}: ${r.what}`),
    ...prediction.remarks.map(remarkText),
  ];
  if (prediction.sites.length === 0 || prediction.seeds.count === 0)
    throw new Failure(`nothing of this plan can be predicted\n${remarks.join('\n')}`);
  return { deployment, prediction, summary: summarise(prediction), remarks };
}

function remarkText(r: Remark): string {
  return `AS${r.asn}: ${r.what}${r.nearest === undefined ? '' : `; the nearest number that the data knows is AS${r.nearest}`}`;
}

function prefixOf(plan: Plan, text: string | undefined): Prefix {
  const prefix = text === undefined ? plan.prefixes[0] : parsePrefix(text);
  if (prefix === undefined || !plan.prefixes.includes(prefix))
    throw new Failure(`${text} is not among the plan's prefixes: ${plan.prefixes.join(', ')}`, EXIT.usage);
  return prefix;
}

function asnOf(text: string, option: string): number {
  const asn = parseAsn(text);
  if (asn === undefined) throw new Failure(`${option} wants an AS number, not '${text}'`, EXIT.usage);
  return asn;
}

function attackOf(o: Options): Hijack {
  return {
    attacker: asnOf(o.hijack as string, '--hijack'),
    kind: o.forged ? 'forged' : 'origin',
    roa: o.roa,
    ...(o.subprefix ? { subprefix: true } : {}),
    ...(o.rov === undefined ? {} : { rov: { part: partOf(o.rov, '--rov'), order: 'biggest' } }),
    ...(o.aspa === undefined ? {} : { aspa: { part: partOf(o.aspa, '--aspa'), order: 'biggest' } }),
  };
}

function partOf(text: string, option: string): number {
  const m = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const part = m ? Number(m[1]) / 100 : Number.NaN;
  if (!(part >= 0 && part <= 1))
    throw new Failure(`${option} wants a part such as 40%, not '${text}'`, EXIT.usage);
  return part;
}

// ── tables ──

const SITES: readonly Column<SiteSummary>[] = [
  { title: 'SITE', text: (s) => s.site },
  { title: 'SHARE', align: 'right', text: (s) => percent(s.share) },
  { title: 'CERTAIN', align: 'right', text: (s) => (s.share === 0 ? '' : percent(s.certain / s.share)) },
  { title: 'NETWORKS', align: 'right', text: (s) => String(s.networks) },
  { title: 'RTT P50', align: 'right', text: (s) => ms(s.rtt?.median) },
  { title: 'P90', align: 'right', text: (s) => ms(s.rtt?.p90) },
  { title: 'P99', align: 'right', text: (s) => ms(s.rtt?.p99) },
  { title: 'FLY PAST', align: 'right', text: (s) => (s.weight === 0 ? '' : percent(s.flyPast / s.weight)) },
];

function summaryText({ sites, all, unreached }: Summary, ground: Ground, colour: boolean): string {
  const rows = [...[...sites].sort((a, b) => b.share - a.share), { ...all, site: 'all' }];
  const total = all.weight + unreached;
  return [
    formatTable(SITES, rows, colour),
    `weighed by ${ground.world.weightUnit}; ${percent(unreached / (total || 1))} of the weight has no route; FLY PAST: a nearer site is passed by`,
    '',
  ].join('\n');
}

interface FailureRow {
  readonly without: string;
  readonly moved: number;
  readonly unreached: number;
  readonly rttChange: number | undefined;
  readonly fullest: { readonly site: string; readonly grows: number; readonly capacity?: string } | undefined;
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

function failureRow(prediction: Prediction, plan: Plan, base: SiteFailure, f: SiteFailure): FailureRow {
  const total = base.weights.reduce((n, w) => n + w, 0) + base.unreached || 1;
  let fullest: FailureRow['fullest'];
  prediction.sites.forEach((site, i) => {
    const before = base.weights[i] as number;
    const after = f.weights[i] as number;
    if (f.without.includes(site) || before === 0) return;
    const grows = after / before;
    const capacity = plan.sites[site]?.capacity;
    if (!fullest || grows > fullest.grows)
      fullest = { site, grows, ...(capacity === undefined ? {} : { capacity: formatBitRate(capacity) }) };
  });
  const rttChange = f.meanRttMs - base.meanRttMs;
  return {
    without: f.without.join(' '),
    moved: f.moved / total,
    unreached: f.unreached / total,
    rttChange: Number.isNaN(rttChange) ? undefined : rttChange,
    fullest,
  };
}

const LOST: readonly Column<{ readonly site: string; readonly part: number }>[] = [
  { title: 'SITE', text: (r) => r.site },
  { title: 'LOSES', align: 'right', text: (r) => percent(r.part) },
];

interface Move {
  readonly from: string;
  readonly to: string;
  /** Of all weight, 0 … 1. */
  readonly part: number;
  readonly networks: number;
}

const NOWHERE = '(no route)';

/** Who moves: for each network the weight that its parts at one site lose goes to the sites that gain, in proportion. */
function movesBetween(a: Prediction, b: Prediction): readonly Move[] {
  const moves = new Map<string, { from: string; to: string; weight: number; networks: number }>();
  const total = a.ground.weight || 1;
  for (const asn of a.ground.world.graph.asns) {
    const before = partsOf(clientAnswer(a, asn));
    const after = partsOf(clientAnswer(b, asn));
    const weight = clientAnswer(a, asn)?.weight ?? 0;
    const gains = [...after].flatMap(([site, part]) => {
      const gain = part - (before.get(site) ?? 0);
      return gain > 1e-9 ? [{ site, gain }] : [];
    });
    const all = gains.reduce((n, g) => n + g.gain, 0);
    for (const [from, part] of before) {
      const loss = part - (after.get(from) ?? 0);
      if (loss <= 1e-9) continue;
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

const MOVES: readonly Column<Move>[] = [
  { title: 'FROM', text: (m) => m.from },
  { title: 'TO', text: (m) => m.to },
  { title: 'CLIENTS', align: 'right', text: (m) => percent(m.part) },
  { title: 'NETWORKS', align: 'right', text: (m) => String(m.networks) },
];

function movesText(moves: readonly Move[], before: Summary, after: Summary, colour: boolean): string {
  if (moves.length === 0) return 'nobody moves\n';
  const whole = moves.reduce((n, m) => n + m.part, 0);
  const rtt =
    before.all.rtt && after.all.rtt
      ? `; median round trip ${ms(before.all.rtt.median)} → ${ms(after.all.rtt.median)}, p90 ${ms(before.all.rtt.p90)} → ${ms(after.all.rtt.p90)}`
      : '';
  return `${formatTable(MOVES, moves, colour)}\n${percent(whole)} of the clients move${rtt}\n`;
}

function explained(answer: ClientAnswer, lines: readonly string[]): string {
  const name = answer.name === '' ? '' : ` (${answer.name})`;
  const parts = answer.parts.map((p) => `${p.site} ${percent(p.part)}`).join(', ');
  const head =
    answer.parts.length === 0
      ? `AS${answer.asn}${name} has no route`
      : `AS${answer.asn}${name} lands at ${parts}${answer.certain ? ', for certain' : ''}`;
  return `${[head, ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function ms(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value)} ms`;
}
