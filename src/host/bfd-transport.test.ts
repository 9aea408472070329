import dgram from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { type Address, parseAddress, toHex } from '../base/index.ts';
import { type BfdArrival, type BfdTransport, bfdTransport } from './bfd-transport.ts';
import { libc } from './libc.ts';

const ip = (text: string) => parseAddress(text) as Address;
const noLibc = 'missing' in libc();

const cleanup: (() => unknown)[] = [];
afterEach(() => {
  for (const close of cleanup.splice(0).reverse()) close();
});

/** Ports of this test process, so that a BFD daemon of the machine is left alone. */
const PORTS = { singleHop: 20_000 + (process.pid % 10_000), multihop: 30_000 + (process.pid % 10_000) };

interface Heard extends BfdArrival {
  readonly hex: string;
}

function transport(): { heard: Heard[]; bfd: BfdTransport } {
  const heard: Heard[] = [];
  const bfd = bfdTransport((bytes, arrival) => heard.push({ hex: toHex(bytes), ...arrival }), PORTS);
  cleanup.push(() => bfd.close());
  return { heard, bfd };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 3000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Sends one datagram with a TTL of its own. */
function shout(to: Address, port: number, ttl: number, bytes: Uint8Array): Promise<void> {
  const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.bind(0, to.includes(':') ? '::1' : '127.0.0.1', () => {
      socket.setTTL(ttl);
      socket.send(bytes, port, to, (error) => {
        socket.close();
        if (error) reject(error);
        else resolve();
      });
    });
  });
}

const ENDS = [
  { a: ip('127.0.0.1'), b: ip('127.0.0.2') },
  { a: ip('::1'), b: ip('::1') },
];

describe.skipIf(noLibc).each(ENDS)('BFD packets between $a and $b', ({ a, b }) => {
  test('leave with TTL 255 from a port of 49152 to 65535 and arrive with their addresses (RFC 5881 §4)', async () => {
    const { heard, bfd } = transport();
    const there = await bfd.open({ local: a, remote: b });
    const back = a === b ? there : await bfd.open({ local: b, remote: a });
    there.send(Uint8Array.of(0x20, 0xc0, 3, 24));
    back.send(Uint8Array.of(0x20, 0x40, 3, 24));
    await until(() => heard.length === 2, 'both packets');
    expect(new Set(heard.map((h) => `${h.from} ${h.local} ${h.hex}`))).toEqual(
      new Set([`${a} ${b} 20c00318`, `${b} ${a} 20400318`]),
    );
    expect(there.sourcePort).toBeGreaterThanOrEqual(49_152);
    expect(there.unsent).toBe(0);
  });

  test('are dropped when the TTL is not 255 on a single hop (RFC 5881 §5)', async () => {
    const { heard, bfd } = transport();
    await bfd.open({ local: a, remote: b });
    for (const ttl of [254, 64, 1]) await shout(a, PORTS.singleHop, ttl, Uint8Array.of(ttl));
    await shout(a, PORTS.singleHop, 255, Uint8Array.of(255));
    await until(() => heard.length > 0, 'the good packet');
    expect(heard.map((h) => h.hex)).toEqual(['ff']);
  });

  test('come over several hops on a port of their own, from the least TTL that was agreed (RFC 5883 §2)', async () => {
    const { heard, bfd } = transport();
    await bfd.open({ local: a, remote: b, multihop: true, leastTtl: 250 });
    for (const ttl of [249, 250, 255]) await shout(a, PORTS.multihop, ttl, Uint8Array.of(ttl));
    await until(() => heard.length === 2, 'the good packets');
    expect(heard.map((h) => [h.hex, h.multihop])).toEqual([
      ['fa', true],
      ['ff', true],
    ]);
  });

  test('are dropped when they are longer than any BFD packet', async () => {
    const { heard, bfd } = transport();
    await bfd.open({ local: a, remote: b });
    await shout(a, PORTS.singleHop, 255, new Uint8Array(256));
    await shout(a, PORTS.singleHop, 255, new Uint8Array(255));
    await until(() => heard.length > 0, 'the good packet');
    expect(heard.map((h) => h.hex.length / 2)).toEqual([255]);
  });
});

describe.skipIf(noLibc)('BFD paths', () => {
  test('of one local address share a receiver, and each has its own source port (RFC 5881 §4)', async () => {
    const { heard, bfd } = transport();
    const paths = await Promise.all(
      ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((remote) =>
        bfd.open({ local: ip('127.0.0.1'), remote: ip(remote) }),
      ),
    );
    expect(new Set(paths.map((p) => p.sourcePort)).size).toBe(3);
    await shout(ip('127.0.0.1'), PORTS.singleHop, 255, Uint8Array.of(1));
    await until(() => heard.length === 1, 'one packet');
    paths[0]?.close();
    paths[1]?.close();
    await shout(ip('127.0.0.1'), PORTS.singleHop, 255, Uint8Array.of(2));
    await until(() => heard.length === 2, 'a packet for the path that is left');
    paths[2]?.close();
    const reopened = await bfd.open({ local: ip('127.0.0.1'), remote: ip('127.0.0.2') });
    reopened.close();
    reopened.close();
    reopened.send(Uint8Array.of(1));
  });

  test('say in a sentence what is in the way', async () => {
    const { bfd } = transport();
    const other = transport().bfd;
    await bfd.open({ local: ip('127.0.0.1'), remote: ip('127.0.0.2') });
    await expect(other.open({ local: ip('127.0.0.1'), remote: ip('127.0.0.2') })).rejects.toThrow(
      /127\.0\.0\.1 port \d+ \(UDP, BFD\): another program listens there/,
    );
    await expect(bfd.open({ local: ip('192.0.2.1'), remote: ip('192.0.2.2') })).rejects.toThrow(
      /no interface here/,
    );
    await expect(bfd.open({ local: ip('127.0.0.1'), remote: ip('::1') })).rejects.toThrow(
      /different IP versions/,
    );
    await expect(bfd.open({ local: ip('fe80::1'), remote: ip('fe80::2') })).rejects.toThrow(
      /say which interface/,
    );
    await expect(
      bfd.open({ local: ip('127.0.0.9'), remote: ip('127.0.0.2'), interface: 'nope0' }),
    ).rejects.toThrow(/no interface nope0 here/);
  });
});
