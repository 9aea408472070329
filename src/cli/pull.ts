/** `nearcast data pull`: fetches the public sources, and says what each licence allows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Download, download } from './download.ts';
import { EXIT, Failure } from './failure.ts';
import { defaultWorldFile } from './world-file.ts';

interface Source {
  readonly name: string;
  readonly what: string;
  readonly server: string;
  /** Below the server, for a month such as 2024-08. */
  path(year: string, month: string): string;
  /** What it is called here, where the path says it badly. */
  readonly file?: string;
  readonly licence: string;
  /** The option of `nearcast data pack` that takes it. */
  readonly option: string;
}

const CAIDA = 'https://publicdata.caida.org/datasets';
const CAIDA_LICENCE = "CAIDA's Acceptable Use Agreement: free to use, cite CAIDA, do not pass on";

export const SOURCES: readonly Source[] = [
  {
    name: 'as-rel',
    what: 'AS relationships, serial 2',
    server: CAIDA,
    path: (y, m) => `as-relationships/serial-2/${y}${m}01.as-rel2.txt.bz2`,
    licence: CAIDA_LICENCE,
    option: '--graph',
  },
  {
    name: 'as2org',
    what: 'AS to organisation and country, by quarter',
    server: CAIDA,
    path: (y, m) => `as-organizations/${y}${quarter(m)}01.as-org2info.txt.gz`,
    licence: CAIDA_LICENCE,
    option: '--as2org',
  },
  {
    name: 'pfx2as',
    what: 'prefix to AS, for weights',
    server: CAIDA,
    path: (y, m) => `routing/routeviews-prefix2as/${y}/${m}/routeviews-rv2-${y}${m}01-1200.pfx2as.gz`,
    licence: CAIDA_LICENCE,
    option: '--pfx2as',
  },
  {
    name: 'peeringdb',
    what: 'the cities that networks are in',
    server: CAIDA,
    path: (y, m) => `peeringdb/${y}/${m}/peeringdb_2_dump_${y}_${m}_01.json`,
    licence:
      "PeeringDB's terms: for operating networks and research; not for marketing; CAIDA keeps the dumps",
    option: '--peeringdb',
  },
  {
    name: 'users',
    what: 'users per AS as APNIC estimates them, of today whatever the month',
    server: 'https://stats.labs.apnic.net',
    path: () => 'cgi-bin/aspop?f=j',
    file: 'apnic-users.json',
    licence: "(C) APNIC Pty Ltd: to be used again with attribution, as the file's head says",
    option: '--users',
  },
];

function quarter(month: string): string {
  return String(3 * Math.floor((Number(month) - 1) / 3) + 1).padStart(2, '0');
}

export interface PullOptions {
  readonly month?: string;
  readonly folder?: string;
  /** A mirror that has the same paths. */
  readonly server?: string;
  readonly offline?: true;
  readonly json?: true;
}

export interface Pulled {
  readonly source: string;
  readonly url: string;
  readonly file: string;
  readonly licence: string;
  readonly result?: Download;
  /** Why it is not there. */
  readonly missing?: string;
}

/** Fetches the named sources, all when none is named, one after the other; one that fails does not stop the others. */
export async function pull(
  names: readonly string[],
  options: PullOptions,
  say: (text: string) => void,
  now: Date = new Date(),
): Promise<readonly Pulled[]> {
  const wanted = names.length === 0 ? SOURCES : names.map(sourceNamed);
  const { year, month } = monthOf(options.month, now);
  const folder = options.folder ?? join(defaultWorldFile(), '..', 'sources');
  const found: Pulled[] = [];
  for (const source of wanted) {
    const path = source.path(year, month);
    const url = `${(options.server ?? source.server).replace(/\/+$/, '')}/${path}`;
    const file = join(folder, source.file ?? (path.split('/').at(-1) as string));
    const entry = { source: source.name, url, file, licence: source.licence };
    if (options.offline) {
      found.push(existsSync(file) ? entry : { ...entry, missing: `bring ${url} to ${file}` });
      continue;
    }
    try {
      const tell = progress(source.name);
      const result = await download(url, file, { tell });
      found.push({ ...entry, result });
      say(`${source.name}: ${result.how} ${file}, ${result.bytes} bytes, sha256 ${result.sha256}\n`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      found.push({ ...entry, missing: error.message });
    }
  }
  return found;
}

/** What was pulled, as text: licences, what is missing and how to bring it, and the command that comes next. */
export function pullText(pulled: readonly Pulled[]): string {
  const lines: string[] = [];
  for (const p of pulled) {
    lines.push(`${p.source}: ${SOURCES.find((s) => s.name === p.source)?.what}; ${p.licence}`);
    if (p.missing !== undefined)
      lines.push(
        `  missing: ${p.missing}`,
        ...(p.missing.startsWith('bring ') ? [] : [`  or bring ${p.url} to ${p.file}`]),
      );
  }
  const here = pulled.filter((p) => p.missing === undefined);
  const words = here.map((p) => `${SOURCES.find((s) => s.name === p.source)?.option} ${p.file}`);
  if (here.some((p) => p.source === 'as-rel')) lines.push(`next: nearcast data pack ${words.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

function sourceNamed(name: string): Source {
  const source = SOURCES.find((s) => s.name === name);
  if (source) return source;
  throw new Failure(
    `there is no source '${name}'; there are ${SOURCES.map((s) => s.name).join(', ')}`,
    EXIT.usage,
  );
}

/** The month asked for; else the one before last, which is published by now. */
function monthOf(text: string | undefined, now: Date): { readonly year: string; readonly month: string } {
  const usual = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 2, 1)).toISOString();
  const m = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text ?? usual.slice(0, 7));
  if (!m) throw new Failure(`--month wants a month such as 2024-08, not '${text}'`, EXIT.usage);
  return { year: m[1] as string, month: m[2] as string };
}

function progress(name: string): (bytes: number, all: number | undefined) => void {
  let last = -1;
  return (bytes, all) => {
    const megabytes = Math.floor(bytes / 1e6);
    if (!process.stderr.isTTY || megabytes === last) return;
    last = megabytes;
    process.stderr.write(`\r${name}: ${megabytes}${all ? ` of ${Math.ceil(all / 1e6)}` : ''} MB`);
    if (bytes === all) process.stderr.write('\r\x1b[K');
  };
}
