/** `nearcast show`: the live state of a running speaker, for people and for programs. */
import { Command, InvalidArgumentError } from 'commander';
import { addressBytes, formatPrefix, parseAddress, parsePrefix } from '../base/index.ts';
import type { Args } from '../host/index.ts';
import { EXIT, Failure } from './failure.ts';
import { counted, times } from './phrases.ts';
import { defaultSocket, withControl } from './socket.ts';
import {
  type Column,
  formatAge,
  formatRow,
  formatTable,
  header,
  printable,
  wantsColour,
  widths,
} from './table.ts';
import type {
  PeerDetailView,
  PeersView,
  PeerView,
  PrefixCounts,
  Questions,
  RoutesArgs,
  RouteView,
} from './views.ts';

/** Where output goes and how; a test looks at it, a command writes to the terminal. */
export interface Screen {
  readonly colour: boolean;
  /** True when a person watches: `--watch` clears between rounds. */
  readonly terminal: boolean;
  write(text: string): void | Promise<void>;
  /** Notes beside the answer. */
  note(text: string): void;
}

interface Common {
  readonly socket: string;
  readonly json?: true;
  readonly watch?: number | true;
}

interface RoutesOptions extends Common {
  readonly peer?: string;
  readonly longer?: true;
  readonly received?: true;
  readonly advertised?: true;
  readonly best?: true;
}

const EXAMPLES = `
Examples:
  nearcast show peers --watch                       every two seconds
  nearcast show peer upstream                       everything about one session
  nearcast show routes                              all routes, the chosen ones marked *
  nearcast show routes 203.0.113.53                 the routes that this address takes
  nearcast show routes 203.0.0.0/16 --longer        everything inside a prefix
  nearcast show routes --peer upstream --received   what it sent us, before policy
  nearcast show routes --peer upstream --advertised what we tell it`;

/** The command, to be added to the program. */
export function showCommand(screen: Screen = standard()): Command {
  const show = new Command('show')
    .description('ask a running speaker for its peers and routes, over its control socket')
    .addHelpText('after', EXAMPLES);
  common(show.command('peers').description('all sessions, one a line')).action((o: Common) =>
    repeat(o, screen, () => showPeers(o, screen)),
  );
  common(
    show.command('peer').description('everything about one session').argument('<name>', 'name of the peer'),
  ).action((name: string, o: Common) => repeat(o, screen, () => showPeer(name, o, screen)));
  common(
    show
      .command('routes')
      .description('routes, the chosen ones marked *')
      .argument('[prefix|address]', 'a prefix, or an address for the longest prefix that holds it')
      .option('--peer <name>', 'routes from this peer')
      .option('--longer', 'the prefix and everything in it')
      .option('--received', 'with --peer: what it sent, before policy')
      .option('--advertised', 'with --peer: what it is sent')
      .option('--best', 'chosen routes only'),
  ).action((what: string | undefined, o: RoutesOptions) => {
    const args = routesArgs(what, o);
    return repeat(o, screen, () => showRoutes(args, o, screen));
  });
  return show;
}

function common(command: Command): Command {
  return command
    .option('--socket <path>', 'control socket of the speaker', defaultSocket())
    .option('--json', 'JSON: one document; for routes, one object a line')
    .option('--watch [seconds]', 'ask again and again', watchOf);
}

function watchOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 86_400)) throw new InvalidArgumentError('seconds, from 0.1 to 86400.');
  return seconds;
}

/** Once, or with `--watch` until interrupted. */
async function repeat(o: Common, screen: Screen, once: () => Promise<void>): Promise<void> {
  if (o.watch === undefined) return once();
  const seconds = o.watch === true ? 2 : o.watch;
  for (;;) {
    if (screen.terminal && !o.json) await screen.write('\x1b[H\x1b[2J');
    await once();
    if (!screen.terminal && !o.json) await screen.write('\n');
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function showPeers(o: Common, screen: Screen): Promise<void> {
  const view = await ask(o.socket, 'peers', {});
  if (o.json) return screen.write(document(view, o));
  await screen.write(`${formatPeers(view, screen.colour)}\n`);
}

async function showPeer(name: string, o: Common, screen: Screen): Promise<void> {
  const view = await ask(o.socket, 'peer', { name });
  await screen.write(o.json ? document(view, o) : `${formatPeer(view)}\n`);
}

/** Rows that are looked at before the first is printed, so that columns fit. */
const LOOK_AHEAD = 500;

async function showRoutes(args: RoutesArgs, o: Common, screen: Screen): Promise<void> {
  let waiting: RouteView[] = [];
  let wide: readonly number[] | undefined;
  let batch = '';
  const flush = async (least: number) => {
    if (batch.length < least) return;
    await screen.write(batch);
    batch = '';
  };
  const print = async () => {
    if (!wide && waiting.length > 0) {
      wide = widths(ROUTE_COLUMNS, waiting);
      batch += `${header(ROUTE_COLUMNS, wide)}\n`;
    }
    for (const route of waiting) batch += `${formatRow(ROUTE_COLUMNS, wide ?? [], route, screen.colour)}\n`;
    waiting = [];
    await flush(1);
  };
  let count = 0;
  await withControl(o.socket, async (client) => {
    for await (const route of client.stream('routes', { ...args })) {
      count++;
      if (o.json) {
        batch += `${JSON.stringify(route)}\n`;
        await flush(65_536);
        continue;
      }
      waiting.push(route as RouteView);
      if (waiting.length >= LOOK_AHEAD) await print();
    }
  });
  await (o.json ? flush(1) : print());
  if (!o.json && count === 0) screen.note('no routes');
}

/** One question, one answer. */
async function ask<V extends 'peers' | 'peer'>(
  socket: string,
  verb: V,
  args: Questions[V]['args'],
): Promise<Questions[V]['result']> {
  return withControl(
    socket,
    async (client) => (await client.call(verb, args as Args)) as Questions[V]['result'],
  );
}

/** What the words of the command line ask for. Throws a Failure when they fit nothing. */
export function routesArgs(what: string | undefined, o: Omit<RoutesOptions, keyof Common>): RoutesArgs {
  const usage = (message: string) => new Failure(message, EXIT.usage);
  if (o.received && o.advertised) throw usage('either --received or --advertised');
  if ((o.received || o.advertised) && o.peer === undefined)
    throw usage(`--${o.received ? 'received' : 'advertised'} needs --peer NAME`);
  const prefix = what === undefined ? undefined : parsePrefix(what);
  const address = what === undefined || prefix ? undefined : parseAddress(what);
  if (what !== undefined && !prefix && !address)
    throw usage(`'${what}' is no prefix and no address${meant(what)}`);
  if (o.longer && !prefix) throw usage('--longer needs a prefix');
  return {
    ...(prefix ? { prefix } : {}),
    ...(address ? { address } : {}),
    ...(o.longer ? { longer: true } : {}),
    ...(o.peer === undefined ? {} : { peer: o.peer }),
    ...(o.received ? { table: 'received' } : o.advertised ? { table: 'advertised' } : {}),
    ...(o.best ? { best: true } : {}),
  };
}

/** A prefix with bits behind its length is the commonest slip. */
function meant(what: string): string {
  const [host, length] = what.split('/');
  const bytes = addressBytes(host ?? '');
  if (!bytes || !/^\d{1,3}$/.test(length ?? '') || Number(length) > bytes.length * 8) return '';
  return `; did you mean ${formatPrefix(bytes, Number(length))}?`;
}

const PEER_COLUMNS: readonly Column<PeerView>[] = [
  { title: 'PEER', text: (p) => p.name },
  { title: 'ADDRESS', text: (p) => (p.interface ? `${p.address}%${p.interface}` : p.address) },
  { title: 'AS', align: 'right', text: (p) => (p.asn === undefined ? 'any' : String(p.asn)) },
  { title: 'STATE', text: (p) => p.state, colour: stateColour },
  { title: 'FOR', text: (p) => (p.state === 'established' ? formatAge(p.uptime) : '') },
  { title: 'RECEIVED', align: 'right', text: (p) => sum(p, 'received') },
  { title: 'ACCEPTED', align: 'right', text: (p) => sum(p, 'accepted') },
  { title: 'ADVERTISED', align: 'right', text: (p) => sum(p, 'advertised') },
  { title: 'BFD', text: (p) => p.bfd ?? '', colour: (p) => (p.bfd === 'up' ? 'green' : 'red') },
  {
    title: 'WHY NOT, OR LAST DOWN',
    text: (p) => p.why ?? p.lastDown?.text ?? '',
    colour: (p) => (p.state === 'established' ? 'dim' : undefined),
  },
];

function stateColour({ state }: PeerView) {
  return state === 'established'
    ? 'green'
    : state === 'disabled'
      ? 'dim'
      : state === 'idle'
        ? 'red'
        : 'yellow';
}

/** Over all families; nothing while there is no session and nothing kept from one. */
function sum(p: PeerView, what: 'received' | 'accepted' | 'advertised'): string {
  const counts: readonly PrefixCounts[] = Object.values(p.prefixes);
  if (p.state !== 'established' && counts.every((c) => c[what] === 0)) return '';
  return String(counts.reduce((all, c) => all + c[what], 0));
}

function formatPeers(view: PeersView, colour: boolean): string {
  const routes = Object.entries(view.router.routes).map(([family, n]) => `${n} ${family}`);
  const up = view.peers.filter((p) => p.state === 'established').length;
  const title = `AS${view.router.asn}, router id ${view.router.id}; ${up} of ${view.peers.length} peers established; prefixes: ${routes.join(', ') || 'none'}`;
  return view.peers.length === 0 ? title : `${title}\n\n${formatTable(PEER_COLUMNS, view.peers, colour)}`;
}

function formatPeer(p: PeerDetailView): string {
  const where = p.interface ? `${p.address}%${p.interface}` : p.address;
  const rows: (readonly [string, string | undefined])[] = [
    ['description', p.description],
    ['address', `${where} port ${p.port}${p.localAddress ? `, ours ${p.localAddress}` : ''}`],
    ['AS', `${p.asn ?? 'any'} (${p.kind})${p.remoteId ? `, router id ${p.remoteId}` : ''}`],
    ['state', `${p.state} since ${p.since}${p.state === 'established' ? ` (${formatAge(p.uptime)})` : ''}`],
    ['no session', p.why],
    ['last down', p.lastDown && `${p.lastDown.at}: ${p.lastDown.text}`],
    ['role', p.role && `${p.role}${p.remoteRole ? `; peer says ${p.remoteRole}` : ''}`],
    ['hold time', p.holdTime === undefined ? undefined : p.holdTime === 0 ? 'none' : `${p.holdTime} s`],
    ['BFD', p.bfd],
    ['protection', p.protection && (p.protection.join(', ') || 'none')],
    ['families', p.families.join(', ')],
    ...Object.entries(p.prefixes).map(
      ([family, c]) =>
        [
          family,
          `${c.received} received${c.limit === undefined ? '' : ` of at most ${c.limit}`}, ${c.accepted} accepted, ${c.advertised} advertised${c.stale ? `, ${c.stale} stale` : ''}`,
        ] as const,
    ),
    ...below('agreed', p.agreed ?? []),
    ...below('it offers', p.capabilities ?? []),
    [
      'messages',
      p.messages &&
        `${p.messages.received.total} received (${counted(p.messages.received.updates, 'update')}), ${p.messages.sent.total} sent (${counted(p.messages.sent.updates, 'update')})`,
    ],
    ['established', p.established === undefined ? undefined : times(p.established)],
    ...(['import', 'export'] as const).flatMap((way) => {
      const { name, rules } = p[way];
      const lines = [...(name === undefined ? [] : [name]), ...rules];
      return below(way, lines.length > 0 ? lines : ['nothing']);
    }),
  ];
  const wide = Math.max(...rows.map(([key]) => key.length));
  return [
    p.name,
    ...rows.flatMap(([key, value]) =>
      value === undefined ? [] : [`  ${key.padEnd(wide)}  ${printable(value)}`.trimEnd()],
    ),
  ].join('\n');
}

/** Rows for several lines under one word. */
function below(word: string, lines: readonly string[]): (readonly [string, string])[] {
  return lines.map((line, i) => [i === 0 ? word : '', line]);
}

export const ROUTE_COLUMNS: readonly Column<RouteView>[] = [
  { title: '', text: (r) => (r.best ? '*' : ' '), colour: () => 'green' },
  { title: 'PREFIX', text: (r) => (r.pathId === undefined ? r.prefix : `${r.prefix} #${r.pathId}`) },
  { title: 'FROM', text: (r) => r.from },
  { title: 'NEXT HOP', text: (r) => r.nextHop ?? '' },
  { title: 'PREF', align: 'right', text: (r) => (r.localPref === undefined ? '' : String(r.localPref)) },
  { title: 'MED', align: 'right', text: (r) => (r.med === undefined ? '' : String(r.med)) },
  { title: 'AGE', text: (r) => formatAge(r.age) },
  {
    title: 'PATH',
    text: (r) => [r.path, ORIGIN_SIGNS[r.origin ?? 'incomplete']].filter((t) => t !== '').join(' '),
  },
  {
    title: 'COMMUNITIES',
    text: (r) =>
      [...(r.communities ?? []), ...(r.largeCommunities ?? []), ...(r.extendedCommunities ?? [])].join(' '),
  },
  {
    title: 'NOTES',
    text: notes,
    colour: (r) => (r.validation === 'invalid' || r.stale ? 'yellow' : 'dim'),
  },
];

/** As every router's command line prints them. */
const ORIGIN_SIGNS = { igp: 'i', egp: 'e', incomplete: '?' } as const;

function notes(r: RouteView): string {
  return [
    ...(r.validation === 'unverified' ? [] : [r.validation]),
    ...(r.stale ? ['stale'] : []),
    ...(r.otc === undefined ? [] : [`OTC ${r.otc}`]),
    ...(r.why === undefined ? [] : [r.why]),
  ].join(', ');
}

/** Indented for people who look; one line a round for programs that watch. */
function document(view: unknown, o: Common): string {
  return `${o.watch === undefined ? JSON.stringify(view, null, 2) : JSON.stringify(view)}\n`;
}

function standard(): Screen {
  return {
    colour: wantsColour(process.stdout),
    terminal: process.stdout.isTTY === true,
    write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
    note: (text) => console.error(text),
  };
}
