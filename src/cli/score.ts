/** `nearcast score`: the predictor against a catchment that was measured, with what simpler rules would have said. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Command } from 'commander';
import { parseAsn } from '../base/index.ts';
import {
  type Announcement,
  type Client,
  crossValidated,
  groundOf,
  type HopScores,
  type Observation,
  predict,
  rulesFor,
  scoreHops,
  type Together,
  together,
} from '../predict/index.ts';
import {
  AsRelReader,
  asInfoReader,
  assembleWorld,
  CITIES,
  inferPresence,
  type Place,
} from '../topology/index.ts';
import { readWith } from './data.ts';
import { Failure } from './failure.ts';
import { rate, readObservations, type Scored, scoresOf, scoreText } from './observations.ts';
import { toStandardOutput, type Write } from './output.ts';
import { type Column, formatTable, wantsColour } from './table.ts';

const EXAMPLES = `
Examples:
  nearcast score --data ~/nearcast-data           the table, and whether 80 % means 80 %
  nearcast score --truth ~/all-probes.csv.gz      other probes, in the columns of the sample
  nearcast score --json                           the same for programs

The folder is --data, else the variable NEARCAST_DATA. It holds as-rel/20210501.as-rel2.txt.bz2 (CAIDA),
as-info.csv.gz, truth/quad9-2021-05-pops.csv and truth/quad9-2021-05-v4-sample.csv.gz (RIPE Atlas probes, and where Quad9's
anycast answered them). No client is scored on what was learnt from it: ten parts, each judged by the other nine.
With as-rel/20160101.as-rel2.txt.bz2 and truth/as-paths-2016-02-sample.txt.gz (AS paths seen by traceroute) the next hop of
each path's first AS is scored too; what is learnt for a destination comes from paths to the others.
Exit: 0 done, or skipped because there is no data.`;

interface Options {
  readonly data?: string;
  readonly truth?: string;
  readonly json?: true;
}

const FILES = {
  graph: 'as-rel/20210501.as-rel2.txt.bz2',
  infos: 'as-info.csv.gz',
  pops: 'truth/quad9-2021-05-pops.csv',
  truth: 'truth/quad9-2021-05-v4-sample.csv.gz',
} as const;

const PATH_FILES = {
  graph: 'as-rel/20160101.as-rel2.txt.bz2',
  paths: 'truth/as-paths-2016-02-sample.txt.gz',
} as const;

/** The columns of the two days. */
const EARLIER = 'metro0515';
const LATER = 'metro0522';

/** Quad9, and the network that carries it at many sites. */
const OPERATOR = 19281;
const CARRIER = 42;

export function scoreCommand(write: Write = toStandardOutput): Command {
  return new Command('score')
    .description('the predictor against measured catchments')
    .option('--data <folder>', 'where the graph and the truth are')
    .option(
      '--truth <file>',
      'where Quad9 answered whom, instead of the sample in the folder; CSV, plain or packed',
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      const folder = options.data ?? process.env['NEARCAST_DATA'] ?? join('..', 'shared', 'data');
      const truth = options.truth ?? join(folder, FILES.truth);
      const missing = Object.entries(FILES)
        .filter(([what, file]) => !(what === 'truth' && options.truth) && !existsSync(join(folder, file)))
        .map(([, file]) => file);
      if (missing.length > 0) {
        const skipped = `skipped: ${folder} lacks ${missing.join(', ')}; --data or NEARCAST_DATA names the folder`;
        write(
          options.json
            ? `${JSON.stringify({ schema: 'nearcast.score/1', skipped }, null, 2)}\n`
            : `${skipped}\n`,
        );
        return;
      }
      const scores = scoreQuad9(folder, truth);
      const alike = landTogether(truth);
      const paths = Object.values(PATH_FILES).every((file) => existsSync(join(folder, file)))
        ? scorePaths(folder)
        : undefined;
      if (options.json) {
        const document = {
          schema: 'nearcast.score/1',
          truth: options.truth ?? FILES.truth,
          scores,
          together: alike,
          ...(paths && { paths }),
        };
        write(`${JSON.stringify(document, null, 2)}\n`);
        return;
      }
      const colour = wantsColour(process.stdout);
      write(`Quad9, May 2021, from RIPE Atlas probes:\n${scoreText(scores, colour)}`);
      write(
        `How often do two that have this in common land together?\n${formatTable(TOGETHER, alike, colour)}\n`,
      );
      write(
        paths ? `\n${hopText(paths, colour)}` : `\nAS paths: skipped, ${folder} lacks the files of 2016\n`,
      );
    });
}

interface Alike extends Together {
  readonly what: string;
}

const TOGETHER: readonly Column<Alike>[] = [
  { title: 'IN COMMON', text: (a) => a.what },
  { title: 'CLIENTS', align: 'right', text: (a) => String(a.clients) },
  { title: 'TOGETHER', align: 'right', text: (a) => `${(100 * a.rate).toFixed(1)} %` },
];

/** What the truth itself allows: how often clients of which a rule knows the same land together. */
function landTogether(file: string): readonly Alike[] {
  const { observations } = readObservations(file, [LATER]);
  const both = [...readObservations(file, [EARLIER]).observations, ...observations];
  const network = (c: Client) => (c.asn === undefined ? undefined : `${c.asn} ${c.cc}`);
  return [
    { what: 'the client itself, a week apart', ...together(both, (c) => c.id) },
    { what: 'network and country', ...together(observations, network) },
    { what: 'country', ...together(observations, (c) => c.cc || undefined) },
  ];
}

/** Scores next hops on the paths in the folder; under a second. */
export function scorePaths(folder: string): HopScores {
  const { graph } = readWith(join(folder, PATH_FILES.graph), new AsRelReader());
  const file = join(folder, PATH_FILES.paths);
  const paths = gunzipSync(readFileSync(file))
    .toString()
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ').map((word) => parseAsn(word) ?? Number.NaN));
  const bad = paths.findIndex((path) => path.length < 2 || path.some(Number.isNaN));
  if (bad >= 0) throw new Failure(`${file}: path ${bad + 1} is not two or more AS numbers`);
  return scoreHops(graph, paths);
}

const HOPS: readonly Column<HopScores['scores'][number]>[] = [
  { title: 'RULE', text: (s) => s.rule },
  { title: 'NEXT HOP', align: 'right', text: (s) => rate(s.right) },
];

function hopText(hops: HopScores, colour: boolean): string {
  return [
    'AS paths, February 2016, by traceroute: whom does the first AS hand over to?',
    formatTable(HOPS, hops.scores, colour),
    `${hops.paths} paths. In ${rate(hops.unlinked)} the graph lacks the first link, and no rule can know.\n`,
  ].join('\n');
}

/** Scores all rules on a measured catchment, by the graph and the sites in the folder. Three seconds or so for a thousand clients. */
export function scoreQuad9(folder: string, truth = join(folder, FILES.truth)): readonly Scored[] {
  const { graph } = readWith(join(folder, FILES.graph), new AsRelReader());
  const infos = readWith(join(folder, FILES.infos), asInfoReader()).ases;
  const announcements: Announcement[] = [];
  const cities: Place[] = [...CITIES];
  for (const line of readFileSync(join(folder, FILES.pops), 'utf8').trim().split('\n').slice(1)) {
    const [site = '', lat, lon] = line.split(',');
    const place = { lat: Number(lat), lon: Number(lon) };
    if (site === '' || Number.isNaN(place.lat) || Number.isNaN(place.lon))
      throw new Failure(`${join(folder, FILES.pops)}: a line without metro,lat,lon: ${line}`);
    cities.push({ name: site, cc: '', code: '', population: 0, ...place });
    for (const upstream of [CARRIER, OPERATOR])
      announcements.push({ site, upstream, relation: 'itself', place });
  }
  // The operator's own networks are where its sites are, wherever their neighbours may be.
  const sites = cities.slice(CITIES.length).map((_, i) => CITIES.length + i);
  const known = new Map([OPERATOR, CARRIER].map((asn) => [asn, sites]));
  const presence = inferPresence(graph, infos, known, cities);
  const ground = groundOf(assembleWorld({ graph, infos: [infos], presence, cities }));
  const prediction = predict(ground, { operator: OPERATOR, announcements });
  // The second of the two days, as in the published baselines.
  const { observations } = readObservations(truth, [LATER]);
  return scoresOf(prediction, guessesOf(prediction, observations));
}

export function* guessesOf(prediction: Parameters<typeof rulesFor>[0], observations: readonly Observation[]) {
  for (const [name, rule] of Object.entries(rulesFor(prediction)))
    yield [name, crossValidated(observations, rule)] as const;
}
