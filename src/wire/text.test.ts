import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, toHex, toUtf8, Writer } from '../base/index.ts';
import {
  CEASE,
  cease,
  describeNotification,
  type ExtendedCommunity,
  hardReset,
  insideHardReset,
  type Notification,
  parseExtendedCommunity,
  printable,
  readExtendedCommunity,
  shutdownText,
  writeExtendedCommunity,
} from './index.ts';

const notification = (code: number, subcode: number, data = ''): Notification => ({
  kind: 'notification',
  code,
  subcode,
  data,
});

test('notifications read as an operator would say them', () => {
  const say = [
    cease(CEASE.shutdown, 'maintenance until 04:00'),
    cease(CEASE.shutdown),
    cease(CEASE.deconfigured, 'this text has no place here'),
    hardReset(cease(CEASE.reset, 'new software')),
    notification(6, 9, '0609'),
    notification(4, 0),
    notification(8, 0),
    notification(2, 11),
    notification(5, 3),
    notification(7, 1, 'ff'.repeat(40)),
    notification(3, 11, '4002'),
    notification(3, 99),
    notification(42, 7),
    notification(6, 2, '05414243'),
    notification(6, 2, '02c328'),
  ].map(describeNotification);
  expect(say).toMatchInlineSnapshot(`
    [
      "Cease / Administrative Shutdown: "maintenance until 04:00"",
      "Cease / Administrative Shutdown",
      "Cease / Peer De-configured",
      "Cease / Hard Reset (Cease / Administrative Reset: "new software")",
      "Cease / Hard Reset (0x0609)",
      "Hold Timer Expired",
      "Send Hold Timer Expired",
      "OPEN Message Error / Role Mismatch",
      "Finite State Machine Error / Unexpected Message in Established State",
      "ROUTE-REFRESH Message Error / Invalid Message Length (0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff…)",
      "UPDATE Message Error / Malformed AS_PATH (0x4002)",
      "UPDATE Message Error / subcode 99",
      "code 42 / subcode 7",
      "Cease / Administrative Shutdown (0x05414243)",
      "Cease / Administrative Shutdown (0x02c328)",
    ]
  `);
});

test('the text of a shutdown is cut to 255 octets at a character and never in one (RFC 9003 §2)', () => {
  const long = cease(CEASE.shutdown, `${'a'.repeat(254)}€uro`);
  expect(long.data.slice(0, 2)).toBe('fe');
  expect(long.data.length).toBe(2 * 255);
  expect(shutdownText(long)).toBe('a'.repeat(254));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const n = cease(CEASE.reset, text);
      expect(n.data.length).toBeLessThanOrEqual(512);
      if (toUtf8(text).length <= 255 && text !== '') expect(shutdownText(n)).toBe(printable(text));
    }),
  );
});

test('no terminal escape, line end or change of direction gets through from a peer (RFC 9003 §5)', () => {
  const text = '\u001b]0;owned\u0007 red\u001b[31m\r\nok \u202eesrever \u009b31m\u0000';
  expect(shutdownText(cease(CEASE.shutdown, text))).toBe(']0;owned red[31m  ok esrever 31m');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const said = describeNotification(notification(6, 2, toHex(Uint8Array.of(bytes.length, ...bytes))));
      for (const c of said) expect(c >= ' ' && !(c >= '\u007f' && c <= '\u009f')).toBe(true);
    }),
  );
});

test('a hard reset carries the reason inside (RFC 8538 §3.1)', () => {
  const inner = cease(CEASE.shutdown, 'bye');
  expect(insideHardReset(hardReset(inner))).toEqual(inner);
  expect(insideHardReset(inner)).toBeUndefined();
  expect(insideHardReset(notification(6, 9, '06'))).toBeUndefined();
});

const octets = (text: string) => {
  const w = new Writer();
  expect(writeExtendedCommunity(text as ExtendedCommunity, w)).toBe(true);
  return toHex(w.done());
};

test.each([
  ['rt:64500:1', '0002fbf400000001'],
  ['rt:64500:4294967295', '0002fbf4ffffffff'],
  ['rt:192.0.2.1:65535', '0102c0000201ffff'],
  ['rt:4200000000:1', '0202fa56ea000001'],
  ['rt:64500L:1', '02020000fbf40001'],
  ['soo:64500:2', '0003fbf400000002'],
  ['ovs:not-found', '4300000000000001'],
  ['color:0:100', '030b000000000064'],
  ['0x0600010000000005', '0600010000000005'],
])('extended community %s is %s (RFC 4360, RFC 5668)', (text, hex) => {
  expect(octets(text)).toBe(hex);
  expect(parseExtendedCommunity(text)).toBe(text);
});

test('other spellings are understood and come out canonical', () => {
  const say = [
    'target:64500:1',
    'ro:64500:2',
    'origin:64500:2',
    'generic:0x43000000:0x2',
    '0x0002FBF400000001',
  ];
  expect(say.map(parseExtendedCommunity)).toEqual([
    'rt:64500:1',
    'soo:64500:2',
    'soo:64500:2',
    'ovs:invalid',
    'rt:64500:1',
  ]);
});

test.each([
  'rt',
  'rt:1',
  'rt:1:2:3',
  'rt:4200000000:65536',
  'rt:192.0.2.1:65536',
  'xx:1:2',
  'ovs:maybe',
  '0x12',
  'color:65536:1',
  'constructor:1:2',
])('"%s" is no extended community', (text) => {
  expect(parseExtendedCommunity(text)).toBeUndefined();
});

test('every eight octets have a text that names them exactly', () => {
  const types = fc.constantFrom(0, 1, 2, 3, 0x40, 0x43, 0x80, 0xff);
  const subtypes = fc.constantFrom(0, 2, 3, 0x0b);
  const rest = fc.uint8Array({ minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(types, subtypes, rest, (type, subtype, six) => {
      const bytes = Uint8Array.of(type, subtype, ...six);
      const text = readExtendedCommunity(new Reader(bytes));
      expect(octets(text)).toBe(toHex(bytes));
      expect(parseExtendedCommunity(text)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});
