/** `nearcast status`, `watch` and `explain`: how an agent stands, what happens there, and why an upstream hears what it hears. */
import type { Command } from 'commander';
import type { ExplainView, Happening, StatusView } from '../agent/index.ts';
import { type AskOptions, agentSocket, ask, askCommand } from './agent-ask.ts';
import { type NagiosAnswer, nagiosOf, nagiosUnknown } from './nagios.ts';
import { toStandardOutput, type Write } from './output.ts';
import { withControl } from './socket.ts';
import { type Column, formatTable, paint, printable, wantsColour } from './table.ts';

export function statusCommand(write: Write = toStandardOutput): Command {
  return askCommand(
    'status',
    'how a site stands: health, guard, what is announced, sessions',
    `  nearcast status            the only agent of this machine
  nearcast status fra        that of site fra
  nearcast status fra --json | jq '.scopes[].level'
  nearcast status fra --nagios                            one line for a monitoring system, exit 0, 1, 2 or 3`,
  )
    .argument('[site]', 'name of the site')
    .option('--nagios', 'as a monitoring plugin: OK, WARNING, CRITICAL or UNKNOWN, with exit 0, 1, 2 or 3')
    .action(async (site: string | undefined, o: AskOptions & { readonly nagios?: true }) => {
      if (o.nagios) {
        const { line, exit } = await nagios(site, o);
        write(`${line}\n`);
        process.exitCode = exit;
        return;
      }
      const view = await ask(await agentSocket(site, o), 'status', {});
      write(
        o.json
          ? `${JSON.stringify(view, null, 2)}\n`
          : `${formatStatus(view, wantsColour(process.stdout))}\n`,
      );
    });
}

async function nagios(site: string | undefined, o: AskOptions): Promise<NagiosAnswer> {
  try {
    return nagiosOf(await ask(await agentSocket(site, o), 'status', {}));
  } catch (error) {
    return nagiosUnknown((error as Error).message);
  }
}

export function watchCommand(write: Write = toStandardOutput): Command {
  return askCommand(
    'watch',
    'what happens at a site, line by line, until interrupted',
    `  nearcast watch fra
  nearcast watch --last 50 --json     with the latest 50 first, one JSON object a line`,
  )
    .argument('[site]', 'name of the site')
    .option('--last <count>', 'begin with so many that have been', '10')
    .action(async (site: string | undefined, o: AskOptions & { readonly last: string }) => {
      const colour = wantsColour(process.stdout);
      await withControl(await agentSocket(site, o), async (client) => {
        for await (const item of client.stream('watch', { before: Number(o.last) || 0 }))
          write(o.json ? `${JSON.stringify(item)}\n` : `${formatHappening(item as Happening, colour)}\n`);
      });
    });
}

/** The command `explain` with the options that its question to an agent has. */
export function upstreamCommand(examples: string): Command {
  return askCommand('explain', '', examples).option('--site <name>', 'of an agent: the name of its site');
}

/** Asks an agent why an upstream hears, or does not hear, of a prefix; the words are `prefix PREFIX to UPSTREAM`. */
export async function explainUpstream(
  words: readonly string[],
  o: AskOptions & { readonly site?: string },
  write: Write,
): Promise<void> {
  const [prefix, upstream] = words.filter((w) => w !== 'prefix' && w !== 'to');
  const view = await ask(await agentSocket(o.site, o), 'explain', {
    prefix: prefix ?? '',
    upstream: upstream ?? '',
  });
  write(
    o.json ? `${JSON.stringify(view, null, 2)}\n` : `${formatExplain(view, wantsColour(process.stdout))}\n`,
  );
}

type Service = StatusView['services'][number];
type Scope = StatusView['scopes'][number];
type Upstream = StatusView['upstreams'][number];

const HUES: { readonly [word: string]: 'green' | 'yellow' | 'red' | 'dim' } = {
  up: 'green',
  full: 'green',
  Established: 'green',
  degraded: 'yellow',
  rising: 'yellow',
  falling: 'yellow',
  'less-preferred': 'yellow',
  down: 'red',
  withdrawn: 'red',
  disabled: 'dim',
  unknown: 'dim',
  pending: 'dim',
};

const SCOPES: readonly Column<Scope>[] = [
  { title: 'PREFIXES', text: (s) => s.prefixes.join(' ') },
  { title: 'ANNOUNCED', text: (s) => s.level, colour: (s) => HUES[s.level] },
  { title: 'GUARD', text: (s) => s.ticket },
  { title: 'SINCE', text: (s) => s.since.slice(0, 19) },
  { title: 'WHY', text: (s) => s.why.join('; ') },
];

const SERVICES: readonly Column<Service>[] = [
  { title: 'SERVICE', text: (s) => s.service },
  {
    title: 'HEALTH',
    text: (s) =>
      s.held ? `${s.phase}, held back until ${s.held.until.slice(11, 19)} (${s.held.why})` : s.phase,
    colour: (s) => HUES[s.phase],
  },
  { title: 'SINCE', text: (s) => s.since.slice(0, 19) },
  {
    title: 'PROBES',
    text: (s) =>
      s.probes
        .map(
          (p) =>
            `${p.probe} ${p.phase}${p.took === undefined ? '' : ` ${(p.took * 1000).toFixed(1)} ms`}${p.phase === 'up' || p.detail === undefined ? '' : ` (${p.detail})`}`,
        )
        .join(', ') || 'none',
  },
];

const UPSTREAMS: readonly Column<Upstream>[] = [
  { title: 'UPSTREAM', text: (u) => u.upstream },
  { title: 'AS', align: 'right', text: (u) => String(u.asn) },
  { title: 'ADDRESS', text: (u) => u.address },
  { title: 'SESSION', text: (u) => u.state, colour: (u) => HUES[u.state] ?? 'red' },
  { title: 'BFD', text: (u) => u.bfd ?? '' },
  {
    title: 'TOLD',
    text: (u) =>
      u.prefixes
        .filter((p) => p.advertised)
        .map((p) => p.prefix)
        .join(' '),
  },
  {
    title: 'NOT AS WANTED',
    text: (u) =>
      [
        ...u.prefixes.flatMap((p) => (p.advertised === p.expected ? [] : [`${p.prefix}: ${p.why}`])),
        ...(u.why === undefined ? [] : [u.why]),
      ].join('; '),
    colour: () => 'yellow',
  },
];

function formatStatus(v: StatusView, colour: boolean): string {
  const order = v.drain.order;
  const head = [
    `${v.network} ${v.site}${v.place === undefined ? '' : ` (${v.place})`}: AS${v.asn}, router id ${v.routerId}, pid ${v.pid}, since ${v.since.slice(0, 19)}Z`,
    ...(v.drain.phase === 'in'
      ? []
      : [
          `drain: ${v.drain.phase}${order ? `, by ${order.owner}: ${order.reason}` : ''}${v.drain.until ? `, until ${v.drain.until.slice(11, 19)} at the latest` : ''}`,
        ]),
    ...v.drain.remarks.map((r) => (v.drain.phase === 'in' ? `the last drain: ${r}` : `  ${r}`)),
    ...(v.frozen
      ? [
          `frozen by ${v.frozen.owner}: ${v.frozen.reason}${v.frozen.until ? ` (until ${v.frozen.until.slice(0, 19)}Z)` : ''}`,
        ]
      : []),
    ...(v.held ? [`nobody is told anything yet: ${v.held.why}`] : []),
    ...(v.controller?.answers === false
      ? ['the controller does not answer; nothing changes because of it']
      : []),
  ].map(printable);
  return [
    head.join('\n'),
    formatTable(SCOPES, v.scopes, colour),
    ...(v.services.length > 0 ? [formatTable(SERVICES, v.services, colour)] : []),
    formatTable(UPSTREAMS, v.upstreams, colour),
  ].join('\n\n');
}

function formatHappening(h: Happening, colour: boolean): string {
  const hue = h.to === undefined ? undefined : HUES[h.to];
  const say = printable(h.say);
  return `${h.at.slice(11, 23)} ${h.site} ${h.kind.padEnd(8)} ${colour && hue ? paint(say, hue) : say}`;
}

function formatExplain(v: ExplainView, colour: boolean): string {
  const mark = (passes: boolean) =>
    colour ? paint(passes ? '✓' : '✗', passes ? 'green' : 'red') : passes ? '✓' : '✗';
  return [
    printable(v.answer),
    '',
    ...v.steps.flatMap((s) => [
      `${mark(s.passes)} ${s.step.padEnd(8)}  ${printable(s.say)}`,
      ...s.detail.map((d) => `            ${printable(d)}`),
    ]),
  ].join('\n');
}
