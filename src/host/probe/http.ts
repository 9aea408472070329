/** One HTTP request: status, body, and over TLS the certificate. Redirects are answers like any other, and not followed. */
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { familyOf } from '../../base/index.ts';
import type { Attempt, Over } from './attempt.ts';
import { quote, searchFor } from './exchange.ts';
import type { Endpoint, HttpProbe, HttpsProbe, ProbeSurroundings } from './spec.ts';
import { handshakeOptions, judgeCertificate, tlsTrouble } from './tls.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

/** No more of a body is read; what has not been found by then is not there. */
const BODY_LIMIT = 1_048_576;

export function askHttp(
  a: Attempt,
  probe: HttpProbe | HttpsProbe,
  to: Endpoint,
  { ca }: ProbeSurroundings,
): void {
  const secure = probe.kind === 'https';
  const usual = secure ? 443 : 80;
  const literal = familyOf(to.address) === 6 ? `[${to.address}]` : to.address;
  const options: https.RequestOptions = {
    host: to.address,
    port: to.port,
    path: probe.path,
    method: probe.method,
    agent: false,
    headers: {
      host: probe.host ?? (to.port === usual ? literal : `${literal}:${to.port}`),
      'user-agent': 'nearcast-probe',
      accept: '*/*',
      connection: 'close',
    },
    // A name with a port is good for the Host header and no name for TLS.
    ...(secure ? handshakeOptions(probe, probe.host?.replace(/:\d+$/, ''), to, ca) : {}),
  };
  let note = '';
  a.waiting = 'no connection';
  const request = secure ? https.request(options) : http.request(options);
  a.atEnd(() => request.destroy());
  request.on('socket', (socket) => {
    socket.once('connect', () => {
      a.waiting = secure ? 'connected, but no TLS handshake' : 'connected, but no answer to the request';
    });
    if (!secure) return;
    socket.once('secureConnect', () => {
      a.waiting = 'connected, but no answer to the request';
      const judged = judgeCertificate(socket as TLSSocket, probe);
      if (judged.fault) a.bad(judged.fault);
      note = judged.note;
    });
  });
  request.on('error', (error) => {
    const { code, reason } = error as Error & { readonly code?: string; readonly reason?: string };
    if (code?.startsWith('HPE_')) a.bad(`answers something that is not HTTP: ${reason ?? code}`);
    else if (code?.startsWith('ERR_SSL') || code === 'EPROTO') a.bad(tlsTrouble(error));
    else if (error.message === 'socket hang up') a.bad('closed the connection without an answer');
    else a.failed(error);
  });
  request.on('response', (response) => judge(a, probe, response, () => note));
  request.end();
}

function judge(
  a: Attempt,
  probe: HttpProbe | HttpsProbe,
  response: IncomingMessage,
  note: () => string,
): Over {
  const status = response.statusCode ?? 0;
  const said = `${status}${response.statusMessage ? ` ${response.statusMessage}` : ''}`;
  if (!probe.status.some(([from, to]) => status >= from && status <= to))
    return a.bad(`answers ${said}; ${ranges(probe.status)} is asked for`);
  const { body } = probe;
  const search = body === undefined ? undefined : searchFor(body);
  a.waiting = `answers ${said}, but the body does not end`;
  let seen = 0;
  response.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (search?.feed(chunk)) return a.good(`answers ${said} with ${quote(body as string)}${note()}`);
    if (seen <= BODY_LIMIT) return;
    if (search) a.bad(`answers ${said}, and ${quote(body as string)} is not in the first MiB`);
    else a.good(`answers ${said}${note()}`);
  });
  response.on('end', () => {
    if (!response.complete) return a.bad(`answers ${said}, and breaks off after ${seen} bytes`);
    if (search) a.bad(`answers ${said} without ${quote(body as string)}`);
    else a.good(`answers ${said}${note()}`);
  });
  // A body that breaks off is told as an error.
  response.on('error', () => a.bad(`answers ${said}, and breaks off after ${seen} bytes`));
}

function ranges(status: HttpProbe['status']): string {
  return status.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' or ');
}
