import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Address, type Prefix, parseAddress } from '../base/index.ts';
import { type Connection, type ConnectionHandlers, HIGH_WATER, QUEUE_LIMIT } from './connection.ts';
import { dial, type Target } from './dial.ts';
import type { HostError } from './error.ts';
import { libc } from './libc.ts';
import { type Guest, guestAt, type ListenAt, type Listener, listen } from './listener.ts';

const ip = (text: string) => parseAddress(text) as Address;
const noLibc = 'missing' in libc();
const noIpv6 = await new Promise<boolean>((resolve) => {
  const probe = net.createServer().once('error', () => resolve(true));
  probe.listen(0, '::1', () => probe.close(() => resolve(false)));
});

/** What a test opens is closed after it. */
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

/** A connection that notes what it hears. */
class Ear implements ConnectionHandlers {
  connection!: Connection;
  readonly heard: string[] = [];
  text = '';
  bytes = 0;
  drain = () => void this.heard.push('drain');
  sent = () => void this.heard.push('sent');
  blocked = () => void this.heard.push('blocked');
  data(chunk: Uint8Array) {
    this.bytes += chunk.length;
    if (chunk.length < 1000) this.text += Buffer.from(chunk).toString();
  }
  closed(why: string) {
    this.heard.push(`closed: ${why}`);
  }
}

async function until(condition: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

interface Bench {
  readonly listener: Listener;
  readonly ears: Ear[];
  readonly refusals: string[];
}

async function listening(guests: readonly Guest[], at: Partial<ListenAt> = {}): Promise<Bench> {
  const ears: Ear[] = [];
  const refusals: string[] = [];
  const listener = await listen(
    { address: ip('127.0.0.1'), port: 0, ...at },
    {
      accepted: (connection) => {
        const ear = new Ear();
        ear.connection = connection;
        ears.push(ear);
        cleanup.push(() => connection.abort());
        return ear;
      },
      refused: (sentence) => refusals.push(sentence),
    },
  );
  cleanup.push(() => listener.close());
  for (const guest of guests) listener.admit(guest);
  return { listener, ears, refusals };
}

function dialed(target: Partial<Target> & { port: number }): Promise<Ear> {
  const ear = new Ear();
  return new Promise((resolve, reject) => {
    const cancel = dial(
      { address: ip('127.0.0.1'), ...target },
      {
        up: (connection) => {
          ear.connection = connection;
          cleanup.push(() => connection.abort());
          resolve(ear);
          return ear;
        },
        failed: reject,
      },
    );
    cleanup.push(cancel);
  });
}

/** A dial that must not succeed; only these have a short time, so that a busy machine fails no other. */
const failure = (target: Partial<Target> & { port: number }): Promise<HostError> =>
  dialed({ timeoutMs: 150, ...target }).then(
    () => Promise.reject(new Error('the connection stands')),
    (error) => error,
  );

const LOOP4 = { address: ip('127.0.0.1'), guest: ip('127.0.0.1') };
const LOOP6 = { address: ip('::1'), guest: ip('::1') };

describe.each(noIpv6 ? [LOOP4] : [LOOP4, LOOP6])('TCP over $address', ({ address, guest }) => {
  test('a dial and an accept make one connection that knows both its ends and carries bytes both ways', async () => {
    const { listener, ears } = await listening([guestAt(guest)], { address });
    const a = await dialed({ address, port: listener.port, localAddress: guest });
    await until(() => ears.length === 1, 'the accept');
    const b = ears[0] as Ear;
    expect([a.connection.local, a.connection.remote, a.connection.remotePort]).toEqual([
      guest,
      address,
      listener.port,
    ]);
    expect([b.connection.local, b.connection.remote, b.connection.remotePort]).toEqual([
      address,
      guest,
      a.connection.localPort,
    ]);
    expect(a.connection.write(Buffer.from('hello '))).toBe(true);
    a.connection.write(Buffer.from('there'));
    b.connection.write(Buffer.from('hello back'));
    await until(() => a.text.length === 10 && b.text.length === 11, 'both texts');
    expect([a.text, b.text]).toEqual(['hello back', 'hello there']);
  });

  test.skipIf(noLibc)(
    'the right TCP MD5 password connects; a wrong one and none never do (RFC 2385)',
    async () => {
      const { listener, ears } = await listening([guestAt(guest, { password: 's3cret' })], { address });
      const to = { address, port: listener.port };
      const [right, wrong, none] = await Promise.all([
        dialed({ ...to, password: 's3cret' }),
        failure({ ...to, password: 'guess' }),
        failure(to),
      ]);
      expect(right.connection.write(Buffer.from('x'))).toBe(true);
      expect(wrong.message).toMatch(/does not answer within 0.15 s/);
      expect(none.message).toMatch(/does not answer within 0.15 s/);
      await until(() => ears[0]?.text === 'x', 'the signed byte');
      expect(ears.length).toBe(1);
    },
  );

  test.skipIf(noLibc)(
    'a password set, changed and taken away at run time holds from the next connection on',
    async () => {
      const { listener } = await listening([guestAt(guest)], { address });
      const to = { address, port: listener.port };
      await dialed(to);
      listener.admit(guestAt(guest, { password: 'first' }));
      expect((await failure(to)).kind).toBe('unreachable');
      await dialed({ ...to, password: 'first' });
      listener.admit(guestAt(guest, { password: 'second' }));
      expect((await failure({ ...to, password: 'first' })).kind).toBe('unreachable');
      await dialed({ ...to, password: 'second' });
      listener.admit(guestAt(guest));
      await dialed(to);
    },
  );

  test.skipIf(noLibc)(
    'who came before the password was set has no session without it (RFC 2385)',
    async () => {
      const { listener, ears, refusals } = await listening([], { address });
      // The kernel completes this handshake while nobody here can accept: bash comes back, its child stays connected.
      const script = `exec 3<>/dev/tcp/${address}/${listener.port} && echo early >&3 && (sleep 20 </dev/null >/dev/null 2>&1 & echo $!)`;
      const pid = Number(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout);
      cleanup.push(() => process.kill(pid));
      listener.admit(guestAt(guest, { password: 's3cret' }));
      await until(() => refusals.length + ears.length > 0, 'the accept');
      expect(ears.length).toBe(0);
      expect(refusals[0]).toMatch(/came before its password was set/);
      await dialed({ address, port: listener.port, password: 's3cret' });
      await until(() => ears.length === 1, 'the signed connection');
    },
  );

  test.skipIf(noLibc)(
    'GTSM on both sides lets a neighbour in, and a sender with a lower TTL never (RFC 5082 §3)',
    async () => {
      const { listener, ears } = await listening([guestAt(guest, { gtsmHops: 1 })], { address });
      const to = { address, port: listener.port };
      const near = await dialed({ ...to, gtsmHops: 1 });
      near.connection.write(Buffer.from('near'));
      await until(() => ears[0]?.text === 'near', 'the bytes of the neighbour');
      expect((await failure({ ...to, ttl: 254 })).message).toMatch(/does not answer/);
      expect((await failure(to)).message).toMatch(/does not answer/);
      expect(ears.length).toBe(1);
    },
  );

  test.skipIf(noLibc)(
    'GTSM holds for its own guest when others do without, once the socket is accepted',
    async () => {
      const { listener, ears } = await listening([guestAt(guest, { gtsmHops: 1 })], { address });
      // A second guest without GTSM: the listening socket can no longer demand a TTL of everybody.
      const other = (address.includes(':') ? '2001:db8::9/128' : '127.0.0.9/32') as Prefix;
      listener.admit({ from: other });
      const far = await dialed({ address, port: listener.port, ttl: 254 });
      await until(() => ears.length === 1, 'the handshake');
      far.connection.write(Buffer.from('spoofed'));
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(ears[0]?.text).toBe('');
    },
  );

  test.skipIf(noLibc)('our side of GTSM takes no answer with a low TTL (RFC 5082 §3)', async () => {
    const { listener } = await listening([guestAt(guest, { ttl: 64 })], { address });
    const error = await failure({ address, port: listener.port, gtsmHops: 1 });
    // The answer to the handshake comes from the listening socket, with the system's TTL of 64.
    expect(error.message).toMatch(/does not answer/);
  });
});

describe('the peers of a listener', () => {
  test('a stranger is cut at once, counted, and spoken of once in a while', async () => {
    const { listener, ears, refusals } = await listening([guestAt(ip('127.0.0.2'))]);
    for (let i = 0; i < 5; i++) {
      const stranger = await dialed({ port: listener.port, localAddress: ip('127.0.0.3') }).catch(
        () => undefined,
      );
      if (stranger) await until(() => stranger.heard.length > 0, 'the cut');
    }
    expect(listener.strangers).toBe(5);
    expect(ears.length).toBe(0);
    expect(refusals).toEqual(['refused a connection from 127.0.0.3, which is no configured peer']);
  });

  test('a guest may be a network; its own entry is stronger, and a dismissed one is a stranger again', async () => {
    const { listener, ears } = await listening([
      { from: '127.5.0.0/16' as Prefix },
      guestAt(ip('127.5.0.1')),
    ]);
    await dialed({ port: listener.port, localAddress: ip('127.5.7.7') });
    await until(() => ears.length === 1, 'a connection from the network');
    listener.dismiss('127.5.0.0/16' as Prefix);
    await dialed({ port: listener.port, localAddress: ip('127.5.0.1') });
    await until(() => ears.length === 2, 'a connection from the address');
    const gone = await dialed({ port: listener.port, localAddress: ip('127.5.7.7') }).catch(() => undefined);
    if (gone) await until(() => gone.heard.length > 0, 'the cut');
    expect(ears.length).toBe(2);
    expect(listener.strangers).toBe(1);
  });

  test.skipIf(noLibc)('a password may cover a network of guests', async () => {
    const { listener } = await listening([{ from: '127.6.0.0/16' as Prefix, password: 'all of you' }]);
    const to = { port: listener.port, localAddress: ip('127.6.1.2') };
    await dialed({ ...to, password: 'all of you' });
    expect((await failure({ ...to, password: 'not you' })).kind).toBe('unreachable');
  });

  test('one remote address holds at most four connections, and those it gave up count no more', async () => {
    const { listener, ears, refusals } = await listening([guestAt(ip('127.0.0.1'))]);
    for (let i = 0; i < 4; i++) await dialed({ port: listener.port });
    await until(() => ears.length === 4, 'four connections');
    const fifth = await dialed({ port: listener.port }).catch(() => undefined);
    if (fifth) await until(() => fifth.heard.length > 0, 'the cut');
    expect([ears.length, listener.turnedAway]).toEqual([4, 1]);
    expect(refusals[0]).toMatch(/4 of its connections stand already/);
    ears[0]?.connection.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await dialed({ port: listener.port });
    await until(() => ears.length === 5, 'the next connection');
  });
});

describe('what cannot be done is a sentence', () => {
  test('two listeners at one place', async () => {
    const { listener } = await listening([]);
    const again = listen({ address: ip('127.0.0.1'), port: listener.port }, { accepted: () => undefined });
    await expect(again).rejects.toThrow(/another program listens there .* choose another address or port/);
  });

  test('an address that is not ours, to listen at and to dial from', async () => {
    const at = listen({ address: ip('192.0.2.7'), port: 0 }, { accepted: () => undefined });
    await expect(at).rejects.toThrow('cannot listen at 192.0.2.7 port 0: no interface here has that address');
    const error = await failure({ port: 9, localAddress: ip('192.0.2.7') });
    expect(error.message).toBe(
      'cannot connect to 127.0.0.1 port 9 from 192.0.2.7: no interface here has that address',
    );
  });

  test('nobody listens, the versions differ, the interface is missing or unknown', async () => {
    const free = net.createServer();
    const port = await new Promise<number>((resolve) =>
      free.listen(0, '127.0.0.1', () => resolve((free.address() as net.AddressInfo).port)),
    );
    await new Promise((resolve) => free.close(resolve));
    expect((await failure({ port })).message).toBe(
      `127.0.0.1 port ${port} refuses connections: nothing listens there`,
    );
    expect((await failure({ port, localAddress: ip('::1') })).message).toMatch(/different IP versions/);
    expect((await failure({ port, address: ip('fe80::1') })).message).toMatch(/say which interface/);
    if (!noLibc)
      expect((await failure({ port, interface: 'nope0' })).message).toMatch(/no interface nope0 here/);
  });

  test('a protection that makes no sense refuses the session', async () => {
    const { listener } = await listening([]);
    const port = listener.port;
    expect((await failure({ port, password: '' })).kind).toBe('protection');
    expect((await failure({ port, password: 'é'.repeat(41) })).message).toMatch(
      /at most 80 bytes, and this one has 82/,
    );
    expect((await failure({ port, gtsmHops: 0 })).message).toMatch(/1 to 255 hops, not 0/);
    expect((await failure({ port, gtsmHops: 1, ttl: 3 })).message).toMatch(/not both/);
    expect(() => listener.admit(guestAt(ip('127.0.0.1'), { password: '' }))).toThrow(/protects nothing/);
    expect(() => listener.admit(guestAt(ip('::1')))).toThrow(/not the same IP version/);
  });

  test('a dial that was given up says nothing more', async () => {
    const { listener } = await listening([guestAt(ip('127.0.0.1'))]);
    const heard: string[] = [];
    const silent = {
      up: () => {
        heard.push('up');
        return new Ear();
      },
      failed: () => void heard.push('failed'),
    };
    dial({ address: ip('127.0.0.1'), port: listener.port }, silent)();
    dial({ address: ip('127.0.0.1'), port: 9, localAddress: ip('192.0.2.7') }, silent)();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toEqual([]);
  });
});

describe('a connection', () => {
  async function pair(): Promise<[Ear, Ear]> {
    const { listener, ears } = await listening([guestAt(ip('127.0.0.1'))]);
    const a = await dialed({ port: listener.port });
    await until(() => ears.length === 1, 'the accept');
    return [a, ears[0] as Ear];
  }

  test('a peer that does not read shows as blocked, then sent and drain when it reads again; nothing is lost', async () => {
    const [a, b] = await pair();
    b.connection.pause();
    const block = new Uint8Array(100_000).fill(7);
    let total = 0;
    // Write beyond the kernel's buffers, as a caller that obeys `false` would: up to the high water mark at a time.
    while (!(a.heard.includes('blocked') && a.connection.bytesQueued >= HIGH_WATER)) {
      a.connection.write(block);
      total += block.length;
      if (a.connection.bytesQueued >= HIGH_WATER) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(a.connection.write(block)).toBe(false);
    total += block.length;
    a.heard.length = 0;
    b.connection.resume();
    await until(() => b.bytes === total, 'all bytes', 8000);
    expect(a.heard).toContain('sent');
    expect(a.heard.filter((h) => h === 'drain').length).toBe(1);
    await until(() => a.connection.bytesQueued === 0, 'an empty queue');
    expect(a.heard.at(-1)).not.toBe('blocked');
    expect(a.connection.write(Uint8Array.of(7))).toBe(true);
    total++;
    await until(() => b.bytes === total, 'the last byte');
    expect(a.connection.bytesWritten).toBe(total);
    expect(b.connection.bytesRead).toBe(total);
  });

  test('drain also comes when the kernel took everything at once', async () => {
    const [a, b] = await pair();
    expect(a.connection.write(new Uint8Array(HIGH_WATER))).toBe(false);
    await until(() => b.bytes === HIGH_WATER && a.heard.includes('drain'), 'the drain');
  });

  test('an owner who does not obey `false` loses the connection, not the process', async () => {
    const [a, b] = await pair();
    b.connection.pause();
    const block = new Uint8Array(8 * 1024 * 1024);
    for (let i = 0; i < 20; i++) a.connection.write(block);
    expect(a.connection.bytesQueued).toBeLessThanOrEqual(QUEUE_LIMIT);
    await until(() => a.heard.some((h) => h.startsWith('closed: the peer does not read')), 'the cut');
  });

  test('close sends what was written, then ends both sides; the closer hears nothing more', async () => {
    const [a, b] = await pair();
    a.connection.write(new Uint8Array(300_000));
    a.connection.write(Buffer.from('the end'));
    await a.connection.close();
    await until(() => b.heard.length > 0, 'the end');
    expect(b.bytes).toBe(300_007);
    expect(b.heard).toEqual(['closed: the peer closed the connection']);
    expect(a.heard.filter((h) => h.startsWith('closed'))).toEqual([]);
  });

  test('close waits no longer than its limit for a peer that never reads', async () => {
    const { port, server } = await mute();
    const a = await dialed({ port });
    while (a.connection.bytesQueued < HIGH_WATER) {
      a.connection.write(new Uint8Array(100_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const began = performance.now();
    await a.connection.close(100);
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(90);
    expect(took).toBeLessThan(1500);
    server.close();
  });

  test('close does not wait for its limit when reading was paused', async () => {
    const [a, b] = await pair();
    a.connection.pause();
    b.connection.write(new Uint8Array(2_000_000));
    const began = performance.now();
    await Promise.all([a.connection.close(3000), b.connection.close(3000)]);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(b.connection.bytesWritten).toBe(2_000_000);
  });

  test('abort is a reset at the other side', async () => {
    const [a, b] = await pair();
    a.connection.abort();
    await until(() => b.heard.length > 0, 'the reset');
    expect(b.heard).toEqual(['closed: the peer reset the connection']);
    expect(a.connection.write(Buffer.from('late'))).toBe(false);
    await a.connection.close();
  });

  /** A server that accepts and never reads. */
  async function mute(): Promise<{ port: number; server: net.Server }> {
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
      cleanup.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as net.AddressInfo).port, server };
  }
});
