/** One file from the web: resumed where it broke off, kept with its checksum, and asked for again only if it has changed. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

import { Failure } from './failure.ts';
import { makeFolderFor } from './folder.ts';

export interface Download {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** `kept`: the server says that nothing changed. */
  readonly how: 'fetched' | 'resumed' | 'kept';
}

export interface DownloadOptions {
  /** Told of bytes so far and of all, when the server says how many. */
  readonly tell?: (bytes: number, all: number | undefined) => void;
  /** Milliseconds without a byte after which to give up. */
  readonly patience?: number;
}

/** The largest file that is fetched: a mistaken address must not fill the disk. */
export const MOST_BYTES = 2 ** 32;
const PATIENCE = 60_000;

/** What is kept beside a file, and beside a part of one. */
interface Record {
  readonly url: string;
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  readonly sha256?: string;
  readonly bytes?: number;
}

const recordOf = (file: string) => `${file}.from.json`;

/** Fetches; throws a {@link Failure} that says what to do. What came so far stays, and the next call goes on from there. */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<Download> {
  makeFolderFor(file);
  const part = `${file}.part`;
  const known = await soundRecord(file, url);
  const begun = existsSync(part) ? readRecord(part) : undefined;
  // Without a name for the version there is no telling whether both halves would be of one file.
  const version = begun?.url === url ? (begun.etag ?? begun.modified) : undefined;
  const from = version === undefined ? 0 : statSync(part).size;
  const headers: { [name: string]: string } = { 'accept-encoding': 'identity' };
  if (from > 0) Object.assign(headers, { range: `bytes=${from}-`, 'if-range': version as string });
  else if (known?.etag) headers['if-none-match'] = known.etag;
  else if (known?.modified) headers['if-modified-since'] = known.modified;

  const patience = options.patience ?? PATIENCE;
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), patience);
  try {
    const response = await fetch(url, { headers, signal: stop.signal });
    if (response.status === 304 && known) {
      await response.body?.cancel();
      return { file, bytes: known.bytes as number, sha256: known.sha256 as string, how: 'kept' };
    }
    if (response.status === 416) {
      await response.body?.cancel();
      rmSync(part);
      throw new Failure(`${url}: what had come of it no longer fits what is there; ask again to begin anew`);
    }
    const resumed = response.status === 206 && from > 0;
    if (!response.ok || (response.status === 206 && !resumed) || !response.body) {
      await response.body?.cancel();
      throw new Failure(`${url}: the server says ${response.status} ${response.statusText}`);
    }
    const length = response.headers.get('content-length');
    const start = resumed ? from : 0;
    const all = length === null ? undefined : start + Number(length);
    if (all !== undefined && all > MOST_BYTES)
      throw new Failure(`${url} has ${all} bytes; that is no such file`);
    const record: Record = {
      url,
      etag: strong(response.headers.get('etag')),
      modified: response.headers.get('last-modified') ?? undefined,
    };
    writeFileSync(recordOf(part), JSON.stringify(record));
    let bytes = start;
    // Written at once and in order, so that what came before a break is kept.
    const to = openSync(part, resumed ? 'a' : 'w');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), patience);
        bytes += chunk.length;
        if (bytes > MOST_BYTES) throw new Failure(`${url} does not end`);
        for (let at = 0; at < chunk.length; ) at += writeSync(to, chunk, at);
        options.tell?.(bytes, all);
      }
    } finally {
      closeSync(to);
    }
    if (all !== undefined && bytes !== all)
      throw new Failure(`${url} broke off after ${bytes} of ${all} bytes; ask again to go on from there`);
    const sha256 = await sumOf(part);
    renameSync(part, file);
    rmSync(recordOf(part));
    writeFileSync(recordOf(file), JSON.stringify({ ...record, sha256, bytes }));
    return { file, bytes, sha256, how: resumed ? 'resumed' : 'fetched' };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const cause = stop.signal.aborted
      ? `nothing came for ${patience / 1000} seconds`
      : String((error as { cause?: Error }).cause?.message ?? (error as Error).message);
    throw new Failure(`cannot fetch ${url}: ${cause}; what has come is kept, ask again to go on from there`);
  } finally {
    clearTimeout(timer);
  }
}

/** The record of a file that is there whole: its checksum is worked out again. Undefined when it is damaged or from elsewhere. */
async function soundRecord(file: string, url: string): Promise<Record | undefined> {
  if (!existsSync(file)) return undefined;
  const record = readRecord(file);
  return record?.url === url && record.sha256 !== undefined && record.sha256 === (await sumOf(file))
    ? record
    : undefined;
}

function readRecord(file: string): Record | undefined {
  try {
    const record = JSON.parse(readFileSync(recordOf(file), 'utf8')) as Partial<Record> | null;
    return typeof record?.url === 'string' ? (record as Record) : undefined;
  } catch {
    return undefined;
  }
}

/** Weak validators do not promise equal bytes (RFC 9110 §8.8.1), so they are no ground to join two halves. */
function strong(etag: string | null): string | undefined {
  return etag === null || etag.startsWith('W/') ? undefined : etag;
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
