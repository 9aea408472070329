import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, fromHex as fromHexOrNot, toHex } from '../base/index.ts';
import { answerDns, type DnsOptions } from './answer.ts';

const OPTIONS: DnsOptions = {
  identity: { network: 'planet', site: 'fra', version: 'nearcast' },
  zone: {
    name: 'planet.example',
    addresses: ['203.0.113.53', '2001:db8:53::53'] as Address[],
    serial: 2026112101,
  },
};

const fromHex = (hex: string) => fromHexOrNot(hex) as Uint8Array;

type Reply = DecodedPacket & { readonly rcode: string };

function opt(options: object[] = [], more: object = {}): Answer {
  return { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options, ...more } as unknown as Answer;
}

function query(name: string, type: string, more: object = {}): Uint8Array {
  const [klass, plain] = name.startsWith('CH ') ? ['CH', name.slice(3)] : ['IN', name];
  return packet.encode({
    type: 'query',
    id: 4711,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: plain, type, class: klass } as Question],
    ...more,
  });
}

function reply(bytes: Uint8Array | undefined): Reply {
  return packet.decode(Buffer.from(bytes as Uint8Array)) as Reply;
}

/** The answer in one line: `NOERROR aa | TXT fra`. */
function ask(name: string, type: string, options = OPTIONS): string {
  const r = reply(answerDns(query(name, type), 'udp', options));
  expect(r).toMatchObject({ id: 4711, flag_qr: true, flag_rd: true, flag_ra: false, flag_tc: false });
  expect(r.questions).toMatchObject([{ name: name.replace('CH ', ''), type }]);
  const records = (of: readonly Answer[] | undefined) =>
    (of ?? []).map((a) => `${a.type} ${'data' in a ? words(a.data) : ''}`).join(', ');
  const parts = [`${r.rcode}${r.flag_aa ? ' aa' : ''}`, records(r.answers), records(r.authorities)];
  return parts.join(' | ').replace(/( \| )+$/, '');
}

function words(data: unknown): string {
  if (Array.isArray(data)) return data.map(String).join('');
  return typeof data === 'object' && data !== null && 'serial' in data ? String(data.serial) : String(data);
}

test('a server says its name in class CH (RFC 4892), and its version only when it may', () => {
  expect(ask('CH id.server', 'TXT')).toBe('NOERROR aa | TXT fra');
  expect(ask('CH hostname.bind', 'TXT')).toBe('NOERROR aa | TXT fra');
  expect(ask('CH HostName.BIND', 'TXT')).toBe('NOERROR aa | TXT fra');
  expect(ask('CH id.server', 'ANY')).toBe('NOERROR aa | TXT fra');
  expect(ask('CH id.server', 'A')).toBe('NOERROR aa');
  expect(ask('CH version.bind', 'TXT')).toBe('NOERROR aa | TXT nearcast');
  const quiet = { identity: { network: 'planet', site: 'fra' } };
  expect(ask('CH version.bind', 'TXT', quiet)).toBe('REFUSED');
  expect(ask('CH authors.bind', 'TXT')).toBe('REFUSED');
});

test('the zone of our own: what is there, what is not, and what else there is', () => {
  expect({
    soa: ask('planet.example', 'SOA'),
    ns: ask('planet.example', 'NS'),
    a: ask('planet.example', 'A'),
    aaaa: ask('ns.planet.example', 'AAAA'),
    id: ask('id.planet.example', 'TXT'),
    any: ask('planet.example', 'ANY'),
    noData: ask('planet.example', 'MX'),
    noName: ask('nothing.planet.example', 'A'),
    ofTheLanguage: ask('constructor.planet.example', 'A'),
    elsewhere: ask('example.org', 'A'),
    notBelow: ask('notplanet.example', 'A'),
    root: ask('.', 'NS'),
    transfer: ask('planet.example', 'AXFR'),
  }).toMatchInlineSnapshot(`
    {
      "a": "NOERROR aa | A 203.0.113.53",
      "aaaa": "NOERROR aa | AAAA 2001:db8:53::53",
      "any": "NOERROR aa | SOA 2026112101",
      "elsewhere": "REFUSED",
      "id": "NOERROR aa | TXT fra",
      "noData": "NOERROR aa |  | SOA 2026112101",
      "noName": "NXDOMAIN aa |  | SOA 2026112101",
      "notBelow": "REFUSED",
      "ns": "NOERROR aa | NS ns.planet.example",
      "ofTheLanguage": "NXDOMAIN aa |  | SOA 2026112101",
      "root": "REFUSED",
      "soa": "NOERROR aa | SOA 2026112101",
      "transfer": "REFUSED",
    }
  `);
});

test('without a zone nothing is answered in class IN', () => {
  expect(ask('planet.example', 'SOA', { identity: OPTIONS.identity })).toBe('REFUSED');
});

test('NSID comes when it was asked for, and only then (RFC 5001 §2.1)', () => {
  const nsid = (additionals: Answer[]) => {
    const r = reply(answerDns(query('planet.example', 'SOA', { additionals }), 'udp', OPTIONS));
    return (r.additionals ?? []).flatMap((o) =>
      o.type === 'OPT' ? o.options.map((x) => `${x.code} ${x.data}`) : [],
    );
  };
  expect(nsid([opt([{ code: 3, data: Buffer.alloc(0) }])])).toEqual(['3 fra']);
  expect(nsid([opt()])).toEqual([]);
  const plain = reply(answerDns(query('planet.example', 'SOA'), 'udp', OPTIONS));
  expect(plain.additionals).toEqual([]);
});

test('EDNS is answered as RFC 6891 says: one OPT, no version but 0, DO comes back', () => {
  const ends = (additionals: Answer[]) =>
    reply(answerDns(query('planet.example', 'SOA', { additionals }), 'udp', OPTIONS));
  expect(ends([opt(), opt()]).rcode).toBe('FORMERR');
  const later = ends([opt([], { ednsVersion: 1 })]);
  expect(later).toMatchObject({
    rcode: 'NOERROR',
    answers: [],
    additionals: [{ extendedRcode: 1, ednsVersion: 0 }],
  });
  expect(ends([opt([], { flags: packet.DNSSEC_OK })]).additionals).toMatchObject([{ flag_do: true }]);
});

test('the question is repeated letter by letter, also one that no library can write', () => {
  // One label of the octets 00 ff 2e, type 65280, class IN.
  const strange = fromHex('126700000001000000000000' + '0300ff2e00' + 'ff000001');
  const answer = answerDns(strange, 'udp', OPTIONS) as Uint8Array;
  expect(toHex(answer)).toBe('126780050001000000000000' + '0300ff2e00' + 'ff000001');
  const mixed = query('pLaNeT.eXaMpLe', 'SOA');
  expect(toHex(answerDns(mixed, 'udp', OPTIONS) as Uint8Array)).toContain(toHex(mixed.slice(12)));
});

test('an answer that does not fit over UDP is cut, and comes whole over TCP', () => {
  const addresses = Array.from({ length: 60 }, (_, i) => `203.0.113.${i}` as Address);
  const long = { ...OPTIONS, zone: { ...OPTIONS.zone!, addresses } };
  const bytes = query('planet.example', 'A');
  const cut = answerDns(bytes, 'udp', long) as Uint8Array;
  expect(cut.length).toBeLessThanOrEqual(512);
  expect(reply(cut)).toMatchObject({ flag_tc: true, answers: [], rcode: 'NOERROR' });
  const big = query('planet.example', 'A', { additionals: [opt([], { udpPayloadSize: 65_000 })] });
  expect(reply(answerDns(big, 'udp', long)).flag_tc).toBe(true);
  const whole = reply(answerDns(bytes, 'tcp', long));
  expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 60]);
});

test.each([
  ['nothing', '', 'silence'],
  ['less than a head', '1267010000010000000000', 'silence'],
  ['an answer, which would begin a loop', '126781000001000000000000' + '00' + '00060001', 'silence'],
  ['no question', '126701000000000000000000', '126781010000000000000000'],
  ['two questions', '126701000002000000000000' + '0000060001' + '0000060001', '126781010000000000000000'],
  ['a question that ends early', '126701000001000000000000' + '0000', '126781010000000000000000'],
  ['a name that points at itself', '126701000001000000000000' + 'c00c00060001', '126781010000000000000000'],
  ['a label that runs out of the packet', '126701000001000000000000' + '3f61', '126781010000000000000000'],
  [
    'more additional records than there are',
    '126701000001000000000001' + '0000060001',
    '126781010000000000000000',
  ],
  ['an UPDATE', '126728000001000000000000' + '0000060001', '1267a8040000000000000000'],
  ['a NOTIFY', '126720000001000000000000' + '0000060001', '1267a0040000000000000000'],
])('%s has a defined answer', (_, hex, wanted) => {
  const answer = answerDns(fromHex(hex), 'udp', OPTIONS);
  expect(answer === undefined ? 'silence' : toHex(answer)).toBe(wanted);
});

test('no bytes at all make it throw or answer with more than it may, whether random or a query with some changed', () => {
  const good = query('id.planet.example', 'TXT', {
    additionals: [opt([{ code: 3, data: Buffer.alloc(0) }])],
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const copy = Uint8Array.from(good);
      for (const [at, to] of changes) copy[at] = to;
      return copy;
    }),
    fc.nat(good.length).map((length) => good.slice(0, length)),
  );
  fc.assert(
    fc.property(bytes, fc.boolean(), (input, sick) => {
      const answer = answerDns(input, 'udp', OPTIONS, sick);
      if (answer === undefined) return;
      expect(answer.length).toBeLessThanOrEqual(1232);
      expect([answer[0], answer[1]]).toEqual([input[0], input[1]]);
      expect((answer[2] as number) & 0x80).toBe(0x80);
      packet.decode(Buffer.from(answer));
    }),
    { numRuns: 3000 },
  );
});

test('a sick server fails to everything it can read', () => {
  expect(reply(answerDns(query('id.server', 'TXT'), 'udp', OPTIONS, true)).rcode).toBe('SERVFAIL');
});
