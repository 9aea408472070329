import packet, { type OptAnswer } from 'dns-packet';
import { expect, test } from 'vitest';
import { HostError } from '../host/index.ts';
import { subnetOf } from './front-dns.ts';
import type { Front } from './front-http.ts';
import { openFronts } from './fronts.ts';

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
