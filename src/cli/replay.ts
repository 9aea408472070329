/** `nearcast replay`: plays the journal of a speaker again and shows what happened, and what it held at the end. */
import { readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { journalFiles, readJournal } from '../host/index.ts';
import { viewOf } from '../session/index.ts';
import { type Entry, type Played, play, routes, type Speaker } from '../speaker/index.ts';
import { routeView } from './answers.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { counted, noteSentence } from './phrases.ts';
import { ROUTE_COLUMNS } from './show.ts';
import type { ClockEntry } from './speaking.ts';
import { type Column, formatRow, formatTable, header, printable, widths } from './table.ts';
import type { RouteView } from './views.ts';

interface Options {
  readonly until?: string;
  readonly routes?: true;
  readonly peers?: true;
  readonly json?: true;
}

/** One line of the answer; with `--json` printed as it stands. */
export type ReplayLine =
  | {
      readonly kind: 'event';
      /** ISO 8601 in UTC where the journal knows, and seconds since it began. */
      readonly time?: string;
      readonly seconds: number;
      readonly text: string;
      readonly [fact: string]: unknown;
    }
  | { readonly kind: 'complaint'; readonly file: string; readonly line: number; readonly text: string }
  | { readonly kind: 'peer' | 'route' | 'end'; readonly [fact: string]: unknown };

const EXAMPLES = `
Examples:
  nearcast replay speak.journal                        what happened, one line each
  nearcast replay speak.journal --until 3600 --routes  the routes an hour after it began
  nearcast replay speak.journal --until 2026-01-02T03:04:05Z --peers --json

A journal is written by 'nearcast speak' when its file says so (journal: PATH). Older files beside it (PATH.1, PATH.2 …)
are read first. Exit: 0 all of it was read; 1 there were lines that could not be read, or no journal; 2 wrong usage.`;

export function replayCommand(write: Write = toStandardOutput): Command {
  return new Command('replay')
    .description('play the journal of a speaker again: what happened, and what it held at the end')
    .argument('<journal>', 'the file that the speaker wrote')
    .option(
      '--until <when>',
      'stop there: seconds since the journal began, or a time such as 2026-01-02T03:04:05Z',
    )
    .option('--routes', 'the routes it held at the end')
    .option('--peers', 'its peers at the end')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, o: Options) => {
      const complaints = await replay(
        path,
        o,
        (line) => {
          if (o.json) write(`${JSON.stringify(line)}\n`);
          else if (line.kind === 'event' || line.kind === 'complaint') write(`${inText(line)}\n`);
        },
        write,
      );
      if (complaints > 0) throw new Failure(`${counted(complaints, 'line')} could not be read`, EXIT.error);
    });
}

/** Plays it; `tell` hears every line. Gives the number of lines that could not be read. */
async function replay(
  path: string,
  o: Options,
  tell: (line: ReplayLine) => void,
  write: Write,
): Promise<number> {
  const until = untilOf(o.until);
  const player = new Player(tell);
  let complaints = 0;
  reading: for (const file of filesOf(path)) {
    for await (const line of readJournal<Entry | ClockEntry>(file)) {
      if ('complaint' in line) {
        complaints++;
        tell({ kind: 'complaint', file, line: line.line, text: line.complaint });
        continue;
      }
      if (player.beyond(line.event, until)) break reading;
      const complaint = player.take(line.event);
      if (complaint === undefined) continue;
      complaints++;
      tell({ kind: 'complaint', file, line: line.line, text: complaint });
    }
  }
  player.settle();
  const { speaker } = player;
  if (!speaker)
    throw new Failure(`${path} holds no beginning of a speaker; is it a journal of nearcast speak?`);
  if (o.json) {
    for (const line of endLines(speaker, player, o)) tell(line);
  } else {
    if (o.peers) write(`\n${peersTable(speaker, player)}\n`);
    if (o.routes) {
      write('\n');
      writeRoutes(speaker, player, write);
    }
  }
  return complaints;
}

/** The journal and what turned over from it, the oldest first. */
function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isFile()) throw new Failure(`${path} is no file`);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  // `journalFiles` puts the path's own folder in front.
  return journalFiles(path, readdirSync(dirname(path)));
}

/** Seconds since the beginning, or a date. */
function untilOf(
  text: string | undefined,
): { readonly seconds: number } | { readonly utc: number } | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,12}(\.\d{1,6})?$/.test(text)) return { seconds: Number(text) };
  const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(utc))
    throw new Failure(
      `--until takes seconds or a time such as 2026-01-02T03:04:05Z, not '${text}'`,
      EXIT.usage,
    );
  return { utc };
}

/** Feeds entries to the speaker's own player, one by one, and tells what follows from each. */
class Player {
  speaker: Speaker | undefined;
  /** Instant and, where a clock was written, the time of day of the last entry. */
  at = 0;
  readonly #tell: (line: ReplayLine) => void;
  readonly #waiting: Entry[] = [];
  #play: Generator<Played>;
  #first: number | undefined;
  /** Milliseconds since 1970 at instant 0. */
  #origin: number | undefined;
  /** An entry could not be taken: what the speaker would have done next is not known. */
  #broken = false;
  /** Prefixes announced or withdrawn in a row become one line. */
  #run: { readonly kind: 'announce' | 'withdraw'; readonly first: string; count: number } | undefined;

  constructor(tell: (line: ReplayLine) => void) {
    this.#tell = tell;
    this.#play = this.#newPlay();
  }

  /** Whole seconds since the speaker began, which is what ages are counted from. */
  get second(): number {
    return Math.max(0, Math.floor((this.at - (this.#first ?? this.at)) / 1000));
  }

  beyond(entry: Entry | ClockEntry, until: ReturnType<typeof untilOf>): boolean {
    if (!until) return false;
    if (entry.kind === 'clock') {
      const utc = Date.parse(entry.utc);
      return 'utc' in until && utc > until.utc;
    }
    if ('seconds' in until) return this.#first !== undefined && entry.at - this.#first > until.seconds * 1000;
    return this.#origin !== undefined && this.#origin + entry.at > until.utc;
  }

  /** Takes the next entry; gives a complaint when it is none that a speaker can take. */
  take(entry: Entry | ClockEntry): string | undefined {
    if (entry.kind === 'clock') {
      const utc = Date.parse(entry.utc);
      if (Number.isNaN(utc)) return 'the time of a clock cannot be read';
      this.#origin = utc - entry.at;
      return undefined;
    }
    if (entry.kind === 'began') {
      this.settle();
      this.#first = entry.at;
      this.#broken = false;
    } else if (!this.speaker || this.#broken) return undefined;
    this.at = entry.at;
    this.#waiting.push(entry);
    try {
      this.#said(entry);
      const { value, done } = this.#play.next();
      if (done) return 'the player has ended';
      this.speaker = (value as Played).speaker;
    } catch (error) {
      this.#waiting.length = 0;
      this.#play = this.#newPlay();
      this.#broken = true;
      return `no entry that a speaker can take (${(error as Error).message}); what follows is passed over up to the next start`;
    }
    for (const effect of this.speaker.takeEffects()) {
      if (effect.do !== 'note') continue;
      const { text, facts } = noteSentence(effect.note);
      this.settle();
      this.#event(text, facts);
    }
    this.speaker.takeReady();
    return undefined;
  }

  /** Says what has gathered. */
  settle(): void {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    const more = run.count > 1 ? ` and ${run.count - 1} more` : '';
    this.#event(`${run.kind === 'announce' ? 'announced' : 'withdrawn'} here: ${run.first}${more}`, {});
  }

  /** What the operator or the network did, where it is worth a line. */
  #said(entry: Entry): void {
    if (entry.kind === 'announce' || entry.kind === 'withdraw') {
      if (this.#run?.kind !== entry.kind) {
        this.settle();
        this.#run = { kind: entry.kind, first: entry.prefix, count: 0 };
      }
      this.#run.count++;
      return;
    }
    const text = sentenceOf(entry);
    if (text === undefined) return;
    this.settle();
    this.#event(text, {});
  }

  #event(text: string, facts: { readonly [name: string]: unknown }): void {
    const time = this.#origin === undefined ? undefined : new Date(this.#origin + this.at).toISOString();
    const seconds = Math.round(this.at - (this.#first ?? this.at)) / 1000;
    this.#tell({ ...facts, kind: 'event', ...(time ? { time } : {}), seconds, text });
  }

  /** One entry in, one result out: the player is only asked when there is something to take. */
  #newPlay(): Generator<Played> {
    const waiting = this.#waiting;
    return play({
      [Symbol.iterator]: () => ({
        next: () => {
          const value = waiting.shift();
          return value ? { value, done: false } : { value: undefined, done: true };
        },
      }),
    });
  }
}

/** An input in a sentence; undefined for what happens all the time. */
function sentenceOf(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'began':
      return `AS${entry.options.asn} speaks, router id ${entry.options.id}`;
    case 'addPeer':
      return `peer ${entry.options.name} at ${entry.options.address}`;
    case 'removePeer':
      return `peer ${entry.peer} removed`;
    case 'policy':
      return `new policy for ${entry.peer}`;
    case 'decision':
      return 'best-path changed';
    case 'refresh':
      return entry.out
        ? `told ${entry.peer} all of ${entry.family} again`
        : `asked ${entry.peer} for ${entry.family} again`;
    case 'event': {
      const { event } = entry;
      if (event.kind === 'start') return `${entry.peer} started`;
      if (event.kind === 'stop')
        return `${entry.peer} stopped${event.text === undefined ? '' : `: "${event.text}"`}`;
      if (event.kind === 'tcpUp') return `${entry.peer} connected (${event.link})`;
      if (event.kind === 'tcpDown') return `${entry.peer}: no connection (${event.link}): ${event.why}`;
      if (event.kind === 'bfdUp') return `BFD with ${entry.peer} is up`;
      if (event.kind === 'bfdDown') return `BFD with ${entry.peer} is down`;
      return undefined;
    }
    default:
      return undefined;
  }
}

function inText(line: Extract<ReplayLine, { kind: 'event' | 'complaint' }>): string {
  if (line.kind === 'complaint') return `${line.file}:${line.line}: ${printable(line.text)}`;
  const when = line.time ?? `${line.seconds.toFixed(3).padStart(10)} s`;
  const { kind: _k, time: _t, seconds: _s, text, ...facts } = line;
  const more = Object.entries(facts)
    .filter(([, value]) => !text.includes(String(value)))
    .map(([name, value]) => `${name} ${value}`);
  return printable(`${when}  ${text}${more.length > 0 ? ` (${more.join(', ')})` : ''}`);
}

interface PeerAtEnd {
  readonly name: string;
  readonly address: string;
  readonly asn?: number;
  readonly state: string;
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
  readonly why?: string;
}

function peersOf(speaker: Speaker, player: Player): PeerAtEnd[] {
  const { sources } = speaker.rib;
  return [...speaker.peers.values()].map((peer) => {
    const view = viewOf(peer.machine, player.at as never);
    const exchanges = [...(peer.established?.exchanges.values() ?? [])];
    const total = (of: (e: (typeof exchanges)[number]) => number) => exchanges.reduce((n, e) => n + of(e), 0);
    const why = view.why ?? view.lastDown?.reason;
    return {
      name: peer.name,
      address: peer.options.address,
      ...(view.remoteAsn === undefined ? {} : { asn: view.remoteAsn }),
      state: view.state,
      received: total((e) => sources.routes[e.source] as number),
      accepted: total((e) => sources.accepted[e.source] as number),
      advertised: total((e) => e.out.size),
      ...(why === undefined ? {} : { why }),
    };
  });
}

const PEER_COLUMNS: readonly Column<PeerAtEnd>[] = [
  { title: 'PEER', text: (p) => p.name },
  { title: 'ADDRESS', text: (p) => p.address },
  { title: 'AS', align: 'right', text: (p) => (p.asn === undefined ? '' : String(p.asn)) },
  { title: 'STATE', text: (p) => p.state },
  { title: 'RECEIVED', align: 'right', text: (p) => String(p.received) },
  { title: 'ACCEPTED', align: 'right', text: (p) => String(p.accepted) },
  { title: 'ADVERTISED', align: 'right', text: (p) => String(p.advertised) },
  { title: 'WHY NOT, OR LAST DOWN', text: (p) => p.why ?? '' },
];

function peersTable(speaker: Speaker, player: Player): string {
  const peers = peersOf(speaker, player);
  return peers.length === 0 ? 'no peers' : formatTable(PEER_COLUMNS, peers, false);
}

/** Rows that are looked at before the first is printed, so that columns fit; then as many at a time. */
const ROWS = 500;

/** A full table is a million rows: they are printed while they are made. */
function writeRoutes(speaker: Speaker, player: Player, write: Write): void {
  let wide: readonly number[] | undefined;
  let rows: RouteView[] = [];
  const print = () => {
    if (!wide) {
      wide = widths(ROUTE_COLUMNS, rows);
      write(`${header(ROUTE_COLUMNS, wide)}\n`);
    }
    const fitting = wide;
    write(rows.map((row) => `${formatRow(ROUTE_COLUMNS, fitting, row, false)}\n`).join(''));
    rows = [];
  };
  for (const route of routes(speaker, {}, player.second)) {
    rows.push(routeView(route));
    if (rows.length >= ROWS) print();
  }
  if (rows.length > 0) print();
  else if (!wide) write('no routes\n');
}

function* endLines(speaker: Speaker, player: Player, o: Options): Generator<ReplayLine> {
  if (o.peers) for (const peer of peersOf(speaker, player)) yield { kind: 'peer', ...peer };
  if (o.routes)
    for (const route of routes(speaker, {}, player.second)) yield { kind: 'route', ...routeView(route) };
  yield { kind: 'end', schema: 'nearcast.replay/1', seconds: player.second };
}
