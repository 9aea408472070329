import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import type { Address } from '../../base/index.ts';
import { ask, HASTY, LOCAL, LOCAL6, noIpv6, PATIENT, serve, tcp } from './bench.test-support.ts';
import { certificate } from './certificate.test-support.ts';

const GET = { kind: 'http', path: '/', method: 'GET', status: [[200, 299]] } as const;
const GETS = { ...GET, kind: 'https', verify: true, certificateDays: 0 } as const;

const web = (listener: http.RequestListener, host?: Address) => serve(http.createServer(listener), host);

test('status, body, method and Host are looked at', async () => {
  const port = await web((q, r) => {
    r.statusCode = Number(/\d+/.exec(q.url ?? '')?.[0] ?? 200);
    if (r.statusCode >= 300 && r.statusCode < 400) r.setHeader('Location', '/200');
    r.end(q.method === 'HEAD' ? undefined : `${q.method} ${q.headers.host} all is well\n`);
  });
  const get = (more: object) => ask({ ...GET, port, ...more });
  expect({
    plain: await get({}),
    body: await get({ body: 'all is well' }),
    host: await get({ host: 'www.example.net', body: 'GET www.example.net' }),
    hostOfAddress: (await get({ body: `GET 127.0.0.1:${port} all` })).replace(`${port}`, 'PORT'),
    otherBody: await get({ body: 'all is lost' }),
    error: await get({ path: '/500' }),
    redirect: await get({ path: '/302' }),
    redirectWanted: await get({ path: '/302', status: [[301, 302]] }),
    ranges: await get({
      path: '/404',
      status: [
        [200, 299],
        [301, 301],
      ],
    }),
    head: await get({ method: 'HEAD' }),
  }).toMatchInlineSnapshot(`
    {
      "body": "good: answers 200 OK with "all is well"",
      "error": "bad: answers 500 Internal Server Error; 200-299 is asked for",
      "head": "good: answers 200 OK",
      "host": "good: answers 200 OK with "GET www.example.net"",
      "hostOfAddress": "good: answers 200 OK with "GET 127.0.0.1:PORT all"",
      "otherBody": "bad: answers 200 OK without "all is lost"",
      "plain": "good: answers 200 OK",
      "ranges": "bad: answers 404 Not Found; 200-299 or 301 is asked for",
      "redirect": "bad: answers 302 Found; 200-299 is asked for",
      "redirectWanted": "good: answers 302 Found",
    }
  `);
});

test('a text in a body is found across chunks, and not beyond the first MiB', async () => {
  const port = await web((q, r) => {
    if (q.url === '/late') return void r.end(`${'x'.repeat(2_000_000)}needle`);
    r.write('nee');
    setTimeout(() => r.end('dle'), 10);
  });
  expect(await ask({ ...GET, port, body: 'needle' })).toBe('good: answers 200 OK with "needle"');
  expect(await ask({ ...GET, port, path: '/late', body: 'needle' })).toBe(
    'bad: answers 200 OK, and "needle" is not in the first MiB',
  );
  expect(await ask({ ...GET, port, path: '/late' })).toBe('good: answers 200 OK');
});

test.each<[string, (s: net.Socket) => void, string]>([
  ['says nothing', () => {}, `bad: connected, but no answer to the request within ${HASTY} ms`],
  [
    'drips its head',
    (s) => {
      s.write('HTTP/1.1 200 OK\r\nX: ');
      const drip = setInterval(() => s.write('x'), 10);
      s.on('close', () => clearInterval(drip));
    },
    `bad: connected, but no answer to the request within ${HASTY} ms`,
  ],
  [
    'drips its body',
    (s) => {
      s.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const drip = setInterval(() => s.write('x'), 10);
      s.on('close', () => clearInterval(drip));
    },
    `bad: answers 200 OK, but the body does not end within ${HASTY} ms`,
  ],
  ['resets', (s) => void setTimeout(() => s.resetAndDestroy(), 5), 'bad: reset the connection'],
  ['closes', (s) => void s.end(), 'bad: closed the connection without an answer'],
  [
    'breaks off',
    (s) => void s.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
    'bad: answers 200 OK, and breaks off after 3 bytes',
  ],
])('a server that %s', async (_, behave, said) => {
  const port = await tcp((s) => {
    s.on('error', () => {});
    s.once('data', () => behave(s));
  });
  expect(await ask({ ...GET, port }, said.includes('within') ? HASTY : PATIENT)).toBe(said);
});

test('something that is not HTTP, and nobody at all', async () => {
  const port = await tcp((s) => void s.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(await ask({ ...GET, port })).toMatch(/^bad: answers something that is not HTTP: /);
  expect(await ask({ ...GET, port: 1 })).toBe('dead: refuses: nothing listens there');
});

test.skipIf(noIpv6)('over IPv6', async () => {
  const port = await web((q, r) => void r.end(q.headers.host), LOCAL6);
  expect(await ask({ ...GET, port, body: `[::1]:${port}` }, PATIENT, { addresses: [LOCAL6] })).toMatch(
    /^good/,
  );
});

test('certificates: trust, name and the days that are left', async () => {
  const good = certificate(['www.example.net', '127.0.0.1'], 30);
  const old = certificate(['www.example.net'], -2);
  const secure = (c: { key: string; cert: string }) =>
    serve(https.createServer(c, (q, r) => void r.end(`${(q.socket as tls.TLSSocket).servername}`)));
  const [port, stale] = [await secure(good), await secure(old)];
  const said = async (more: object, ca: string | undefined = good.cert) =>
    (
      await ask({ ...GETS, port, name: 'www.example.net', ...more }, PATIENT, ca === undefined ? {} : { ca })
    ).replace(/\d{4}-\d\d-\d\d/, 'DATE');
  const plain = await tcp((s) => void s.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  expect({
    good: await said({ body: 'www.example.net' }),
    byHost: await said({ name: undefined, host: 'www.example.net:8443' }),
    byAddress: await said({ name: undefined }),
    enough: await said({ certificateDays: 30 }),
    tooFew: await said({ certificateDays: 31 }),
    otherName: await said({ name: 'mail.example.net' }),
    untrusted: await ask({ ...GETS, port, name: 'www.example.net' }),
    unchecked: await said({ verify: false, name: 'mail.example.net' }),
    expired: await said({ port: stale }, old.cert),
    expiredUnchecked: await said({ port: stale, verify: false, certificateDays: 1 }, old.cert),
    expiredNobodyCares: await said({ port: stale, verify: false }, old.cert),
    notTls: await said({ port: plain }),
    refused: await said({ port: 1 }),
  }).toMatchInlineSnapshot(`
    {
      "byAddress": "good: answers 200 OK, the certificate ends on DATE, in 30 days",
      "byHost": "good: answers 200 OK, the certificate ends on DATE, in 30 days",
      "enough": "good: answers 200 OK, the certificate ends on DATE, in 30 days",
      "expired": "bad: the certificate expired on DATE",
      "expiredNobodyCares": "good: answers 200 OK, the certificate expired on DATE",
      "expiredUnchecked": "bad: the certificate expired on DATE",
      "good": "good: answers 200 OK with "www.example.net", the certificate ends on DATE, in 30 days",
      "notTls": "bad: the TLS handshake failed: wrong version number",
      "otherName": "bad: the certificate is for other names (DNS:www.example.net, IP Address:127.0.0.1)",
      "refused": "dead: refuses: nothing listens there",
      "tooFew": "bad: the certificate ends on DATE, in 30 days; at least 31 are asked for",
      "unchecked": "good: answers 200 OK, the certificate ends on DATE, in 30 days",
      "untrusted": "bad: the certificate is signed by itself and nobody here trusts it",
    }
  `);
});

test('TLS alone, with the same judgement', async () => {
  const c = certificate(['imap.example.net'], 5);
  const port = await serve(tls.createServer(c, (s) => void s.on('error', () => {})));
  const probe = { kind: 'tls', port, name: 'imap.example.net', verify: true, certificateDays: 3 } as const;
  expect(await ask(probe, PATIENT, { ca: c.cert })).toMatch(
    /^good: TLSv1.3, the certificate ends on .*, in 5 days$/,
  );
  expect(await ask({ ...probe, certificateDays: 9 }, PATIENT, { ca: c.cert })).toMatch(
    /^bad: the certificate ends on .*, in 5 days; at least 9 are asked for$/,
  );
  const silent = await tcp(() => {});
  expect(await ask({ ...probe, port: silent }, HASTY)).toBe(
    `bad: connected, but no TLS handshake within ${HASTY} ms`,
  );
  const resets = await tcp((s) => void s.once('data', () => s.resetAndDestroy()));
  expect(await ask({ ...probe, port: resets })).toBe('bad: reset the connection during the TLS handshake');
  const talker = await serve(net.createServer((s) => void s.end('220 ready\r\n')));
  expect(await ask({ ...probe, port: talker })).toMatch(/^bad: the TLS handshake failed: /);
  expect(await ask({ ...probe, target: LOCAL, port: 1 })).toBe('dead: refuses: nothing listens there');
});
