import net from 'node:net';
import packet, { type Answer, type Packet, type Question } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address } from '../../base/index.ts';
import { ask, atEnd, HASTY, LOCAL, LOCAL6, noIpv6, PATIENT, serve, udp } from './bench.test-support.ts';
import { serialDistance } from './dns.ts';

const ASK = {
  kind: 'dns',
  over: 'udp',
  name: 'example.com',
  type: 'A',
  class: 'IN',
  rcode: 'NOERROR',
  answer: [],
  identity: false,
} as const;

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

interface Said extends Packet {
  readonly rcode?: keyof typeof RCODE;
  readonly truncated?: true;
}
type Zone = (question: Question, query: Packet, over: 'udp' | 'tcp') => Said | undefined;

function reply(bytes: Buffer, zone: Zone, over: 'udp' | 'tcp'): Buffer | undefined {
  const query = packet.decode(bytes);
  const [question] = query.questions as [Question];
  const said = zone(question, query, over);
  if (!said) return undefined;
  const { rcode = 'NOERROR', truncated, ...rest } = said;
  const flags = RCODE[rcode] | (truncated ? packet.TRUNCATED_RESPONSE : 0);
  return packet.encode({ type: 'response', id: query.id as number, flags, questions: [question], ...rest });
}

/** A name server over UDP and TCP at one port, answering as `zone` says. */
async function nameServer(zone: Zone, host: Address = LOCAL, port = 0): Promise<number> {
  const tcpPort = await serve(
    net.createServer((socket) => {
      let got = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        const answer = reply(got.subarray(2), zone, 'tcp');
        if (!answer) return;
        const head = Buffer.alloc(2);
        head.writeUInt16BE(answer.length);
        // In two pieces, as networks do.
        socket.write(Buffer.concat([head, answer.subarray(0, 5)]));
        setImmediate(() => socket.write(answer.subarray(5)));
      });
    }),
    host,
    port,
  );
  await udp(
    (m, send) => {
      const answer = reply(m, zone, 'udp');
      if (answer) send(answer);
    },
    host,
    tcpPort,
  );
  return tcpPort;
}

const record = (type: string, data: unknown, name = 'example.com'): Answer =>
  ({ type, name, ttl: 60, data }) as unknown as Answer;
const soa = (serial: number) =>
  record('SOA', {
    mname: 'ns.example.com',
    rname: 'h.example.com',
    serial,
    refresh: 1,
    retry: 2,
    expire: 3,
    minimum: 4,
  });

const RECORDS: { readonly [type: string]: readonly Answer[] } = {
  A: [record('A', '192.0.2.1'), record('A', '192.0.2.2')],
  AAAA: [record('AAAA', '2001:db8::1')],
  CNAME: [record('CNAME', 'www.Example.com')],
  TXT: [record('TXT', ['v=spf1 ', '-all'])],
  MX: [record('MX', { preference: 10, exchange: 'mail.example.com' })],
  SRV: [record('SRV', { priority: 1, weight: 2, port: 443, target: 'a.example.com' })],
  CAA: [record('CAA', { flags: 0, tag: 'issue', value: 'ca.example' })],
  SOA: [soa(7)],
  DS: [record('DS', { keyTag: 1, algorithm: 13, digestType: 2, digest: Buffer.from('abcd', 'hex') })],
};

describe('the right answer', () => {
  test.each([
    ['A', '192.0.2.2'],
    ['AAAA', '2001:DB8:0:0:0:0:0:1'],
    ['CNAME', 'www.example.com.'],
    ['TXT', 'v=spf1 -all'],
    ['MX', '10 mail.example.com.'],
    ['SRV', '1 2 443 a.example.com'],
    ['CAA', '0 issue "ca.example"'],
    ['SOA', 'ns.example.com. h.example.com. 7 1 2 3 4'],
    ['DS', '1 13 2 ABCD'],
  ])('%s records are compared as zone files write them', async (type, wanted) => {
    const port = await nameServer((q) => ({ answers: [...(RECORDS[q.type] ?? [])] }));
    expect(await ask({ ...ASK, port, type, answer: [wanted] })).toMatch(/^good: answers NOERROR: /);
    expect(await ask({ ...ASK, port, type, answer: [wanted, 'another'] })).toMatch(
      /^bad: another is not among the answers: /,
    );
  });

  test('codes, empty answers and names that are not there', async () => {
    const port = await nameServer((q) =>
      q.name === 'gone.example'
        ? { rcode: 'NXDOMAIN' }
        : q.name === 'ill.example'
          ? { rcode: 'SERVFAIL' }
          : {},
    );
    expect(await ask({ ...ASK, port })).toBe('good: answers NOERROR');
    expect(await ask({ ...ASK, port, answer: ['192.0.2.1'] })).toBe(
      'bad: answers NOERROR without any A record; 192.0.2.1 is asked for',
    );
    expect(await ask({ ...ASK, port, name: 'ill.example' })).toBe(
      'bad: answers SERVFAIL; NOERROR is asked for',
    );
    expect(await ask({ ...ASK, port, name: 'gone.example', rcode: 'NXDOMAIN' })).toBe(
      'good: answers NXDOMAIN',
    );
  });

  test('over TCP, and over TCP after an answer that was cut', async () => {
    const port = await nameServer((q, _, over) =>
      over === 'udp' ? { truncated: true } : { answers: [...(RECORDS[q.type] ?? [])] },
    );
    for (const over of ['tcp', 'udp'] as const)
      expect(await ask({ ...ASK, port, over, answer: ['192.0.2.1'] })).toBe(
        'good: answers NOERROR: 192.0.2.1, 192.0.2.2',
      );
  });

  test.skipIf(noIpv6)('over IPv6', async () => {
    const port = await nameServer(() => ({}), LOCAL6);
    expect(await ask({ ...ASK, port }, PATIENT, { addresses: [LOCAL6] })).toBe('good: answers NOERROR');
  });
});

describe('no answer', () => {
  test('silence, refusal and a closed connection', async () => {
    const silent = await nameServer(() => undefined);
    expect(await ask({ ...ASK, port: silent }, HASTY)).toBe(`bad: no answer within ${HASTY} ms`);
    expect(await ask({ ...ASK, port: silent, over: 'tcp' }, HASTY)).toBe(
      `bad: connected, but no answer within ${HASTY} ms`,
    );
    for (const over of ['udp', 'tcp'] as const)
      expect(await ask({ ...ASK, port: 1, over })).toBe('dead: refuses: nothing listens there');
    const closes = await serve(net.createServer((s) => void s.end(Buffer.from([0, 40, 1, 2]))));
    expect(await ask({ ...ASK, port: closes, over: 'tcp' })).toBe(
      'bad: closed the connection after 4 bytes of an answer',
    );
  });

  test('what is no DNS, answers another question or comes from elsewhere is passed over', async () => {
    const junk = await udp((_, send) => send('not DNS'));
    expect(await ask({ ...ASK, port: junk }, HASTY)).toBe(
      `bad: something came that is no DNS message, and no other answer within ${HASTY} ms`,
    );
    const confused = await udp((m, send) => {
      const query = packet.decode(m);
      const questions = query.questions as Question[];
      send(packet.encode({ type: 'response', id: (query.id as number) ^ 1, questions }));
      send(packet.encode({ type: 'query', id: query.id as number, questions }));
      send(
        packet.encode({ type: 'response', id: query.id as number, questions: [{ name: 'x', type: 'A' }] }),
      );
      if (questions[0]?.name === 'last.example')
        send(packet.encode({ type: 'response', id: query.id as number, questions }));
    });
    expect(await ask({ ...ASK, port: confused }, HASTY)).toMatch(
      /^bad: something came that answers another question/,
    );
    expect(await ask({ ...ASK, port: confused, name: 'last.example' })).toBe('good: answers NOERROR');
  });

  test('no bytes make it do anything but answer', async () => {
    let next: Uint8Array = new Uint8Array();
    const port = await udp((m, send) => send(Buffer.concat([m.subarray(0, 2), next])));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        next = bytes;
        expect(await ask({ ...ASK, port, identity: true }, 5)).toMatch(/^(bad|good): /);
      }),
      { numRuns: 60 },
    );
  });
});

describe('its own identity', () => {
  const nsid = (name: string, query: Packet): Answer[] =>
    (query.additionals ?? []).some((r) => r.type === 'OPT')
      ? [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: 1232,
            flags: 0,
            options: [{ code: 3, data: Buffer.from(name) }],
          } as unknown as Answer,
        ]
      : [];
  const chaos = (name: string): Answer[] => [
    { ...record('TXT', [name], 'id.server'), class: 'CH' } as Answer,
  ];
  const who = { ...ASK, identity: true };
  const fra = { site: 'fra' };

  test('by NSID, which comes with the answer (RFC 5001)', async () => {
    const port = await nameServer((_, query) => ({ additionals: nsid('fra', query) }));
    expect(await ask({ ...who, port }, PATIENT, fra)).toBe('good: answers NOERROR, from fra');
    expect(await ask({ ...who, port }, PATIENT, { site: 'nyc' })).toBe(
      'bad: says that it is fra; this is site nyc',
    );
    expect(await ask({ ...who, port })).toBe('good: answers NOERROR, from fra');
  });

  test('by id.server where there is no NSID (RFC 4892), also for servers from before EDNS', async () => {
    const port = await nameServer((q, query) =>
      (query.additionals ?? []).length > 0
        ? { rcode: 'FORMERR' }
        : q.class === 'CH'
          ? { answers: chaos('fra') }
          : {},
    );
    expect(await ask({ ...who, port }, PATIENT, fra)).toBe('good: answers NOERROR, from fra');
    expect(await ask({ ...who, port, name: 'id.server', type: 'TXT', class: 'CH' }, PATIENT, fra)).toBe(
      'good: answers NOERROR: fra, from fra',
    );
  });

  test('a host name is good when the site is one of its labels', async () => {
    const port = await nameServer((_, query) => ({ additionals: nsid('ns2.FRA.example.net', query) }));
    expect(await ask({ ...who, port }, PATIENT, fra)).toBe('good: answers NOERROR, from ns2.FRA.example.net');
    expect(await ask({ ...who, port }, PATIENT, { site: 'ra' })).toMatch(/^bad: says that it is ns2/);
  });

  test('a server without a name', async () => {
    const port = await nameServer((q) => (q.class === 'CH' ? { rcode: 'REFUSED' } : {}));
    expect(await ask({ ...who, port }, PATIENT, fra)).toBe(
      'bad: does not say which site it is: neither NSID nor id.server',
    );
  });
});

describe('a serial that is not too old (RFC 1982)', () => {
  const OTHER = '127.0.0.2' as Address;
  /** Our server at a port, and the other at the same port of another address. */
  const pair = async (own: number, other: Zone): Promise<number> => {
    const port = await nameServer((q) =>
      q.type === 'SOA' ? { answers: [soa(own)] } : { answers: [...RECORDS['A']!] },
    );
    await nameServer(other, OTHER, port);
    return port;
  };
  const at =
    (serial: number): Zone =>
    () => ({ answers: [soa(serial)] });
  const serial = (behind: number) => ({ of: OTHER, behind });

  test.skipIf(process.platform !== 'linux').each([
    [7, 7, 0, 'good: answers NOERROR: 192.0.2.1, 192.0.2.2, serial 7'],
    [8, 7, 0, 'good: answers NOERROR: 192.0.2.1, 192.0.2.2, serial 8'],
    [5, 7, 2, 'good: answers NOERROR: 192.0.2.1, 192.0.2.2, serial 5, 2 behind'],
    [4, 7, 2, /^bad: serial 4 is 3 behind the 7 at 127.0.0.2 port \d+; 2 is allowed$/],
    [4294967295, 1, 1, /^bad: serial 4294967295 is 2 behind the 1/],
    [1, 4294967295, 0, /^good: .*serial 1$/],
  ])('%d against %d, %d allowed', async (own, other, behind, said) => {
    const port = await pair(own, at(other));
    const answer = await ask({ ...ASK, port, serial: serial(behind) });
    if (typeof said === 'string') expect(answer).toBe(said);
    else expect(answer).toMatch(said);
  });

  test.skipIf(process.platform !== 'linux')(
    'that the other server fails is a warning and no failure of ours',
    async () => {
      const silent = await pair(7, () => undefined);
      expect(await ask({ ...ASK, port: silent, serial: serial(0) }, 300)).toMatch(
        /^good \(warning\): .*serial 7 not compared: 127.0.0.2 port \d+ no answer within 240 ms$/,
      );
      const lame = await pair(7, () => ({ rcode: 'REFUSED' }));
      expect(await ask({ ...ASK, port: lame, serial: serial(0) })).toMatch(
        /^good \(warning\): .*answers REFUSED without an SOA record$/,
      );
      const port = await nameServer(at(7));
      expect(await ask({ ...ASK, port, serial: serial(0) })).toMatch(
        /^good \(warning\): .*refuses: nothing listens there$/,
      );
    },
  );

  test('without an SOA record of ours its age is unknown, which is bad', async () => {
    const port = await nameServer(() => ({}));
    atEnd(() => {});
    expect(await ask({ ...ASK, port, serial: { of: LOCAL, behind: 0 } })).toBe(
      'bad: example.com has no SOA record, so its age is unknown',
    );
  });

  test('distance in serial arithmetic', () => {
    expect([
      serialDistance(1, 3),
      serialDistance(3, 1),
      serialDistance(0xffffffff, 0),
      serialDistance(0, 0xffffffff),
    ]).toEqual([2, -2, 1, -1]);
  });
});
