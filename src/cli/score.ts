/** `nearcast score`: the predictor against a catchment that was measured, with what simpler rules would have said. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  type Announcement,
  crossValidated,
  groundOf,
  type Observation,
  predict,
  rulesFor,
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
import { readObservations, type Scored, scoresOf, scoreText } from './observations.ts';
import { wantsColour } from './table.ts';

const EXAMPLES = `
Examples:
  nearcast score --data ~/nearcast-data           the table, and whether 80 % means 80 %
  nearcast score --json                           the same for programs

The folder is --data, else the variable NEARCAST_DATA. It holds as-rel/20210501.as-rel2.txt.bz2 (CAIDA),
as-info.csv.gz, truth/quad9-2021-05-pops.csv and truth/quad9-2021-05-v4-sample.csv.gz (RIPE Atlas probes, and where Quad9's
anycast answered them). No client is scored on what was learnt from it: ten parts, each judged by the other nine.
Exit: 0 done, or skipped because there is no data.`;

interface Options {
  readonly data?: string;
  readonly json?: true;
}

const FILES = {
  graph: 'as-rel/20210501.as-rel2.txt.bz2',
  infos: 'as-info.csv.gz',
  pops: 'truth/quad9-2021-05-pops.csv',
  truth: 'truth/quad9-2021-05-v4-sample.csv.gz',
} as const;

/** Quad9, and the network that carries it at many sites. */
const OPERATOR = 19281;
const CARRIER = 42;

export function scoreCommand(write: (text: string) => void = (text) => process.stdout.write(text)): Command {
  return new Command('score')
    .description('the predictor against measured catchments')
    .option('--data <folder>', 'where the graph and the truth are')
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => {
      const folder = options.data ?? process.env['NEARCAST_DATA'] ?? join('..', 'shared', 'data');
      const missing = Object.values(FILES).filter((file) => !existsSync(join(folder, file)));
      if (missing.length > 0) {
        const skipped = `skipped: ${folder} lacks ${missing.join(', ')}; --data or NEARCAST_DATA names the folder`;
        write(
          options.json
            ? `${JSON.stringify({ schema: 'nearcast.score/1', skipped }, null, 2)}\n`
            : `${skipped}\n`,
        );
        return;
      }
      const scores = scoreQuad9(folder);
      write(
        options.json
          ? `${JSON.stringify({ schema: 'nearcast.score/1', truth: FILES.truth, scores }, null, 2)}\n`
          : `Quad9, May 2021, from RIPE Atlas probes:\n${scoreText(scores, wantsColour(process.stdout))}`,
      );
    });
}

/** Scores all rules on the measured catchment in the folder. Three seconds or so. */
export function scoreQuad9(folder: string): readonly Scored[] {
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
  const { observations } = readObservations(join(folder, FILES.truth), ['metro0522']);
  return scoresOf(prediction, guessesOf(prediction, observations));
}

export function* guessesOf(prediction: Parameters<typeof rulesFor>[0], observations: readonly Observation[]) {
  for (const [name, rule] of Object.entries(rulesFor(prediction)))
    yield [name, crossValidated(observations, rule)] as const;
}
