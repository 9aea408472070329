/** `nearcast data`: fetches public data, and makes the file that prediction works on from public data. */
import { gunzipSync } from 'node:zlib';
import { Command } from 'commander';
import {
  type AsInfo,
  type AsInfos,
  AsRelReader,
  as2orgReader,
  asInfoReader,
  assembleWorld,
  BadBzip2,
  bunzip2,
  type ChunkReader,
  CITIES,
  formatTroubles,
  inferPresence,
  isBzip2,
  packWorld,
  prefixToAsReader,
  presenceFrom,
  type Reading,
  readPeeringDb,
  readUsersJson,
  slash24s,
  usersReader,
} from '../topology/index.ts';
import { looksLikeJson } from './atlas.ts';
import { Failure } from './failure.ts';
import { makeFolderFor } from './folder.ts';
import { bytesOf } from './observations.ts';
import { type PullOptions, pull, pullText } from './pull.ts';
import { readWhole, writeWhole } from './whole-file.ts';
import { defaultWorldFile } from './world-file.ts';

const EXAMPLES = `
Examples:
  nearcast data pack --graph 20240801.as-rel2.txt.bz2
  nearcast data pack --graph 20240801.as-rel2.txt.bz2 --as-info as-info.csv.gz --output world.bin
  nearcast data pack --graph G --as2org 20240701.as-org2info.txt.gz --pfx2as routeviews.pfx2as.gz --users users.csv

Files may be plain, gzip or bzip2. The AS graph is CAIDA's as-relationship format, serial 1 or 2
(https://publicdata.caida.org/datasets/as-relationships/): free to use under CAIDA's Acceptable Use Agreement, to be cited
and not to be passed on. Without --as-info, --users or --pfx2as every network weighs the same; without countries
(--as-info, --as2org) nothing is known of distance. Where nobody says in which cities a network is, it is taken to be in the
countries of its customers and peers.`;

const PULL_EXAMPLES = `
Examples:
  nearcast data pull                              the latest month that is surely published
  nearcast data pull as-rel --month 2024-08       the AS graph alone, of one month
  nearcast data pull --offline                    what is missing, and where to put it

What broke off goes on where it stopped; what is there is asked for again only if it has changed, and its checksum is
looked at first. Exit: 0 all there; 1 something is missing.`;

interface Options {
  readonly graph: string;
  readonly asInfo?: string;
  readonly as2org?: string;
  readonly users?: string;
  readonly pfx2as?: string;
  readonly peeringdb?: string;
  readonly output: string;
  readonly json?: true;
}

export function dataCommand(say: (text: string) => void = (text) => process.stderr.write(text)): Command {
  const data = new Command('data').description('the public data that prediction works on');
  data
    .command('pack')
    .description('make one packed file of an AS graph and what is known of its ASes')
    .requiredOption('--graph <file>', 'AS relationships, CAIDA serial 1 or 2')
    .option('--as-info <file>', 'CSV of ASes: asn, cc, org, lat, lon, slash24, users')
    .option('--as2org <file>', "CAIDA's AS to organisation")
    .option('--users <file>', 'users by AS: JSON as APNIC gives it, or CSV of asn and users')
    .option('--pfx2as <file>', "Routeviews' prefix to AS, for weights")
    .option('--peeringdb <file>', 'nightly dump: the cities that networks are in')
    .option('--output <file>', 'where to write it', defaultWorldFile())
    .option('--json', 'one JSON document about what was read')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => pack(options, say));
  data
    .command('pull')
    .description('fetch the public sources: as-rel, as2org, pfx2as, peeringdb, users')
    .argument('[source...]', 'which; all unless given')
    .option('--month <month>', 'of which month; the one before last unless given')
    .option('--folder <folder>', 'where to keep them; the cache unless given')
    .option('--server <url>', 'a mirror that has the same paths')
    .option('--offline', 'fetch nothing: say what is there, what is missing and how to bring it')
    .option('--json', 'one JSON document about what was fetched')
    .addHelpText('after', PULL_EXAMPLES)
    .action(async (names: string[], options: PullOptions) => {
      const pulled = await pull(names, options, say);
      if (options.json)
        process.stdout.write(`${JSON.stringify({ schema: 'nearcast.data.pull/1', pulled }, null, 2)}\n`);
      else say(pullText(pulled));
      const missing = pulled.filter((p) => p.missing !== undefined);
      if (missing.length > 0) throw new Failure(`missing: ${missing.map((p) => p.source).join(', ')}`);
    });
  return data;
}

function pack(options: Options, say: (text: string) => void): void {
  makeFolderFor(options.output);
  const account: { readonly file: string; readonly lines: number; readonly skipped: number }[] = [];
  const note = (file: string, reading: Reading) => {
    account.push({ file, lines: reading.lines, skipped: reading.skipped });
    for (const line of formatTroubles(file, reading)) say(`${line}\n`);
  };
  const rel = readWith(options.graph, new AsRelReader());
  note(options.graph, rel.reading);
  if (rel.graph.asns.length === 0) throw new Failure(`${options.graph} has no AS relationships in it`);
  if (rel.contradicted > 0)
    say(
      `${options.graph}: ${rel.contradicted} ${rel.contradicted === 1 ? 'pair of ASes is' : 'pairs of ASes are'} named again as something else; the first line counts\n`,
    );
  if (rel.cycle)
    say(
      `${options.graph}: these ASes are each other's providers in a ring: ${rel.cycle.join(' ')}; routes still settle\n`,
    );
  const infos = (
    [
      [
        options.users,
        options.users !== undefined && looksLikeJson(bytesOf(options.users)) ? usersJson : usersReader,
      ],
      [options.asInfo, asInfoReader],
      [options.as2org, as2orgReader],
    ] as const
  ).flatMap(([file, reader]) => {
    if (file === undefined) return [];
    const read = readWith(file, reader());
    note(file, read.reading);
    if (read.ases.size === 0) throw new Failure(`${file} has no AS in it that can be used`);
    return [read.ases];
  });
  const origins = options.pfx2as === undefined ? undefined : readWith(options.pfx2as, prefixToAsReader());
  if (origins && options.pfx2as) note(options.pfx2as, origins.reading);
  if (origins?.prefixes === 0)
    throw new Failure(`${options.pfx2as} has no IPv4 prefix in it that can be used`);
  const cities = options.peeringdb === undefined ? undefined : citiesIn(options.peeringdb, note, say);
  const world = assembleWorld({
    graph: rel.graph,
    infos,
    presence: inferPresence(rel.graph, together(infos), cities),
    ...(origins ? { slash24s: slash24s(origins.origins) } : {}),
    source: [options.graph, options.users, options.asInfo, options.as2org, options.pfx2as, options.peeringdb]
      .flatMap((f) => (f === undefined ? [] : [f.split('/').at(-1)]))
      .join(', '),
  });
  const bytes = packWorld(world);
  writeWhole(options.output, bytes);
  if (options.users !== undefined && world.weightUnit !== 'users')
    say(
      `${options.users}: fewer than a tenth of the ASes of the graph have users in it, so ${world.weightUnit === 'networks' ? 'every network weighs the same' : `networks are weighed by ${world.weightUnit}`}\n`,
    );
  const { graph } = world;
  const links = graph.customers.neighbours.length + graph.peers.neighbours.length / 2;
  const placed = world.presence.offsets.filter((o, i, all) => i > 0 && o > (all[i - 1] as number)).length;
  const facts = {
    output: options.output,
    bytes: bytes.length,
    ases: graph.asns.length,
    links,
    placed,
    weights: world.weightUnit,
  };
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ schema: 'nearcast.data/1', ...facts, read: account }, null, 2)}\n`,
    );
  else
    say(
      `${options.output}: ${facts.ases} ASes, ${links} links, ${placed} with a place, weighed by ${facts.weights}, ${(bytes.length / 1e6).toFixed(1)} MB\n`,
    );
}

/** Users per AS from a JSON document, which is read whole. */
function usersJson(): ChunkReader<AsInfos> {
  const pieces: Uint8Array[] = [];
  return {
    push: (piece) => void pieces.push(piece),
    end: () => readUsersJson(Buffer.concat(pieces).toString('utf8')),
  };
}

/** The cities that PeeringDB has networks in. */
function citiesIn(
  file: string,
  note: (file: string, reading: Reading) => void,
  say: (text: string) => void,
): ReadonlyMap<number, readonly number[]> {
  const pieces: Uint8Array[] = [];
  const whole = readWith(file, { push: (p: Uint8Array) => void pieces.push(p), end: () => pieces });
  const text = Buffer.concat(whole).toString('utf8');
  const db = readPeeringDb({ fac: text, ix: text, netfac: text, netixlan: text, ixfac: text });
  for (const [table, reading] of Object.entries(db.readings)) note(`${file} ${table}`, reading);
  const { at, unplaced } = presenceFrom(db, CITIES);
  if (at.size === 0) throw new Failure(`${file} places no network: it is no nightly dump of PeeringDB`);
  say(`${file}: ${at.size} networks in known cities; ${unplaced} facilities and exchanges are in none\n`);
  return at;
}

/** One table of several; the first that knows an AS's country counts. */
function together(infos: readonly ReadonlyMap<number, AsInfo>[]): ReadonlyMap<number, AsInfo> {
  const all = new Map<number, AsInfo>();
  for (const table of infos)
    for (const [asn, info] of table) if (info.cc !== '' && !all.has(asn)) all.set(asn, info);
  return all;
}

/** Reads a file that may be packed, piece by piece. */
export function readWith<T>(file: string, reader: ChunkReader<T>): T {
  const bytes = readWhole(file);
  try {
    if (isBzip2(bytes)) for (const piece of bunzip2(bytes)) reader.push(piece);
    else if (bytes[0] === 0x1f && bytes[1] === 0x8b) reader.push(gunzipSync(bytes));
    else reader.push(bytes);
  } catch (error) {
    if (
      error instanceof BadBzip2 ||
      (error as NodeJS.ErrnoException).code?.startsWith('Z_') ||
      (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    )
      throw new Failure(`${file} is cut or damaged: ${(error as Error).message}`);
    throw error;
  }
  return reader.end();
}
