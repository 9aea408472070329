/** `nearcast explain`: why a client network lands where it does (of a plan), or why an upstream hears of a prefix (of a running agent). */
import type { Command } from 'commander';
import { type Prefix, parseAddress, parseAsn, parsePrefix } from '../base/index.ts';
import { sharesPicture } from '../picture/index.ts';
import {
  type ClientAnswer,
  clientAnswer,
  type Explanation,
  explain,
  formatExplanation,
  formatMove,
  groundOf,
  groupMovers,
  type Moved,
  type Nodes,
  nodesOfAs,
  nodesOfCountry,
  type Part,
  partsOf,
} from '../predict/index.ts';
import { nameOf } from '../topology/index.ts';
import type { AskOptions } from './agent-ask.ts';
import { explainUpstream, upstreamCommand } from './agent-status.ts';
import type { CorrectionOptions } from './corrections.ts';
import { expectedTogether } from './expectation.ts';
import { EXIT, Failure } from './failure.ts';
import { type Holders, holdersOf } from './holders.ts';
import { toStandardOutput, type Write } from './output.ts';
import {
  checkPictures,
  type Draw,
  onStandardOutput,
  type PictureOptions,
  withPictures,
  writePictures,
} from './picture-file.ts';
import { readPlan } from './plan-file.ts';
import { mapDraw } from './predict-pictures.ts';
import {
  type Answer,
  ms,
  PACK_PLACES,
  percent,
  type Stage,
  type StageOptions,
  stage,
  unknownAs,
  warn,
} from './predict-stage.ts';
import { progressBar } from './progress.ts';
import { type Column, formatTable, printable, wantsColour } from './table.ts';
import { loadWorld, type WorldOptions } from './world-file.ts';

interface Options extends AskOptions, WorldOptions, StageOptions, PictureOptions, CorrectionOptions {
  readonly site?: string;
  readonly to?: string;
  readonly pfx2as?: string;
  readonly changes: boolean;
}

const EXAMPLES = `  nearcast explain network.yaml AS3320                  why that network lands where it does, AS by AS
  nearcast explain network.yaml 8.8.8.0/24              the network that announces a prefix or an address
  nearcast explain network.yaml BR                      a country: where it lands, its largest networks, what would move it
  nearcast explain network.yaml AS3320 --to lon         only changes that bring it to London
  nearcast explain network.yaml AS3320 --map why.svg    the way on a map
  nearcast explain prefix 203.0.113.0/24 to as64601     a running agent: why an upstream hears of a prefix, from health to what was sent
  nearcast explain prefix 203.0.113.0/24 to 198.51.100.1 --site fra --json

Of a plan it says which step of the decision chose at each AS, what the runner-up was, and which single change would move the
client (prepends, an announcement or a site taken out), those that disturb others least first. A prefix needs a prefix-to-AS
file: --pfx2as, or the one that 'nearcast data pull pfx2as' fetched.`;

export function explainCommand(write: Write = toStandardOutput): Command {
  const command = upstreamCommand(EXAMPLES)
    .description('why a client network lands where it does, or why an upstream hears of a prefix')
    .argument('<words...>', 'PLAN and AS3320, a prefix or a country; or: prefix PREFIX to UPSTREAM')
    .option('--prefix <prefix>', 'with a plan: which of its prefixes; the first unless given')
    .option('--world <file>', "with a plan: the internet, as 'nearcast data pack' made it")
    .option(
      '--generated <ases>',
      'with a plan: an internet that does not exist: a number of ASes, or ASES:SEED',
    )
    .option(
      '--without <site>',
      'with a plan: as if this site were gone; once for each',
      (v: string, all: readonly string[] = []) => [...all, v],
    )
    .option('--to <site>', 'with a plan: only changes that bring the client to this site')
    .option('--pfx2as <file>', "with a plan and a prefix: Routeviews' prefix to AS")
    .option('--no-changes', 'with a plan: do not look for what would move it')
    .option('--no-corrections', 'with a plan: do not use what was kept beside it');
  return withPictures(command).action(async (words: readonly string[], o: Options) => {
    if (words[0] === 'prefix') return explainUpstream(words, o, write);
    const [file, client, ...more] = words;
    if (file === undefined || client === undefined || more.length > 0)
      throw new Failure(
        'explain wants a plan and a client, or: prefix PREFIX to UPSTREAM; see nearcast explain --help',
        EXIT.usage,
      );
    checkPictures(o);
    const answered = answer(file, client, o);
    await writePictures(answered, o, write);
    if (onStandardOutput(o)) return;
    write(
      o.json
        ? `${JSON.stringify({ schema: 'nearcast.explain/1', ...answered.json }, null, 2)}\n`
        : answered.text(),
    );
  });
}

function answer(file: string, client: string, o: Options): Answer {
  const { plan } = readPlan(file);
  // What is asked about is read first: a slip of the pen need not wait for the internet.
  const subject = subjectOf(client, o);
  const s = stage(plan, groundOf(loadWorld(o)), o);
  s.remarks.forEach(warn);
  if (o.to !== undefined && !s.prediction.sites.includes(o.to))
    throw new Failure(
      `--to wants a site that announces: ${s.prediction.sites.join(', ')}; not '${o.to}'`,
      EXIT.usage,
    );
  const colour = wantsColour(process.stdout);
  if ('cc' in subject) return countryAnswer(file, s, subject.cc, o, colour);
  const found = networkAnswer(file, s, subject.asn, o, colour);
  if (!subject.holders) return found;
  const { holders } = subject;
  const others =
    holders.others.length > 0 ? `; parts of it: ${holders.others.map((a) => `AS${a}`).join(', ')}` : '';
  return {
    ...found,
    json: { asked: client, announcedBy: holders, ...found.json },
    text: () => `${client} is announced by AS${subject.asn} as ${holders.prefix}${others}\n${found.text()}`,
  };
}

type Subject = { readonly asn: number; readonly holders?: Holders } | { readonly cc: string };

function subjectOf(text: string, o: Options): Subject {
  const country = /^(?:country:)?([A-Za-z]{2})$/.exec(text)?.[1];
  // `AS` alone is a number left out; American Samoa is country:AS.
  if (country && text.toUpperCase() !== 'AS') return { cc: country.toUpperCase() };
  const asn = parseAsn(text);
  if (asn !== undefined) return { asn };
  const prefix = parsePrefix(text) ?? hostOf(text);
  if (prefix === undefined)
    throw new Failure(
      `'${text}' is no client: give AS3320, a prefix such as 8.8.8.0/24, an address or a country such as BR`,
      EXIT.usage,
    );
  const holders = holdersOf(prefix, o.pfx2as);
  return { asn: holders.asn, holders };
}

function hostOf(text: string): Prefix | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`);
}

// ── a network ──

type City = ClientAnswer['cities'][number];
/** The cities of a network that are listed; JSON has all. */
const MOST_CITIES_SHOWN = 12;
/** A city with less would show as 0.0 %. */
const LEAST_SHOWN = 0.0005;

const CITIES: readonly Column<City>[] = [
  { title: 'CITY', text: (c) => (c.place ? `${c.place.name}, ${c.place.cc}` : 'somewhere') },
  { title: 'OF IT', align: 'right', text: (c) => percent(c.weight) },
  { title: 'LANDS AT', text: (c) => partsText(c.parts) },
  { title: 'RTT', align: 'right', text: (c) => ms(c.rttMs) },
  { title: 'NEAREST', text: (c) => (c.nearest ? `${c.nearest.site}, ${Math.round(c.nearest.km)} km` : '') },
];

function networkAnswer(file: string, s: Stage, asn: number, o: Options, colour: boolean): Answer {
  const client = clientAnswer(s.prediction, asn);
  if (!client) throw unknownAs(s.ground, asn);
  const nodes = nodesOfAs(s.ground, asn);
  // The city with most of the weight is told AS by AS, of those in the country where the network is registered if it has one.
  const home = client.cities.some((c) => c.place?.cc === client.cc);
  const heavier = (c: City, than: City) =>
    home && (c.place?.cc === client.cc) !== (than.place?.cc === client.cc)
      ? c.place?.cc === client.cc
      : c.weight > than.weight;
  const city = client.cities.reduce((best, c, i) => (heavier(c, client.cities[best] as City) ? i : best), 0);
  const why = explain(s.prediction, asn, city);
  const changes = o.changes ? changesFor(s, nodes, o.to) : undefined;
  const seen = expectedTogether(file, s, o, nodes);
  // Where it only has routers there is nobody to land anywhere; a network of no weight is shown as it is.
  const peopled = client.cities.filter((c) => c.weight > 0);
  const listed = peopled.length > 0 ? peopled : client.cities;
  const cities = [...listed]
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST_CITIES_SHOWN)
    .filter((c, i) => i === 0 || c.weight >= LEAST_SHOWN || peopled.length === 0);
  const rest = [
    ...(listed.length > cities.length ? [more(listed.length - cities.length)] : []),
    ...(client.cities.length > listed.length
      ? [`${client.cities.length - listed.length} where it is thought to have no clients`]
      : []),
  ];
  return {
    json: {
      prefix: s.prefix,
      client,
      explanation: why,
      ...(changes && { changes: changes.map((m) => inWords(s, m)) }),
      ...correctedJson(seen),
    },
    text: () =>
      [
        printable(headline(client)),
        ...(why ? formatExplanation(why).map((line) => `  ${printable(line)}`) : []),
        ...(client.cities.length > 1
          ? ['', formatTable(CITIES, cities, colour), ...(rest.length > 0 ? [`and ${rest.join(', ')}`] : [])]
          : []),
        ...correctedText(seen),
        ...changesText(s, changes, o.to, seen !== undefined, colour),
        '',
      ].join('\n'),
    chart: partsDraw(s, `Where AS${asn} lands`, client.parts),
    map: wayDraw(s, why, `Why AS${asn} lands at ${client.parts[0]?.site ?? 'nothing'}`),
  };
}

const more = (cities: number) => `${cities} more ${cities === 1 ? 'city' : 'cities'}`;

function headline(client: ClientAnswer): string {
  const name = client.name === '' ? '' : ` (${client.name})`;
  if (client.parts.length === 0) return `AS${client.asn}${name} has no route`;
  return `AS${client.asn}${name} lands at ${partsText(client.parts)}${client.certain ? ', for certain' : ''}`;
}

// ── a country ──

interface Network {
  readonly asn: number;
  readonly name: string;
  /** Of the country, 0 … 1. */
  readonly weight: number;
  readonly parts: readonly Part[];
  /** The step that chose at the network itself, and what came second. */
  readonly by: string;
}

const NETWORKS: readonly Column<Network>[] = [
  { title: 'NETWORK', text: (n) => `AS${n.asn}` },
  { title: 'NAME', text: (n) => (n.name.length > 28 ? `${n.name.slice(0, 27)}…` : n.name) },
  { title: 'OF IT', align: 'right', text: (n) => percent(n.weight) },
  { title: 'LANDS AT', text: (n) => partsText(n.parts) },
  { title: 'CHOSEN BY', text: (n) => n.by },
];
/** The largest networks of a country that are listed. */
const MOST_NETWORKS = 12;

function countryAnswer(file: string, s: Stage, cc: string, o: Options, colour: boolean): Answer {
  const nodes = nodesOfCountry(s.ground, cc);
  if (nodes.length === 0)
    throw new Failure(
      s.ground.world.countries.every((c) => c === 0)
        ? `the world does not say in which country any network is; ${PACK_PLACES}`
        : `the data knows no network in '${cc}'`,
    );
  const { parts, unreached } = partsOf(s.prediction, nodes);
  const networks = largestIn(s, nodes);
  const changes = o.changes ? changesFor(s, nodes, o.to) : undefined;
  const seen = expectedTogether(file, s, o, nodes);
  const [first] = networks;
  const why = first && explain(s.prediction, first.asn);
  return {
    json: {
      prefix: s.prefix,
      country: cc,
      parts,
      unreached,
      networks,
      ...(changes && { changes: changes.map((m) => inWords(s, m)) }),
      ...correctedJson(seen),
    },
    text: () =>
      [
        `${cc} lands at ${partsText(parts)}${unreached > 0.0005 ? `; ${percent(unreached)} has no route` : ''}`,
        '',
        formatTable(NETWORKS, networks, colour),
        ...(why
          ? [
              '',
              `the largest, AS${first.asn}:`,
              ...formatExplanation(why).map((line) => `  ${printable(line)}`),
            ]
          : []),
        ...correctedText(seen),
        ...changesText(s, changes, o.to, seen !== undefined, colour),
        '',
      ].join('\n'),
    chart: partsDraw(s, `Where ${cc} lands`, parts),
    map: wayDraw(s, why, `Where ${cc} lands: the way of its largest network`),
  };
}

function largestIn(s: Stage, nodes: Nodes): Network[] {
  const { nodeAs, nodeWeight, world } = s.ground;
  const weights = new Map<number, number>();
  let total = 0;
  for (const node of nodes) {
    const v = nodeAs[node] as number;
    weights.set(v, (weights.get(v) ?? 0) + (nodeWeight[node] as number));
    total += nodeWeight[node] as number;
  }
  return [...weights]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MOST_NETWORKS)
    .map(([v, weight]) => {
      const asn = world.graph.asns[v] as number;
      const hop = explain(s.prediction, asn)?.hops[0];
      const { parts } = partsOf(s.prediction, nodesOfAs(s.ground, asn));
      const second = hop?.runnerUp?.via === undefined ? '' : ` before AS${hop.runnerUp.via}`;
      const by =
        hop === undefined
          ? 'no route'
          : hop.equal.length > 0
            ? `undecided among ${hop.equal.length + 1}`
            : hop.by === undefined
              ? 'no other way'
              : `${hop.by}${second}`;
      return { asn, name: nameOf(world, v), weight: total > 0 ? weight / total : 0, parts, by };
    });
}

// ── both ──

type Seen = ReturnType<typeof expectedTogether>;

function correctedJson(seen: Seen): object {
  if (!seen) return {};
  const { parts, said, carriedOver } = seen;
  return { corrected: parts, correctedBy: said, ...(carriedOver !== undefined && { carriedOver }) };
}

function correctedText(seen: Seen): string[] {
  if (!seen) return [];
  const { parts, said, carriedOver } = seen;
  return [
    '',
    `with what was seen: ${partsText(parts)}`,
    said,
    ...(carriedOver === undefined ? [] : [carriedOver]),
  ];
}

/** What would move them; a prediction for each thing tried, so the way there is shown. */
function changesFor(s: Stage, nodes: Nodes, to: string | undefined): readonly Moved[] {
  const bar = progressBar('changes tried');
  const found = groupMovers(s.prediction, nodes, to, bar.tell);
  bar.end();
  return found;
}

interface Change {
  readonly change: string;
  readonly parts: readonly Part[];
  readonly others: number;
}

const CHANGES: readonly Column<Change>[] = [
  { title: 'CHANGE', text: (c) => c.change },
  { title: 'THEN LANDS AT', text: (c) => partsText(c.parts) },
  { title: 'OF ALL CLIENTS MOVE', align: 'right', text: (c) => percent(c.others) },
];
/** As many changes are shown; JSON has all. */
const MOST_CHANGES = 8;

const inWords = (s: Stage, m: Moved): Change => ({
  change: formatMove(s.deployment, m.move),
  parts: m.parts,
  others: m.others,
});

function changesText(
  s: Stage,
  changes: readonly Moved[] | undefined,
  to: string | undefined,
  seen: boolean,
  colour: boolean,
): string[] {
  if (!changes) return [];
  const by = seen ? ' by routes alone' : '';
  const where = to === undefined ? 'elsewhere' : `to ${to}`;
  if (changes.length === 0) return ['', `no single change brings it ${where}${by}`];
  const shown = changes.slice(0, MOST_CHANGES).map((m) => inWords(s, m));
  const more = changes.length > shown.length ? [`and ${changes.length - shown.length} more`] : [];
  return [
    '',
    `What would bring it ${where}${by}, one change at a time:`,
    formatTable(CHANGES, shown, colour),
    ...more,
  ];
}

/** Parts this small are summed up. */
const CRUMB = 0.005;

function partsText(parts: readonly Part[]): string {
  if (parts.length === 0) return 'nothing';
  const shown = parts.filter((p, i) => i === 0 || p.part >= CRUMB);
  const rest = parts.slice(shown.length).reduce((n, p) => n + p.part, 0);
  return `${shown.map((p) => `${p.site} ${percent(p.part)}`).join(', ')}${rest >= 0.0005 ? `, others ${percent(rest)}` : ''}`;
}

function partsDraw(s: Stage, title: string, parts: readonly Part[]): Draw {
  return (size, theme) =>
    sharesPicture(
      {
        title,
        sites: parts.map((p) => ({
          site: p.site,
          index: s.prediction.sites.indexOf(p.site),
          share: p.part,
          certain: parts.length === 1 ? p.part : 0,
        })),
      },
      size,
      theme,
    );
}

function wayDraw(s: Stage, explanation: Explanation | undefined, title: string): Draw {
  return mapDraw(s.prediction, { title, explanation });
}
