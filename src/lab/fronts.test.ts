import dgram from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import packet, { type OptAnswer } from 'dns-packet';
import { expect, test } from 'vitest';
import { HostError } from '../host/index.ts';
import type { Directions } from './directions.ts';
import { dnsFront, subnetOf } from './front-dns.ts';
import type { Front } from './front-http.ts';
import { openFronts } from './fronts.ts';
import { vantages } from './vantage.ts';

const closed: string[] = [];
const front = (host: string, port: number): Front => ({
  port,
  close: async () => void closed.push(`${host} ${port}`),
});
const errno = (code: string) => Object.assign(new Error(code), { code });

test('every address has the same port, and one that the machine does not have is left out', async () => {
  const fronts = await openFronts(['127.0.0.1', '::1', '::2'], 0, async (host, port) => {
    if (host === '::1') throw new HostError('other', 'no such address', errno('EADDRNOTAVAIL'));
    return front(host, port === 0 ? 4711 : port);
  });
  expect([fronts.port, fronts.hosts]).toEqual([4711, ['127.0.0.1', '::2']]);
  await fronts.close();
  expect(closed.splice(0).sort()).toEqual(['127.0.0.1 4711', '::2 4711']);
});

test('a chosen port that is taken at the second address is given back, and another one is tried', async () => {
  let next = 4700;
  const fronts = await openFronts(['127.0.0.1', '::1'], 0, async (host, port) => {
    if (host === '::1' && port < 4703) throw new HostError('in-use', 'taken', errno('EADDRINUSE'));
    return front(host, port === 0 ? ++next : port);
  });
  expect(fronts.port).toBe(4703);
  expect(closed.splice(0)).toEqual(['127.0.0.1 4701', '127.0.0.1 4702']);
});

test.each([
  ['the first address cannot be had', '127.0.0.1', 'EADDRNOTAVAIL', []],
  ['a port that was asked for is taken', '::1', 'EADDRINUSE', ['127.0.0.1 8080']],
])('%s: nothing is left open', async (_, at, code, left) => {
  const open = openFronts(['127.0.0.1', '::1'], 8080, async (host, port) => {
    if (host === at)
      throw new HostError(code === 'EADDRINUSE' ? 'in-use' : 'other', 'cannot be had', errno(code));
    return front(host, port);
  });
  await expect(open).rejects.toThrow('cannot be had');
  expect(closed.splice(0)).toEqual(left);
});

test('a client subnet says where a client is (RFC 7871), whatever else is in the query', () => {
  const query = (options: readonly object[]) =>
    packet.encode({
      type: 'query',
      questions: [{ name: 'id.server', type: 'TXT' }],
      additionals: options.length > 0 ? [{ type: 'OPT', name: '.', options } as unknown as OptAnswer] : [],
    });
  const subnet = (ip: string, sourcePrefixLength: number) => ({
    code: 'CLIENT_SUBNET',
    sourcePrefixLength,
    ip,
  });
  const place = (bytes: Buffer) => subnetOf(bytes)?.place.name;
  expect(place(query([subnet('127.81.0.1', 32)]))).toBe('Tokyo');
  expect(place(query([{ code: 'NSID', data: Buffer.alloc(0) }, subnet('127.81.1.1', 24)]))).toBe('Osaka');
  expect(place(query([subnet('192.0.2.1', 32)]))).toBeUndefined();
  expect(place(query([]))).toBeUndefined();
  const broken = query([subnet('127.81.0.1', 32)]);
  expect(place(broken.subarray(0, broken.length - 3))).toBeUndefined();
});

/** A front of a world without a way: what it answers is SERVFAIL. */
async function nowhere(): Promise<Front> {
  const [vantage] = vantages();
  const trip = { vantage, path: [], latencyMs: 0, lost: 'no route' };
  const directions = {
    prefix: () => '203.0.113.0/24',
    carry: async () => trip,
    back: async () => {},
  } as unknown as Directions;
  return dnsFront({ host: '127.0.0.1', port: 0, directions, service: () => undefined, vantage: vantage! });
}

const QUERY = packet.encode({ type: 'query', questions: [{ name: 'id.server', type: 'TXT' }] });

async function answers({ port }: Front): Promise<boolean> {
  const socket = dgram.createSocket('udp4');
  socket.send(QUERY, port, '127.0.0.1');
  await once(socket, 'message');
  socket.close();
  return true;
}

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a query from port 0, where nobody can be answered, is passed over and ends nothing',
  async () => {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const c = koffi.load(null);
    const open = c.func('int socket(int, int, int)');
    const sendto = c.func('int64_t sendto(int, const void *, uint64_t, int, const void *, uint32_t)');
    const at = await nowhere();
    const fd = open(2, 3, 17) as number;
    const udp = Buffer.alloc(8);
    udp.writeUInt16BE(at.port, 2);
    udp.writeUInt16BE(8 + QUERY.length, 4);
    const to = Buffer.alloc(16);
    to.writeUInt16LE(2);
    to.set([127, 0, 0, 1], 4);
    expect(Number(sendto(fd, Buffer.concat([udp, QUERY]), 8 + QUERY.length, 0, to, 16))).toBe(
      8 + QUERY.length,
    );
    c.func('int close(int)')(fd);
    expect(await answers(at)).toBe(true);
    await at.close();
  },
);

test('a client that asks without end and reads nothing is let go', async () => {
  const at = await nowhere();
  const socket = net.connect(at.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  const gone = new Promise((resolve) => socket.once('close', resolve));
  const one = Buffer.concat([Buffer.from([0, QUERY.length]), QUERY]);
  const many = Buffer.concat(Array.from({ length: 1000 }, () => one));
  const ask = () => {
    for (let more = true; more && !socket.destroyed; ) more = socket.write(many);
  };
  socket.on('drain', ask);
  ask();
  await gone;
  expect(await answers(at)).toBe(true);
  await at.close();
});
