import dgram from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { type Address, fromHex, millis, parseAddress } from '../base/index.ts';
import { type BfdPath, bfdTransport, libc, realClock } from '../host/index.ts';
import { BfdDriver, type BfdSettings } from './bfd.ts';

const ip = (text: string) => parseAddress(text) as Address;
const noLibc = 'missing' in libc();
if (noLibc) console.log('BFD over real sockets is not tried: there is no libc to judge TTLs with');

const A = ip('127.0.0.21');
const B = ip('127.0.0.22');
const C = ip('127.0.0.23');

/** Ports of this test process, so that a BFD daemon of the machine is left alone. */
const PORTS = { singleHop: 21_000 + (process.pid % 9000), multihop: 31_000 + (process.pid % 9000) };

const QUICK: BfdSettings = { desiredMinTx: millis(20), requiredMinRx: millis(20), detectMult: 5 };

const drivers: BfdDriver[] = [];
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.stop();
});

function driver(limit?: number): BfdDriver {
  const made = new BfdDriver({
    clock: realClock(),
    transport: (onPacket) => bfdTransport(onPacket, PORTS),
    ...(limit === undefined ? {} : { limit }),
  });
  drivers.push(made);
  return made;
}

/** A driver with one session, and what its client heard. */
async function watch(
  path: BfdPath,
  settings = QUICK,
  d = driver(),
): Promise<{ d: BfdDriver; heard: string[] }> {
  const heard: string[] = [];
  await d.add(`${path.remote}`, path, settings, (state, reason) => heard.push(`${state}: ${reason}`));
  return { d, heard };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 8000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const bothUp = (x: BfdDriver, y: BfdDriver) => () =>
  [...x.views(), ...y.views()].every((v) => v.state === 'up' && v.transmitIntervalMs === 20);

/** One datagram to a BFD port of ours, with a TTL that is taken. */
function shout(from: Address, to: Address, hex: string, port = PORTS.singleHop): Promise<void> {
  const socket = dgram.createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.bind(0, from, () => {
      socket.setTTL(255);
      socket.send(fromHex(hex) as Uint8Array, port, to, (error) => {
        socket.close();
        if (error) reject(error);
        else resolve();
      });
    });
  });
}

const id = (discriminator: number) => discriminator.toString(16).padStart(8, '0');

describe.skipIf(noLibc)('two drivers on loopback', () => {
  test('come up, agree on the interval, and change it by a poll sequence while they are up (RFC 5880 §6.8.3)', async () => {
    const [x, y] = await Promise.all([
      watch({ local: A, remote: B }),
      watch({ local: B, remote: A }, { ...QUICK, detectMult: 3 }),
    ]);
    await until(bothUp(x.d, y.d), 'both to come up');
    expect(x.heard).toEqual([expect.stringMatching(/^up: /)]);
    const view = x.d.view(B);
    expect(view).toMatchObject({
      state: 'up',
      remoteState: 'up',
      diagnostic: 'no diagnostic',
      detectionTimeMs: 60,
      counts: { failures: 0, discarded: 0 },
    });
    expect(view?.remoteDiscriminator).toBe(y.d.view(A)?.localDiscriminator);
    y.d.change(A, { ...QUICK, desiredMinTx: millis(60_000) });
    expect(y.d.view(A)?.transmitIntervalMs).toBe(20);
    await until(() => y.d.view(A)?.transmitIntervalMs === 60_000, 'the poll sequence to end');
    expect(x.d.view(B)?.detectionTimeMs).toBe(300_000);
    expect(x.heard.length).toBe(1);
  });

  test('a neighbour that stops says AdminDown, which is no failure (RFC 5882 §3.2)', async () => {
    const [x, y] = await Promise.all([watch({ local: A, remote: B }), watch({ local: B, remote: A })]);
    await until(bothUp(x.d, y.d), 'both to come up');
    await y.d.stop();
    await until(() => x.d.view(B)?.state === 'down', 'AdminDown to be heard');
    expect(x.d.view(B)).toMatchObject({
      diagnostic: 'neighbour signalled session down',
      remoteState: 'adminDown',
      remoteDiagnostic: 'administratively down',
      lastChange: { reason: 'the neighbour stopped BFD (AdminDown)' },
      counts: { failures: 0 },
    });
    expect(x.heard.length).toBe(1);
    expect(y.d.views()).toEqual([]);
    await expect(y.d.add('late', { local: B, remote: A }, QUICK, () => {})).rejects.toThrow(/stopped/);
  });

  test('run over several hops on the port of those (RFC 5883 §2)', async () => {
    const [x, y] = await Promise.all([
      watch({ local: A, remote: B, multihop: true }),
      watch({ local: B, remote: A, multihop: true }),
    ]);
    await until(bothUp(x.d, y.d), 'both to come up');
  });
});

describe.skipIf(noLibc)('a session', () => {
  /** A neighbour made by hand, which says three words and may then be silent for three times `intervalMs`. */
  async function upByHand(intervalMs = 10_000): Promise<{ d: BfdDriver; heard: string[]; ours: string }> {
    const { d, heard } = await watch({ local: A, remote: C });
    const ours = id(d.view(C)?.localDiscriminator as number);
    await shout(C, A, '20 40 03 18 000000aa 00000000 00004e20 00004e20 00000000');
    await until(() => d.view(C)?.state === 'init', 'Init');
    await shout(C, A, `20 c0 03 18 000000aa ${ours} ${id(1000 * intervalMs)} 00004e20 00000000`);
    await until(() => heard.length === 1, 'Up');
    return { d, heard, ours };
  }

  test('tells of silence within its detection time, and not before (RFC 5880 §6.8.4)', async () => {
    const { d, heard } = await upByHand(50);
    const from = performance.now();
    await until(() => heard.length === 2, 'Down');
    const took = performance.now() - from;
    expect(heard[1]).toBe('down: nothing heard for 150 ms (control detection time expired)');
    expect(took).toBeGreaterThan(100);
    expect(d.view(C)).toMatchObject({ state: 'down', counts: { failures: 1 } });
  });

  test('is found by its discriminator wherever the packet comes from, but not by the other port (RFC 5880 §6.3)', async () => {
    const { d, heard, ours } = await upByHand();
    const down = `23 40 03 18 000000aa ${ours} 000f4240 000f4240 00000000`;
    // A multihop receiver at the same address, so that the wrong port is open at all.
    await d.add('far', { local: A, remote: B, multihop: true }, QUICK, () => {});
    await shout(C, A, down, PORTS.multihop);
    await until(() => d.strays.count === 1, 'the stray');
    expect(d.strays.last).toBe(`from ${C}: a multihop packet for ${C}, which is not`);
    await shout(B, A, down);
    await until(() => heard.length === 2, 'Down');
    expect(heard[1]).toBe('down: the neighbour says down (neighbour signalled session down)');
  });

  test('ignores strangers, broken and authenticated packets, and counts them (RFC 5880 §6.8.6)', async () => {
    const { d, heard, ours } = await upByHand();
    const strays: (string | undefined)[] = [];
    for (const hex of [
      '00',
      '20 c1 03 18 000000aa 00000001 00004e20 00004e20 00000000',
      '20 40 03 18 000000aa 00000000 00004e20 00004e20 00000000',
      `20 40 03 18 000000aa ${id((Number.parseInt(ours, 16) ^ 0x10) >>> 0)} 00004e20 00004e20 00000000`,
    ]) {
      const count = strays.length + 1;
      await shout(B, A, hex);
      await until(() => d.strays.count === count, 'the stray');
      strays.push(d.strays.last);
    }
    expect(strays).toEqual([
      `from ${B}: 1 bytes; a control packet has at least 24`,
      `from ${B}: the multipoint bit is set`,
      `from ${B}: no session on this path`,
      expect.stringMatching(/your discriminator \d+ is no session's/),
    ]);
    await shout(C, A, `20 44 03 1b 000000aa ${ours} 00004e20 00004e20 00000000 010301`);
    await until(() => d.view(C)?.counts.discarded === 1, 'the discard');
    expect(d.view(C)?.lastDiscard).toMatch(/no authentication is in use/);
    expect(heard.length).toBe(1);
  });

  test('is told nothing more once it is removed, and its name and path are free again', async () => {
    const { d, heard } = await upByHand();
    const told = heard.length;
    const gone = d.remove(C);
    expect(d.views()).toEqual([]);
    await d.add(C, { local: A, remote: C }, QUICK, () => {});
    await gone;
    await d.remove('nobody');
    expect(heard.length).toBe(told);
  });

  test('may be removed before its sockets are open, and by its own client', async () => {
    const d = driver();
    const adding = d.add('x', { local: A, remote: C }, QUICK, () => {});
    await d.remove('x');
    await adding;
    expect(d.views()).toEqual([]);
    await d.add('x', { local: A, remote: C }, QUICK, () => void d.remove('x'));
    const ours = id(d.view('x')?.localDiscriminator as number);
    await shout(C, A, `20 80 03 18 000000aa ${ours} 00004e20 00004e20 00000000`);
    await until(() => d.views().length === 0, 'the removal');
  });

  test('that cannot be is refused in a sentence, and leaves nothing behind', async () => {
    const d = driver(2);
    const add = (name: string, path: BfdPath, s: Partial<BfdSettings> = {}) =>
      d.add(name, path, { ...QUICK, ...s }, () => {});
    await add('x', { local: A, remote: C });
    await expect(add('x', { local: A, remote: B })).rejects.toThrow('BFD already watches x');
    await expect(add('y', { local: A, remote: C })).rejects.toThrow(
      /already watches the path .* for x; one session/,
    );
    await expect(add('y', { local: A, remote: B }, { detectMult: 0 })).rejects.toThrow(/multiplier is 0/);
    await expect(add('y', { local: ip('192.0.2.1'), remote: B })).rejects.toThrow(/no interface here/);
    await add('y', { local: A, remote: B });
    await expect(add('z', { local: A, remote: ip('127.0.0.9') })).rejects.toThrow(
      /2 paths, which is the limit/,
    );
    expect(() => d.change('x', { ...QUICK, detectMult: 300 })).toThrow(/multiplier is 300/);
    expect(d.views().map((v) => v.name)).toEqual(['x', 'y']);
  });

  test('does not blame its neighbour for packets that waited while this process was busy', async () => {
    const socket = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, C, resolve));
    socket.setTTL(255);
    const { d, heard, ours } = await upByHand(100);
    const before = d.view(C)?.counts.received as number;
    const packet = fromHex(`20 c0 03 18 000000aa ${ours} 000186a0 00004e20 00000000`) as Uint8Array;
    // After `setImmediate` timers come first and sockets second. The kernel has the packet before either, but this process
    // looks up only after the detection time of 300 ms.
    setImmediate(() => {
      socket.send(packet, PORTS.singleHop, A);
      const busyUntil = performance.now() + 400;
      while (performance.now() < busyUntil);
    });
    await until(() => (d.view(C)?.counts.received as number) > before, 'the packet');
    expect(heard.length).toBe(1);
    socket.close();
  });
});
