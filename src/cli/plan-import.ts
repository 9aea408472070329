/** `nearcast import`: a plan from what other tools were told. */
import { Command } from 'commander';
import {
  type Imported,
  type ImportInto,
  importAnycastHealthchecker,
  importExabgpFile,
  type Remark,
} from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { readText } from './plan-file.ts';

const EXAMPLES = `
Examples:
  nearcast import exabgp-healthcheck healthcheck.conf > network.yaml
  nearcast import anycast-healthchecker anycast-healthchecker.d/dns.conf --asn 64500 --site fra --upstream "64601 198.51.100.1"

The plan goes to standard output, remarks to standard error: what could not be carried over, and what has to be decided,
such as whether a failing node is withdrawn (ExaBGP's health check only makes it less attractive unless told otherwise).
Exit: 0 done; 1 something in the file is a mistake there already.`;

const FORMATS: { readonly [name: string]: (text: string, into: ImportInto) => Imported } = {
  'exabgp-healthcheck': importExabgpFile,
  'anycast-healthchecker': importAnycastHealthchecker,
};

interface Options {
  readonly network?: string;
  readonly asn?: string;
  readonly site?: string;
  readonly place?: string;
  readonly upstream?: string;
  readonly json?: true;
}

export function importCommand(
  write: Write = toStandardOutput,
  remark: (text: string) => void = (text) => process.stderr.write(text),
): Command {
  return new Command('import')
    .description("make a plan of another tool's configuration")
    .argument('<format>', Object.keys(FORMATS).join(' or '))
    .argument('<file>', 'the file of that tool')
    .option('--network <name>', 'what the network is called')
    .option('--asn <asn>', 'our AS number')
    .option('--site <name>', 'the site that this node is')
    .option('--place <place>', 'where it is: "Frankfurt, DE"')
    .option('--upstream <peer>', 'AS number and address of the neighbour: "64601 198.51.100.1"')
    .option('--json', 'one JSON document with the plan and the remarks')
    .addHelpText('after', EXAMPLES)
    .action((format: string, file: string, options: Options) => {
      const read = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
      if (!read)
        throw new Failure(
          `no format '${format}'; there are ${Object.keys(FORMATS).join(' and ')}`,
          EXIT.usage,
        );
      const { text, remarks } = read(readText(file), into(options));
      if (options.json)
        write(`${JSON.stringify({ schema: 'nearcast.import/1', plan: text, remarks }, null, 2)}\n`);
      else {
        write(text);
        for (const r of remarks) remark(sentence(file, r));
      }
      if (remarks.some((r) => r.kind === 'mistake')) process.exitCode = EXIT.error;
    });
}

function into({ network, asn, site, place, upstream }: Options): ImportInto {
  const [neighbour, address, ...more] = (upstream ?? '').trim().split(/\s+/);
  if (upstream !== undefined && (!neighbour || !address || more.length > 0))
    throw new Failure('--upstream wants an AS number and an address: "64601 198.51.100.1"', EXIT.usage);
  return {
    ...(network === undefined ? {} : { network }),
    ...(asn === undefined ? {} : { asn }),
    ...(site === undefined ? {} : { site }),
    ...(place === undefined ? {} : { place }),
    ...(neighbour && address ? { upstream: { asn: neighbour, address } } : {}),
  };
}

function sentence(file: string, { kind, about, message, line }: Remark): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${kind}: ${about}: ${message}\n`;
}
