/** `nearcast up --try`: clients from all over the world ask once, and who answered is held against what the routes say. */
import dgram from 'node:dgram';
import http from 'node:http';
import packet, { type OptAnswer, type Question } from 'dns-packet';
import type { Planet, Vantage } from '../lab/index.ts';

export interface Tried {
  readonly from: string;
  readonly place: string;
  readonly over: 'HTTP' | 'DNS';
  readonly family: 4 | 6;
  /** By the routes of that moment; undefined: no way leads to any site. */
  readonly site: string | undefined;
  /** Who answered, or in parentheses what came instead. */
  readonly answered: string;
}

/** How long an answer may take: round the world, and then some. */
const PATIENCE_MS = 8000;

/**
 * Asks once over HTTP and once over DNS from each vantage, in each family that the plan announces and this machine has. The place
 * is said in a header and in a client subnet, so that it needs no source address.
 */
export async function tryWorld(planet: Planet, vantages: readonly Vantage[]): Promise<readonly Tried[]> {
  const asked: Promise<Tried>[] = [];
  for (const host of planet.hosts) {
    const family = host.includes(':') ? 6 : 4;
    if (!planet.directions.families().includes(family)) continue;
    for (const vantage of vantages)
      for (const over of ['HTTP', 'DNS'] as const) {
        const kind = over === 'HTTP' ? 'http' : 'dns';
        const { site } = planet.directions.trace(vantage, planet.directions.prefix(kind, family));
        const answer =
          over === 'HTTP'
            ? askHttp(host, planet.ports.http, vantage)
            : askDns(host, planet.ports.dns, vantage);
        const about = { from: vantage.address, place: vantage.place.name, over, family, site } as const;
        asked.push(answer.then((answered) => ({ ...about, answered })));
      }
  }
  return Promise.all(asked);
}

function askHttp(host: string, port: number, vantage: Vantage): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'x-vantage': vantage.address };
    const sent = http.get({ host, port, headers, agent: false, timeout: PATIENCE_MS }, (answer) => {
      answer.resume();
      const by = answer.headers['x-served-by'];
      resolve(answer.statusCode === 200 && typeof by === 'string' ? by : `(status ${answer.statusCode})`);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => resolve(`(${error.message})`));
  });
}

function askDns(host: string, port: number, vantage: Vantage): Promise<string> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const end = (text: string) => {
      clearTimeout(timer);
      socket.close();
      resolve(text);
    };
    const timer = setTimeout(() => end('(no answer)'), PATIENCE_MS);
    socket.once('error', (error) => end(`(${error.message})`));
    socket.once('message', (bytes) => end(nameIn(bytes)));
    socket.send(whoAreYou(vantage), port, host);
  });
}

/** `id.server CH TXT` from a vantage (RFC 4892, RFC 7871). */
function whoAreYou(vantage: Vantage): Buffer {
  const subnet = { code: 'CLIENT_SUBNET', family: 1, sourcePrefixLength: 32, ip: vantage.address };
  return packet.encode({
    type: 'query',
    id: 4892,
    questions: [{ name: 'id.server', type: 'TXT', class: 'CH' } as Question],
    additionals: [
      { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [subnet] } as unknown as OptAnswer,
    ],
  });
}

function nameIn(bytes: Buffer): string {
  try {
    const { answers, ...rest } = packet.decode(bytes);
    const [first] = answers ?? [];
    if (first?.type === 'TXT') return [first.data].flat().join('');
    return `(${(rest as { readonly rcode?: string }).rcode ?? 'nothing'})`;
  } catch {
    return '(no DNS)';
  }
}
