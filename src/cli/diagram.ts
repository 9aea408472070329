/** `nearcast diagram`: the network of a plan, or a living one with its states, as Mermaid text, SVG or PNG. */

import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { diagramOf, readSnapshot } from '../control/index.ts';
import { type Diagram, diagramMermaid, diagramPicture } from '../picture/index.ts';
import { announcedTo, type Plan } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';
import { pngOf, sizeOf, themeOf } from './picture-file.ts';
import { readPlan } from './plan-file.ts';
import { ask } from './up-orders.ts';

const EXAMPLES = `
Examples:
  nearcast diagram network.yaml                          Mermaid text, for pages that draw it
  nearcast diagram network.yaml --format svg > net.svg   as a picture
  nearcast diagram network.yaml --out net.png            the ending says the format
  nearcast diagram network.yaml --json                   the same as data
  nearcast diagram --live --out now.svg                  what nearcast up is now: states of sites and sessions, what is announced

A box for each upstream AS, each site with its sessions, and each prefix; a line for each session and each announcement.`;

interface Options {
  readonly live?: true;
  readonly name: string;
  readonly format?: string;
  readonly out?: string;
  readonly theme?: string;
  readonly width?: string;
  readonly json?: true;
}

const FORMATS = ['mermaid', 'svg', 'png'] as const;
type Format = (typeof FORMATS)[number];
const ENDINGS: { readonly [ending: string]: Format } = {
  mmd: 'mermaid',
  mermaid: 'mermaid',
  svg: 'svg',
  png: 'png',
};

export function diagramCommand(
  write: (text: string | Uint8Array) => void = (text) => process.stdout.write(text),
): Command {
  return new Command('diagram')
    .description('the network of a plan as Mermaid text, SVG or PNG')
    .argument('[plan]', 'the plan file; or --live')
    .option('--live', 'the running nearcast up as it is now, with its states')
    .option('--name <name>', 'with --live: of the nearcast up that is meant', 'up')
    .option('--format <format>', 'mermaid (unless given, or unless --out says otherwise), svg or png')
    .option('--out <file>', 'where to write it; standard output unless given')
    .option('--theme <theme>', 'of a picture: light (unless given) or dark')
    .option('--width <pixels>', 'of a picture; 960 unless given')
    .option('--json', 'the diagram as one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const format = formatOf(options);
      const [size, theme] = [sizeOf(options), themeOf(options)];
      if ((file === undefined) !== (options.live === true))
        throw new Failure('diagram wants a plan file, or --live for the running nearcast up', EXIT.usage);
      const diagram = file === undefined ? await liveDiagram(options.name) : planDiagram(readPlan(file).plan);
      const content = options.json
        ? `${JSON.stringify({ schema: 'nearcast.diagram/1', ...diagram }, null, 2)}\n`
        : format === 'mermaid'
          ? diagramMermaid(diagram)
          : format === 'svg'
            ? diagramPicture(diagram, size, theme)
            : await pngOf(diagramPicture(diagram, size, theme));
      if (options.out === undefined || options.out === '-') return write(content);
      try {
        writeFileSync(options.out, content);
      } catch (error) {
        throw new Failure(`cannot write ${options.out}: ${(error as NodeJS.ErrnoException).code}`);
      }
    });
}

function formatOf({ format, out, json }: Options): Format {
  if (format !== undefined && json)
    throw new Failure('--json and --format are two ways of writing one thing: choose one', EXIT.usage);
  if (format !== undefined) {
    const known = FORMATS.find((f) => f === format);
    if (known) return known;
    throw new Failure(`--format wants ${FORMATS.join(', ')}, not '${format}'`, EXIT.usage);
  }
  if (json || out === undefined || out === '-') return 'mermaid';
  const byEnding = ENDINGS[/\.([a-z]+)$/.exec(out)?.[1] ?? ''];
  if (byEnding) return byEnding;
  throw new Failure(
    `--out wants a name that ends in .mmd, .svg or .png, or --format beside it, not '${out}'`,
    EXIT.usage,
  );
}

/** The plan as boxes and lines: what is to be, without states. Sessions that are disabled say so. */
function planDiagram(plan: Plan): Diagram {
  return {
    network: plan.network,
    asn: plan.asn,
    prefixes: plan.prefixes,
    sites: Object.entries(plan.sites).map(([name, site]) => ({
      name,
      ...(site.place !== undefined && { place: site.place }),
      sessions: Object.entries(site.upstreams).map(([upstream, u]) => ({
        name: upstream,
        asn: u.asn,
        role: u.role,
        ...(!u.enabled && { state: { word: 'disabled', health: 'off' as const } }),
        prefixes: u.enabled ? announcedTo(plan, u) : [],
      })),
    })),
  };
}

/** Longer than a snapshot takes on a busy machine. */
const PATIENCE_MS = 10_000;
/** A network of thousands of vantages and sites has less. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The running `up` as it is now: asks its control API for a snapshot. */
async function liveDiagram(name: string): Promise<Diagram> {
  const { page } = await ask('status', {}, { name });
  if (page === undefined)
    throw new Failure(`this nearcast up has no control API: it was started with --page off`);
  const text = await fetch(new URL('api/v1/snapshot', page), { signal: AbortSignal.timeout(PATIENCE_MS) })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(`it says ${answer.status}`))))
    .catch((error: Error) => {
      throw new Failure(`${page} gives no snapshot: ${error.message}`, EXIT.unreachable);
    });
  if (text.length > MOST_BYTES) throw new Failure(`the snapshot of ${page} has ${text.length} bytes`);
  const read = readSnapshot(text);
  if (!read.ok) throw new Failure(`the snapshot of ${page} cannot be read: ${read.complaints.join('; ')}`);
  return diagramOf(read.value, read.value.at);
}
