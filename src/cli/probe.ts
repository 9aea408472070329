/** `nearcast probe PLAN SERVICE`: asks a service's probes once, from here, and says what each asked and what it saw. */
import { Command } from 'commander';
import { type Address, parseAddress } from '../base/index.ts';
import { type ProbeReport, runProbe } from '../host/index.ts';
import { formatDuration, nearest, type Plan, type Probe, type Service, sitesOf } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { readPlan } from './plan-file.ts';
import { type Colour, paint, printable, wantsColour } from './table.ts';

const EXAMPLES = `
Examples:
  nearcast probe network.yaml resolver                 what the probes of a service say, asked from here
  nearcast probe network.yaml resolver --site fra      the same; who has to answer is fra
  nearcast probe network.yaml web --address ::1        ask this host instead of the anycast addresses

Exit: 0 the service is good or degraded, 1 it is not, 2 wrong usage.
One answer is no verdict: an agent asks rise or fall times before it changes its mind.`;

interface Options {
  readonly site?: string;
  readonly address?: readonly Address[];
  readonly json?: true;
}

/** What one probe said, and what that counts for. */
interface Asked {
  readonly name: string;
  readonly probe: Probe;
  readonly report: ProbeReport;
  readonly slow: boolean;
}

export function probeCommand(write: Write = toStandardOutput): Command {
  return new Command('probe')
    .description("run a service's probes once, and explain each")
    .argument('<plan>', 'the plan file')
    .argument('<service>', 'the name of a service in it')
    .option('--site <name>', 'the site this is, for probes that ask who answers')
    .option('--address <address>', 'ask there instead of the service addresses; may be repeated', addresses)
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, name: string, options: Options) => {
      const { plan } = readPlan(file);
      const service = serviceOf(plan, name);
      const site = siteOf(plan, name, service, options.site);
      const asked = await askAll(service, site, options.address ?? service.address);
      const judged = judge(service, asked);
      write(
        options.json
          ? `${JSON.stringify(document(name, site, judged, asked), null, 2)}\n`
          : text(name, site, judged, asked, wantsColour(process.stdout)),
      );
      if (judged.verdict === 'down') process.exitCode = EXIT.error;
    });
}

function addresses(given: string, before: readonly Address[] | undefined): readonly Address[] {
  const address = parseAddress(given);
  if (address === undefined) throw new Failure(`'${given}' is no IP address`, EXIT.usage);
  return [...(before ?? []), address];
}

function serviceOf(plan: Plan, name: string): Service {
  const service = Object.hasOwn(plan.services, name) ? plan.services[name] : undefined;
  if (service) return service;
  throw unknown('service', name, Object.keys(plan.services));
}

/** The site that was named, or the only one that runs the service. */
function siteOf(plan: Plan, name: string, service: Service, site: string | undefined): string | undefined {
  const sites = sitesOf(plan, service);
  if (site === undefined) return sites.length === 1 ? sites[0] : undefined;
  if (!Object.hasOwn(plan.sites, site)) throw unknown('site', site, Object.keys(plan.sites));
  if (!sites.includes(site))
    throw new Failure(`${site} does not run ${name}; its sites are: ${sites.join(', ')}`, EXIT.usage);
  return site;
}

function unknown(what: string, name: string, all: readonly string[]): Failure {
  const near = nearest(name, all);
  const hint = near === undefined ? `there is: ${all.join(', ') || 'none'}` : `did you mean ${near}?`;
  return new Failure(`the plan has no ${what} '${name}'; ${hint}`, EXIT.usage);
}

/** Asks all probes at the same time; each takes its own timeout at most. */
function askAll(
  service: Service,
  site: string | undefined,
  addresses: readonly Address[],
): Promise<readonly Asked[]> {
  return Promise.all(
    Object.entries(service.probes).map(async ([name, probe]): Promise<Asked> => {
      const report = await runProbe(probe, { addresses, ...(site === undefined ? {} : { site }) });
      const slow = probe.slow !== undefined && report.outcome === 'good' && report.took > probe.slow;
      return { name, probe, report, slow };
    }),
  );
}

interface Judged {
  readonly verdict: 'up' | 'degraded' | 'down';
  readonly why: string;
}

/** What these answers would make of the service if they stayed so. */
export function judge(service: Pick<Service, 'combine' | 'degraded'>, asked: readonly Asked[]): Judged {
  const counted = asked.filter((a) => a.probe.onFailure === 'down');
  const good = counted.filter((a) => a.report.outcome === 'good').length;
  const { combine } = service;
  const needed =
    combine.kind === 'all'
      ? counted.length
      : Math.min(counted.length, combine.kind === 'any' ? 1 : combine.count);
  const tally =
    counted.length === 0
      ? 'no probe counts against it'
      : `${good} of ${counted.length} probes ${good === 1 ? 'is' : 'are'} good, ${needed === counted.length ? 'all have' : `${needed} ${needed === 1 ? 'has' : 'have'}`} to be`;
  if (good < needed) return { verdict: 'down', why: tally };
  const { degraded } = service;
  const reasons = asked.flatMap(({ name, probe, report, slow }) => [
    ...(report.outcome !== 'good' && (probe.onFailure === 'degraded' || degraded.includes('partial'))
      ? [`${name} fails`]
      : []),
    ...(slow && degraded.includes('slow') ? [`${name} is slow`] : []),
    ...(report.warning && degraded.includes('warning') ? [`${name} warns`] : []),
  ]);
  return reasons.length > 0
    ? { verdict: 'degraded', why: reasons.join(', ') }
    : { verdict: 'up', why: tally };
}

/** What a probe asks, in a line. */
export function question(probe: Probe): string {
  const quoted = (before: string, value: string | undefined) =>
    value === undefined ? '' : `${before} ${JSON.stringify(value)}`;
  switch (probe.kind) {
    case 'dns':
      return [
        `${probe.name} ${probe.class} ${probe.type} over ${probe.over.toUpperCase()}, ${probe.rcode}`,
        ...probe.answer.map((a) => ` with ${a}`),
        probe.serial ? `, serial at most ${probe.serial.behind} behind ${probe.serial.of}` : '',
        probe.identity ? ', from this very site' : '',
      ].join('');
    case 'http':
    case 'https': {
      const status = probe.status.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(' or ');
      const host = probe.host === undefined ? '' : ` of ${probe.host}`;
      const tls = probe.kind === 'https' ? `, ${certificate(probe)}` : '';
      return `${probe.method} ${probe.path}${host}, status ${status}${quoted(', body with', probe.body)}${tls}`;
    }
    case 'tcp':
    case 'udp': {
      const exchange = `${quoted(', send', probe.send)}${quoted(', expect', probe.expect)}`;
      const plain = probe.kind === 'tcp' ? 'a connection' : 'an answer';
      return `${plain} at port ${probe.port}${exchange}`;
    }
    case 'tls':
      return `a handshake at port ${probe.port}, ${certificate(probe)}`;
    case 'ntp':
      return `the time, stratum ${probe.maxStratum} or better${probe.maxOffset === undefined ? '' : `, at most ${formatDuration(probe.maxOffset)} from ours`}`;
    case 'icmp':
      return 'an echo';
    case 'command':
      return probe.run.join(' ');
    case 'systemd':
      return `unit ${probe.unit} is active`;
    case 'address':
      return `the addresses are on ${probe.interface ?? 'this host'}`;
    case 'process':
      return `the process of ${probe.pidFile} is alive`;
  }
}

function certificate(probe: Extract<Probe, { readonly kind: 'https' | 'tls' }>): string {
  if (!probe.verify && probe.certificateDays === 0) return 'any certificate';
  const days = probe.certificateDays > 0 ? ` for ${probe.certificateDays} days more` : '';
  const whose = probe.name === undefined ? '' : ` of ${probe.name}`;
  return `a certificate${whose} that is ${probe.verify ? 'good' : 'valid'}${days}`;
}

/** A word for an answer, and its colour. */
function word({ outcome, warning }: { readonly outcome: string; readonly warning?: true }): [string, Colour] {
  if (outcome !== 'good') return [outcome, 'red'];
  return warning ? ['warning', 'yellow'] : ['good', 'green'];
}

const VERDICT: { readonly [V in Judged['verdict']]: Colour } = {
  up: 'green',
  degraded: 'yellow',
  down: 'red',
};

function text(
  service: string,
  site: string | undefined,
  { verdict, why }: Judged,
  asked: readonly Asked[],
  colour: boolean,
): string {
  const tint = (said: string, hue: Colour) => (colour ? paint(said, hue) : said);
  const lines = [`${service}${site === undefined ? '' : ` at ${site}`}`];
  for (const { name, probe, report, slow } of asked) {
    const kind = name === probe.kind ? name : `${name} (${probe.kind})`;
    const limits = [
      `within ${formatDuration(probe.timeout)}`,
      ...(slow ? [`slow: more than ${formatDuration(probe.slow as number)}`] : []),
      ...(probe.onFailure === 'degraded' ? ['only degrades'] : []),
    ];
    lines.push(`  ${kind}: ${printable(question(probe))} (${limits.join(', ')})`);
    for (const t of report.targets.length > 0 ? report.targets : [report]) {
      const [said, hue] = word(t);
      const took = `${t.took.toFixed(1)} ms`.padStart(9);
      const where =
        'target' in t && t.target
          ? `${t.target.address}${t.target.port > 0 ? ` port ${t.target.port}` : ''}: `
          : '';
      lines.push(
        `    ${tint(said, hue)}${' '.repeat(8 - said.length)}${took}  ${printable(where + t.detail)}`,
      );
    }
  }
  lines.push(`${tint(verdict, VERDICT[verdict])}: ${why}`);
  return `${lines.join('\n')}\n`;
}

function document(
  service: string,
  site: string | undefined,
  judged: Judged,
  asked: readonly Asked[],
): object {
  return {
    schema: 'nearcast.probe/1',
    service,
    ...(site === undefined ? {} : { site }),
    ...judged,
    probes: asked.map(({ name, probe, report, slow }) => ({
      name,
      kind: probe.kind,
      question: question(probe),
      onFailure: probe.onFailure,
      outcome: report.outcome,
      ...(report.warning ? { warning: true } : {}),
      ...(slow ? { slow } : {}),
      tookMs: report.took,
      detail: report.detail,
      targets: report.targets.map(({ took, ...t }) => ({ ...t, tookMs: took })),
    })),
  };
}
