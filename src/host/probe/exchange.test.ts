import type net from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Address, millis } from '../../base/index.ts';
import { ask, HASTY, LOCAL, LOCAL6, noIpv6, PATIENT, probe, tcp, udp } from './bench.test-support.ts';

/** A port where nothing listens. */
const shut = async (): Promise<number> => {
  const port = await tcp(() => {});
  return port === 1 ? 2 : 1;
};

describe('TCP', () => {
  const refused = 'dead: refuses: nothing listens there';

  test.each<[string, (s: net.Socket) => void, { send?: string; expect?: string }, string]>([
    ['a connection alone', () => {}, {}, 'good: accepts connections'],
    ['a greeting', (s) => void s.write('220 ready\r\n'), { expect: '220' }, 'good: answers with "220"'],
    [
      'an answer in pieces',
      (s) => {
        s.write('PO');
        setTimeout(() => s.write('NG\r\n'), 20);
      },
      { expect: 'PONG' },
      'good: answers with "PONG"',
    ],
    [
      'what was sent',
      (s) => void s.on('data', (d) => s.write(`you said ${d}`)),
      { send: 'ping\r\n', expect: 'said ping' },
      'good: answers with "said ping"',
    ],
    [
      'another greeting',
      (s) => void s.end('554 no\r\n'),
      { expect: '220' },
      'bad: closed the connection after 8 bytes without "220"',
    ],
    [
      'a flood',
      (s) => void s.write('x'.repeat(200_000)),
      { expect: 'y' },
      'bad: 65536 bytes came without "y"',
    ],
    [
      'a reset',
      (s) => void setTimeout(() => s.resetAndDestroy(), 5),
      { expect: 'y' },
      'bad: reset the connection',
    ],
  ])('%s', async (_, behave, options, said) => {
    const port = await tcp((s) => behave(s.on('error', () => {})));
    expect(await ask({ kind: 'tcp', port, ...options })).toBe(said);
  });

  test('silence costs the timeout and no more', async () => {
    const port = await tcp(() => {});
    const began = performance.now();
    const { took, ...answer } = await probe({ kind: 'tcp', port, expect: 'hello' }, HASTY);
    expect(answer).toMatchObject({
      outcome: 'bad',
      detail: `127.0.0.1 port ${port}: connected, but no "hello" within ${HASTY} ms`,
    });
    expect(took).toBeGreaterThanOrEqual(HASTY);
    expect(performance.now() - began).toBeLessThan(HASTY + 1500);
  });

  test('a drip that goes on for ever costs the timeout too', async () => {
    const port = await tcp((s) => {
      const drip = setInterval(() => s.write('.'), 10);
      s.on('close', () => clearInterval(drip));
    });
    expect(await ask({ kind: 'tcp', port, expect: 'hello' }, HASTY)).toMatch(
      /^bad: connected, but no "hello"/,
    );
  });

  test('a refusal leaves no doubt, long before the timeout', async () => {
    const { took, ...rest } = await probe({ kind: 'tcp', port: await shut() });
    expect(rest.outcome).toBe('dead');
    expect(took).toBeLessThan(PATIENT / 2);
    expect(await ask({ kind: 'tcp', port: await shut() })).toBe(refused);
  });

  test.skipIf(noIpv6)('the worst of several addresses is the answer, and each is told', async () => {
    const port = await tcp(() => {});
    const report = await probe({ kind: 'tcp', port }, PATIENT, { addresses: [LOCAL, LOCAL6] });
    expect(report).toMatchObject({
      outcome: 'dead',
      detail: `::1 port ${port}: refuses: nothing listens there`,
      targets: [
        { outcome: 'good', target: { address: LOCAL, port } },
        { outcome: 'dead', target: { address: LOCAL6, port } },
      ],
    });
  });

  test('a target takes the place of the addresses, and a service may really be elsewhere', async () => {
    const port = await tcp(() => {});
    const away = '192.0.2.1' as Address;
    const locate = () => ({ address: LOCAL, port });
    expect(await ask({ kind: 'tcp', port: 80, target: away }, PATIENT, { addresses: [], locate })).toBe(
      'good: accepts connections',
    );
    const report = await probe({ kind: 'tcp', port }, PATIENT, { addresses: [] });
    expect(report).toEqual({
      outcome: 'bad',
      took: 0,
      detail: 'the service has no address to ask',
      targets: [],
    });
  });
});

describe('UDP', () => {
  test('any answer, a certain answer, none, and nobody there', async () => {
    const echo = await udp((m, reply) => reply(`you said ${m}`));
    expect(await ask({ kind: 'udp', port: echo, send: 'x' })).toBe('good: answers with 10 bytes');
    expect(await ask({ kind: 'udp', port: echo, send: 'ping', expect: 'said ping' })).toBe(
      'good: answers with "said ping"',
    );
    expect(await ask({ kind: 'udp', port: echo, expect: 'pong' }, HASTY)).toBe(
      `bad: an answer without "pong", and no other within ${HASTY} ms`,
    );
    const deaf = await udp(() => {});
    expect(await ask({ kind: 'udp', port: deaf }, HASTY)).toBe(`bad: no answer within ${HASTY} ms`);
    expect(await ask({ kind: 'udp', port: 1, send: 'x' })).toBe('dead: refuses: nothing listens there');
  });

  test('an address that the system will not send to is bad news, and no more than that', async () => {
    // Broadcast is refused to a socket that did not ask for it, on every host and without a packet.
    const nowhere = { addresses: ['255.255.255.255' as Address] };
    expect(await ask({ kind: 'udp', port: 53, send: 'x' }, HASTY, nowhere)).toMatch(
      /^bad: .*the system does not permit it/,
    );
  });

  test.skipIf(noIpv6)('over IPv6', async () => {
    const port = await udp((m, reply) => reply(m), LOCAL6);
    expect(await ask({ kind: 'udp', port, send: 'x' }, PATIENT, { addresses: [LOCAL6] })).toBe(
      'good: answers with 1 bytes',
    );
  });
});

describe('NTP (RFC 5905)', () => {
  /** A server whose answer may be changed before it leaves. */
  const server = (change: (m: Buffer) => void) =>
    udp((query, reply) => {
      const m = Buffer.alloc(48);
      m[0] = 0x24;
      m[1] = 2;
      query.copy(m, 24, 40, 48);
      const now = Date.now() / 1000 + 2_208_988_800;
      for (const at of [32, 40]) {
        m.writeUInt32BE(Math.floor(now) % 2 ** 32, at);
        m.writeUInt32BE(Math.floor((now % 1) * 2 ** 32), at + 4);
      }
      change(m);
      reply(m);
    });
  const shift = (s: number) => (m: Buffer) => {
    for (const at of [32, 40]) m.writeUInt32BE((m.readUInt32BE(at) + s + 2 ** 32) % 2 ** 32, at);
  };

  test.each<[string, (m: Buffer) => void, RegExp]>([
    ['a good server', () => {}, /^good: stratum 2, \d+\.\d ms (ahead of|behind) this host$/],
    [
      'one that is an hour ahead',
      shift(3600),
      /^bad: is 3[56]\d{5}\.\d ms ahead of this host; at most 1000 ms is asked for/,
    ],
    ['one that is behind', shift(-2), /^bad: is [12]\d{3}\.\d ms behind this host/],
    ['one at a high stratum', (m) => void (m[1] = 9), /^bad: is at stratum 9; at most 4 is asked for/],
    ['one without time', (m) => void (m[0] = 0xe4), /^bad: is not synchronised/],
    ["a kiss-o'-death", (m) => void m.fill(0, 1, 2).write('RATE', 12), /^bad: sends us away \(RATE\)/],
  ])('%s', async (_, change, said) => {
    const port = await server(change);
    expect(await ask({ kind: 'ntp', port, maxStratum: 4, maxOffset: millis(1000) })).toMatch(said);
  });

  test('an answer to somebody else is none', async () => {
    const port = await server((m) => void m.fill(7, 24, 32));
    expect(await ask({ kind: 'ntp', port, maxStratum: 4 }, HASTY)).toBe(
      `bad: something came that is no answer to our question, and nothing else within ${HASTY} ms`,
    );
  });
});
