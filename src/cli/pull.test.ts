/** `nearcast data pull` against a server on this machine. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dataCommand } from './data.ts';
import { download } from './download.ts';
import { pull } from './pull.ts';

const BODY = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) & 255));
const SUM = createHash('sha256').update(BODY).digest('hex');
let base: string;
let folder: string;
let asked: IncomingMessage[];
let breakOff: number | undefined;
let etag: string;

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  asked.push(request);
  if (request.url?.includes('missing') || request.url?.includes('as-organizations'))
    return void response.writeHead(404).end('no');
  if (request.url?.includes('silent')) return;
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const from = range && request.headers['if-range'] === etag ? Number(range[1]) : 0;
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    'content-length': BODY.length - from,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${BODY.length - 1}/${BODY.length}` } : {}),
  });
  if (breakOff === undefined) response.end(BODY.subarray(from));
  else response.write(BODY.subarray(from, breakOff), () => setTimeout(() => response.destroy(), 30));
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
beforeEach(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  asked = [];
  breakOff = undefined;
  etag = '"one"';
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a download', () => {
  test('comes whole, with its checksum, and is not fetched again while it is the same', async () => {
    const file = join(folder, 'deep', 'a.bin');
    const told: number[] = [];
    const first = await download(`${base}/a.bin`, file, { tell: (bytes) => told.push(bytes) });
    expect(first).toEqual({ file, bytes: BODY.length, sha256: SUM, how: 'fetched' });
    expect(readFileSync(file).equals(BODY)).toBe(true);
    expect(told.at(-1)).toBe(BODY.length);
    expect((await download(`${base}/a.bin`, file)).how).toBe('kept');
    etag = '"two"';
    expect((await download(`${base}/a.bin`, file)).how).toBe('fetched');
  });

  test('that broke off goes on where it stopped (RFC 9110 §14.2)', async () => {
    const file = join(folder, 'a.bin');
    breakOff = 20_000;
    await expect(download(`${base}/a.bin`, file)).rejects.toThrow(/ask again to go on from there/);
    expect(existsSync(file)).toBe(false);
    breakOff = undefined;
    expect(await download(`${base}/a.bin`, file)).toMatchObject({ sha256: SUM, how: 'resumed' });
    expect(asked.at(-1)?.headers.range).toBe('bytes=20000-');
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  test('never joins halves of two versions (RFC 9110 §13.1.5)', async () => {
    const file = join(folder, 'a.bin');
    breakOff = 20_000;
    await expect(download(`${base}/a.bin`, file)).rejects.toThrow();
    breakOff = undefined;
    etag = '"two"';
    expect(await download(`${base}/a.bin`, file)).toMatchObject({ sha256: SUM, how: 'fetched' });
  });

  test('that was damaged afterwards is fetched again', async () => {
    const file = join(folder, 'a.bin');
    await download(`${base}/a.bin`, file);
    writeFileSync(file, 'damaged');
    expect(await download(`${base}/a.bin`, file)).toMatchObject({ sha256: SUM, how: 'fetched' });
  });

  test('from a server that says nothing, or is not there, ends with a sentence', async () => {
    const file = join(folder, 'a.bin');
    await expect(download(`${base}/silent`, file, { patience: 50 })).rejects.toThrow(/nothing came for 0.05/);
    await expect(download('http://127.0.0.1:1/a', file)).rejects.toThrow(
      /cannot fetch http:\/\/127\.0\.0\.1:1/,
    );
    await expect(download(`${base}/missing`, file)).rejects.toThrow(/the server says 404/);
  });
});

describe('data pull', () => {
  test('fetches what there is, says what is missing and how to bring it, and what each licence allows', async () => {
    const said: string[] = [];
    const command = dataCommand((text) => void said.push(text)).exitOverride();
    const args = ['pull', '--month', '2024-08', '--folder', folder, '--server', base];
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrow(/missing: as2org/);
    const text = said.join('');
    expect(asked.map((r) => r.url)).toEqual([
      '/as-relationships/serial-2/20240801.as-rel2.txt.bz2',
      '/as-organizations/20240701.as-org2info.txt.gz',
      '/routing/routeviews-prefix2as/2024/08/routeviews-rv2-20240801-1200.pfx2as.gz',
      '/peeringdb/2024/08/peeringdb_2_dump_2024_08_01.json',
      '/cgi-bin/aspop?f=j',
    ]);
    expect(text).toContain(`sha256 ${SUM}`);
    expect(text).toMatch(
      /as2org: .*Acceptable Use Agreement.*\n {2}missing: .*404.*\n {2}or bring http:.* to /,
    );
    expect(text).toMatch(
      /next: nearcast data pack --graph \S+as-rel2\.txt\.bz2 --pfx2as .*--users \S+apnic-users\.json/,
    );
  });

  test('offline asks nobody; sources and months that are none are refused', async () => {
    const [one] = await pull(
      ['as-rel'],
      { offline: true, folder, server: base },
      () => {},
      new Date('2024-01-15'),
    );
    expect(asked).toEqual([]);
    expect(one?.missing).toMatch(/bring .*20231101\.as-rel2/);
    await expect(pull(['moon'], {}, () => {})).rejects.toThrow(
      /there are as-rel, as2org, pfx2as, peeringdb, users/,
    );
    await expect(pull([], { month: 'May' }, () => {})).rejects.toThrow(/such as 2024-08/);
  });
});
