/** Where the C library cannot be had: plain sessions still work, and whatever asks for a protection is refused. */
import { afterEach, expect, test, vi } from 'vitest';
import { type Address, type Prefix, parseAddress } from '../base/index.ts';
import { bfdTransport } from './bfd-transport.ts';
import type { Connection } from './connection.ts';
import { dial, type Target } from './dial.ts';
import { HostError } from './error.ts';
import { guestAt, type Listener, listen } from './listener.ts';

vi.mock('./libc.ts', () => {
  const missing = 'it needs Linux, and this is nowhere';
  return {
    libc: () => ({ missing }),
    needLibc: (purpose: string) => {
      throw new HostError('platform', `${purpose} is not possible here: ${missing}`);
    },
  };
});

const ip = (text: string) => parseAddress(text) as Address;
const LOOP = ip('127.0.0.1');

let listener: Listener | undefined;
const connections: Connection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.abort();
  await listener?.close();
  listener = undefined;
});

const dialed = (target: Partial<Target>): Promise<Connection> =>
  new Promise((resolve, reject) =>
    dial(
      { address: LOOP, port: listener?.port ?? 9, timeoutMs: 1000, ...target },
      {
        up: (connection) => {
          connections.push(connection);
          resolve(connection);
          return { data: () => {}, closed: () => {} };
        },
        failed: reject,
      },
    ),
  );

test('an unprotected session stands, from the local address that was asked for', async () => {
  let from: Address | undefined;
  listener = await listen(
    { address: LOOP, port: 0 },
    {
      accepted: (connection) => {
        connections.push(connection);
        from = connection.remote;
        return { data: () => {}, closed: () => {} };
      },
    },
  );
  listener.admit({ from: '127.0.0.0/8' as Prefix });
  const connection = await dialed({ localAddress: LOOP });
  expect([connection.local, connection.remote]).toEqual([LOOP, LOOP]);
  await vi.waitFor(() => expect(from).toBe(LOOP));
});

test('a dial with any protection is refused with the reason, never made without it', async () => {
  const asked: [Partial<Target>, string][] = [
    [{ password: 's3cret' }, 'a TCP MD5 password'],
    [{ gtsmHops: 1 }, 'GTSM'],
    [{ ttl: 1 }, 'a TTL of its own'],
    [{ interface: 'lo' }, 'tying a session to an interface'],
  ];
  for (const [target, what] of asked)
    await expect(dialed(target)).rejects.toThrow(
      `${what} is not possible here: it needs Linux, and this is nowhere`,
    );
});

test('a guest with a protection is not let in, and BFD does not run', async () => {
  listener = await listen({ address: LOOP, port: 0 }, { accepted: () => undefined });
  for (const protection of [{ password: 's3cret' }, { gtsmHops: 1 }, { ttl: 1 }])
    expect(() => listener?.admit(guestAt(LOOP, protection))).toThrow(/not possible here: it needs Linux/);
  await expect(bfdTransport(() => {}).open({ local: LOOP, remote: LOOP })).rejects.toThrow(
    /not possible here/,
  );
  await expect(
    listen({ address: LOOP, port: 0, freebind: true }, { accepted: () => undefined }),
  ).rejects.toThrow(/not possible here/);
});
