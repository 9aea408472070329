/** The site's end of the ticket service over TLS, with a token: against a real issuer behind a real TLS server with its own certificate. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveIssuer } from '../src/agent/issuer-service.ts';
import { TicketClient } from '../src/agent/ticket-client.ts';
import { logger } from '../src/host/index.ts';
import { certificate } from '../src/host/probe/certificate.test-support.ts';
import { type Plan, parsePlan } from '../src/plan/index.ts';
import type { Answer, Report } from '../src/site/index.ts';

const SCOPE = '203.0.113.0/24';
const ends: (() => unknown)[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-tickets-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

function planOf(controller: string): Plan {
  const read = parsePlan(`network: x
asn: 64500
prefixes: [${SCOPE}]
sites:
  fra: { upstreams: [ { asn: 64601, address: 198.51.100.1, role: provider } ] }
  nyc: { upstreams: [ { asn: 64602, address: 198.51.100.2, role: provider } ] }
services: { web: { address: 203.0.113.80, probes: [ tcp: { port: 80 } ] } }
controller: ${controller}
`);
  if ('complaints' in read) throw new Error(JSON.stringify(read.complaints));
  return read.plan;
}

/** An issuer that wants a token, behind TLS; and the file of the certificate that it shows. */
async function controller(): Promise<{ readonly url: string; readonly ca: string }> {
  const issuer = await serveIssuer({
    plan: planOf('http://127.0.0.1:1'),
    port: 0,
    token: 'open-sesame',
    log: logger({ write: () => {} }),
    first: true,
  });
  ends.push(() => issuer.close());
  const own = certificate(['127.0.0.1'], 2);
  const server = tls.createServer(own, (client) => {
    const behind = net.connect(Number(new URL(issuer.url).port), '127.0.0.1');
    for (const socket of [client, behind]) socket.on('error', () => {});
    client.pipe(behind).pipe(client);
    ends.push(() => client.destroy());
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, own.cert);
  return { url: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}`, ca };
}

interface Asking {
  readonly client: TicketClient;
  readonly lines: string[];
  readonly heard: Answer[];
}

function clientOf(text: string, token?: string): Asking {
  const lines: string[] = [];
  const heard: Answer[] = [];
  const client = new TicketClient({
    site: 'fra',
    controller: planOf(text).controller!,
    log: logger({ form: 'json', write: (line) => lines.push(line), secrets: () => (token ? [token] : []) }),
    hear: (answer) => heard.push(answer),
    ...(token === undefined ? {} : { token }),
  });
  ends.push(() => client.close());
  return { client, lines, heard };
}

const REPORT: Report = {
  site: 'fra',
  scope: SCOPE,
  boot: 1,
  seq: 0,
  verdict: 'up',
  in: true,
  holds: false,
  deaf: 0,
  leaves: 0,
  failing: {},
};

test('a controller behind TLS is believed by the certificate that the plan names, and believes the token', async () => {
  const { url, ca } = await controller();
  const { client, heard, lines } = clientOf(
    `{ endpoints: ["${url}"], ca: ${ca}, token: "\${T}" }`,
    'open-sesame',
  );
  client.send(REPORT);
  await expect
    .poll(() => heard, { timeout: 8000 })
    .toMatchObject([{ kind: 'noted', site: 'fra', scope: SCOPE }]);
  expect(client.reached).toBe(true);
  expect(lines.join('')).toContain('the controller answers at https://127.0.0.1');
});

test.each([
  [
    'with a certificate that nobody vouches for',
    (url: string) => `{ endpoints: ["${url}"] }`,
    'open-sesame',
    /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED/,
  ],
  [
    'with the wrong token',
    (url: string, ca: string) => `{ endpoints: ["${url}"], ca: ${ca} }`,
    'guess',
    /answers 401/,
  ],
  [
    'without a token',
    (url: string, ca: string) => `{ endpoints: ["${url}"], ca: ${ca} }`,
    undefined,
    /answers 401/,
  ],
  [
    'with certificates that cannot be read',
    (url: string) => `{ endpoints: ["${url}"], ca: /no/such/ca.pem }`,
    'open-sesame',
    /\/no\/such\/ca\.pem cannot be read \(ENOENT\)/,
  ],
  [
    'with a token that HTTP cannot carry',
    (url: string, ca: string) => `{ endpoints: ["${url}"], ca: ${ca}, token: "\${T}" }`,
    'open-\nsesame',
    /the token has characters that HTTP cannot carry/,
  ],
] as const)(
  '%s nothing is granted, the cause is said without the token, and the agent goes on',
  async (_, text, token, why) => {
    const { url, ca } = await controller();
    const { client, heard, lines } = clientOf(text(url, ca), token);
    client.send(REPORT);
    await expect.poll(() => client.reached, { timeout: 8000 }).toBe(false);
    expect(heard).toEqual([]);
    expect(lines.join('')).toMatch(why);
    expect(lines.join('')).toMatch(/what is announced stays as it is/);
    if (token) expect(lines.join('')).not.toContain(token);
  },
);
