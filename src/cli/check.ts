/** `nearcast check PLAN`: what is wrong with a plan, and what is allowed and still should not be. */
import { Command } from 'commander';
import {
  type Complaint,
  type Finding,
  formatComplaint,
  formatFinding,
  LINTS,
  lint,
  parsePlan,
  planSchema,
} from '../plan/index.ts';
import { CITIES, findPlace } from '../topology/index.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { readText } from './plan-file.ts';
import { readRoas } from './roas.ts';

const EXAMPLES = `
Examples:
  nearcast check network.yaml
  nearcast check network.yaml --production                 documentation space and private AS numbers are errors
  nearcast check network.yaml --roas vrps.json             hold the prefixes against validated ROA payloads
  nearcast check --schema > network.schema.json            for editors: completes and checks while you type

Exit: 0 nothing to say, or warnings only; 2 mistakes or errors (with --strict, warnings too).`;

interface Options {
  readonly production?: true;
  readonly strict?: true;
  readonly roas?: string;
  readonly json?: true;
  readonly schema?: true;
  readonly lints?: true;
}

export function checkCommand(write: Write = toStandardOutput): Command {
  return new Command('check')
    .description('say what is wrong with a plan, all at once, with line and column')
    .argument('[plan]', 'the plan file')
    .option('--production', 'the plan is for the public internet')
    .option('--strict', 'exit with 2 on warnings as well')
    .option('--roas <file>', 'validated ROA payloads, as JSON or CSV')
    .option('--schema', 'print the JSON Schema of plan files, and do nothing else')
    .option('--lints', 'list everything that is looked for, and do nothing else')
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: Options) => {
      if (options.schema) return write(`${JSON.stringify(planSchema(), null, 2)}\n`);
      if (options.lints) return write(lints(options));
      if (file === undefined) throw new Failure('say which plan: nearcast check network.yaml', EXIT.usage);
      const parsed = parsePlan(readText(file), { file });
      const complaints: readonly Complaint[] = 'complaints' in parsed ? parsed.complaints : [];
      const roas = options.roas === undefined ? undefined : readRoas(options.roas);
      const findings: readonly Finding[] =
        'plan' in parsed
          ? lint(parsed.plan, {
              where: parsed.where,
              atlas: ATLAS,
              ...(options.production ? { production: true } : {}),
              ...(roas ? { roas } : {}),
            })
          : [];
      if (options.json)
        write(`${JSON.stringify({ schema: 'nearcast.check/1', file, complaints, findings }, null, 2)}\n`);
      else write(text(file, complaints, findings));
      const bad = (f: Finding) => f.severity === 'error' || (options.strict && f.severity === 'warning');
      if (complaints.length > 0 || findings.some(bad)) process.exitCode = EXIT.usage;
    });
}

/** The cities that come with the package, as far as lint wants to know them. */
const ATLAS = {
  find: (place: string) => {
    const found = findPlace(place, CITIES);
    return found && { latitude: found.lat, longitude: found.lon };
  },
  names: CITIES.map((c) => `${c.name}, ${c.cc}`),
};

function text(file: string, complaints: readonly Complaint[], findings: readonly Finding[]): string {
  const lines = [...complaints.map(formatComplaint), ...findings.map(formatFinding)];
  if (complaints.length > 0) lines.push(count(complaints.length, 'mistake'));
  else if (findings.length === 0) lines.push(`${file}: nothing wrong, nothing odd`);
  else {
    const of = (severity: Finding['severity']) => findings.filter((f) => f.severity === severity).length;
    lines.push(
      [count(of('error'), 'error'), count(of('warning'), 'warning'), count(of('note'), 'note')].join(', '),
    );
  }
  return `${lines.join('\n')}\n`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function lints({ json }: Options): string {
  const all = Object.entries(LINTS).map(([code, about]) => ({ code, about }));
  if (json) return `${JSON.stringify({ schema: 'nearcast.lints/1', lints: all }, null, 2)}\n`;
  const width = Math.max(...all.map((l) => l.code.length));
  return all.map((l) => `${l.code.padEnd(width)}  ${l.about}\n`).join('');
}
