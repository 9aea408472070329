/** A control page over real HTTP for the tests beside it, and a reader of its streams. */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Body, Event, Request, Snapshot, World } from '../../control/index.ts';
import { type ControlPage, type ControlPageOptions, type Given, serveControlPage } from '../index.ts';

const at = 0;
export const WORLD: World = {
  network: {
    name: 'three',
    asn: 64500,
    prefixes: ['203.0.113.0/24'],
    services: { web: { addresses: ['203.0.113.80'] } },
    guard: {
      keep: 1,
      leave: { count: 1, perMs: 30_000 },
      remainingCapacity: true,
      last: 'full',
      controller: true,
    },
    at,
  },
  sites: {
    '<script>': {
      place: { name: 'Tokyo', country: 'JP', lat: 35.7, lon: 139.7 },
      process: { standing: 'running', at },
      verdicts: { web: { verdict: 'up', phase: 'up', why: [], at } },
      drain: { phase: 'in', remarks: [], at },
      decisions: {},
      tickets: {},
      upstreams: {},
      load: { asked: 0, perSecond: 0, at },
    },
  },
  guard: {},
  internet: { ases: {}, links: [], doors: [], at },
  vantages: {},
  faults: {},
};
export const BY = { owner: 'ann', reason: 'upgrade' };
export const note = (say: string): Body => ({ kind: 'note', level: 'info', say });

const open: (ControlPage | http.ClientRequest)[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if ('destroy' in one) one.destroy();
    else await one.close();
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'nearcast-page-test-'));
  folders.push(path);
  return path;
}

/** What the pages were asked to do. */
export const asked: Request[] = [];

export async function page(options: Partial<ControlPageOptions> = {}): Promise<ControlPage> {
  const served = await serveControlPage({
    host: '127.0.0.1',
    port: 0,
    build: 'npm run build:dashboard',
    say: () => {},
    request: async (request): Promise<Given> => {
      asked.push(request);
      return { outcome: request.do === 'consider' ? 'considered' : 'done', say: ['so it is'] };
    },
    ...options,
  });
  open.push(served);
  return served;
}

export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export function ask(
  { port }: ControlPage,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: http.OutgoingHttpHeaders; body?: string } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece) => {
          text += piece;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export const tokenOf = (p: ControlPage) => p.url.split('#token=')[1] as string;

export function order(
  p: ControlPage,
  request: unknown,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Got> {
  return ask(p, '/api/v1/requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(p)}`, ...headers },
    body: typeof request === 'string' ? request : JSON.stringify(request),
  });
}

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Event & Snapshot;
}

/** Reads a stream; `until` resolves when so many messages have come. */
export function read({ port }: ControlPage, path: string, headers: http.OutgoingHttpHeaders = {}) {
  const messages: Message[] = [];
  let text = '';
  let answer: http.IncomingMessage | undefined;
  const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (came) => {
    answer = came;
    came.setEncoding('utf8');
    came.on('error', () => {});
    came.on('data', (piece: string) => {
      text += piece;
      const parts = text.split('\n\n');
      text = parts.pop() as string;
      for (const part of parts) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
        if (field('data'))
          messages.push({
            id: field('id'),
            event: field('event'),
            data: JSON.parse(field('data') as string),
          });
      }
    });
  });
  request.on('error', () => {});
  open.push(request);
  return {
    messages,
    request,
    answer: () => answer,
    opened: async () => {
      for (let i = 0; !answer && i < 500; i++) await new Promise((r) => setTimeout(r, 10));
      expect(answer?.statusCode).toBe(200);
    },
    until: async (n: number) => {
      for (let i = 0; messages.length < n && i < 500; i++) await new Promise((r) => setTimeout(r, 10));
      expect(messages.length).toBeGreaterThanOrEqual(n);
      return messages;
    },
  };
}

export const says = (messages: readonly Message[]) =>
  messages.map((m) => (m.data.kind === 'note' ? m.data.say : (m.event ?? m.data.kind)));
