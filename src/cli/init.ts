/** `nearcast init`: a first plan, by asking or from flags. */
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import {
  type AnsweredService,
  type AnsweredUpstream,
  type Answers,
  checkedInitialPlan,
  QUESTIONS,
  splitSites,
} from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';

const EXAMPLES = `
Examples:
  nearcast init                                            asks, then writes network.yaml
  nearcast init --asn 64500 --prefixes 203.0.113.0/24 \\
    --sites "fra Frankfurt, DE; nyc New York, US" \\
    --upstream "fra 64601 198.51.100.1" --upstream "nyc 64602 198.51.100.5" \\
    --service "dns 203.0.113.53" --output network.yaml

Then: nearcast check network.yaml. Exit: 0 written; 2 an answer cannot be used, or the file is there already (--force).`;

interface Options {
  readonly network?: string;
  readonly asn?: string;
  readonly prefixes?: string;
  readonly sites?: string;
  readonly upstream?: readonly string[];
  readonly service?: readonly string[];
  readonly output: string;
  readonly force?: true;
}

export interface Dialogue {
  /** Asks one question; undefined when nobody can answer. */
  ask(question: string): Promise<string | undefined>;
  say(text: string): void;
  close(): void;
}

export function initCommand(dialogue: () => Dialogue = terminal): Command {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  return new Command('init')
    .description('write a first plan, by asking or from flags')
    .option('--network <name>', 'what the network is called')
    .option('--asn <asn>', 'its AS number')
    .option('--prefixes <list>', 'with commas between')
    .option('--sites <list>', '"fra Frankfurt, DE; nyc New York, US"')
    .option(
      '--upstream <peer>',
      'site, AS number and address, once for each: "fra 64601 198.51.100.1"',
      collect,
    )
    .option('--service <service>', 'kind of probe and addresses, once for each: "dns 203.0.113.53"', collect)
    .option('--output <file>', 'where to write it; - is standard output', 'network.yaml')
    .option('--force', 'write over a file that is there')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const toFile = options.output !== '-';
      if (toFile && existsSync(options.output) && !options.force)
        throw new Failure(`${options.output} is there already; --force writes over it`, EXIT.usage);
      const answers = answersFrom(options) ?? (await interview(options, dialogue()));
      const made = checkedInitialPlan(answers);
      if ('complaints' in made)
        throw new Failure(`these answers make no plan\n${made.complaints.join('\n')}`, EXIT.usage);
      if (toFile) writeFileSync(options.output, made.text);
      else process.stdout.write(made.text);
      if (toFile) process.stderr.write(`wrote ${options.output}; next: nearcast check ${options.output}\n`);
    });
}

/** The answers, when the flags say all that has to be said. */
function answersFrom({
  network,
  asn,
  prefixes,
  sites,
  upstream = [],
  service = [],
}: Options): Answers | undefined {
  if (asn === undefined || prefixes === undefined || sites === undefined) return undefined;
  for (const [key, answer] of [
    ['asn', asn],
    ['prefixes', prefixes],
    ['sites', sites],
  ] as const)
    refuseWrong(key, answer);
  const named = splitSites(sites);
  const upstreams = upstream.map((text) => {
    const [site, ...rest] = text.trim().split(/\s+/);
    refuseWrong('upstream', rest.join(' '));
    if (!named.some((s) => s.name === site))
      throw new Failure(
        `--upstream names the site '${site}'; there are ${named.map((s) => s.name).join(', ')}`,
        EXIT.usage,
      );
    return { site, ...upstreamOf(rest.join(' ')) };
  });
  return {
    ...(network === undefined ? {} : { network }),
    asn,
    prefixes: prefixes.split(',').map((p) => p.trim()),
    sites: named.map((s) => ({
      ...s,
      upstreams: upstreams
        .filter((u) => u.site === s.name)
        .map(({ asn: a, address }) => ({ asn: a, address })),
    })),
    services: service.map((text) => {
      refuseWrong('service', text);
      return serviceOf(text);
    }),
  };
}

async function interview(given: Options, talk: Dialogue): Promise<Answers> {
  try {
    const answer = async (key: (typeof QUESTIONS)[number]['key'], about = '') => {
      const { ask, example, check } = QUESTIONS.find((q) => q.key === key) as (typeof QUESTIONS)[number];
      for (;;) {
        const said = await talk.ask(`${about}${ask} (${example})\n> `);
        if (said === undefined)
          throw new Failure('nobody is there to answer; say --asn, --prefixes and --sites', EXIT.usage);
        const wrong = check(said);
        if (wrong === undefined) return said.trim();
        talk.say(`That is not it; wanted: ${wrong}.\n`);
      }
    };
    const network = given.network ?? (await answer('network'));
    const asn = given.asn ?? (await answer('asn'));
    const prefixes = given.prefixes ?? (await answer('prefixes'));
    const named = splitSites(given.sites ?? (await answer('sites')));
    const sites: { name: string; place?: string; upstreams: AnsweredUpstream[] }[] = [];
    for (const site of named)
      sites.push({ ...site, upstreams: [upstreamOf(await answer('upstream', `${site.name}: `))] });
    const services = [serviceOf(await answer('service'))];
    return { network, asn, prefixes: prefixes.split(',').map((p) => p.trim()), sites, services };
  } finally {
    talk.close();
  }
}

function refuseWrong(key: string, answer: string): void {
  const question = QUESTIONS.find((q) => q.key === key);
  const wrong = question?.check(answer);
  if (wrong !== undefined) throw new Failure(`--${key}: found "${answer}"; wanted: ${wrong}`, EXIT.usage);
}

function upstreamOf(text: string): AnsweredUpstream {
  const [asn, address] = text.trim().split(/\s+/) as [string, string];
  return { asn, address };
}

function serviceOf(text: string): AnsweredService {
  const [probe, ...addresses] = text.trim().split(/\s+/) as [string, ...string[]];
  return { name: probe === 'dns' ? 'resolver' : probe, addresses, probe };
}

/** Questions on standard error, so that a plan on standard output stays clean. */
function terminal(): Dialogue {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  return {
    ask: (question) => Promise.race([lines.question(question), ended]),
    say: (text) => process.stderr.write(text),
    close: () => lines.close(),
  };
}
