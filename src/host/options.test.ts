import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type Address, parseAddress, toHex, toUtf8 } from '../base/index.ts';
import { intBytes, intOf, leastTtlFilter, md5Signature, sockaddr, writeFilter } from './options.ts';

const ip = (text: string) => parseAddress(text) as Address;
/** Hexadecimal with blanks between the fields. */
const hex = (text: string) => text.replace(/\s/g, '');
const zeros = (bytes: number) => '00'.repeat(bytes);

// The bytes below are written down for little-endian machines, which all but s390x are.
describe.skipIf(endianness() === 'BE')('the structures of the socket calls', () => {
  test('struct sockaddr_in: family, port, address, eight zeros', () => {
    expect(toHex(sockaddr(ip('192.0.2.1'), 179))).toBe(hex(`0200 00b3 c0000201 ${zeros(8)}`));
  });

  test('struct sockaddr_in6: family, port, flow, address, scope', () => {
    expect(toHex(sockaddr(ip('2001:db8::1'), 50000))).toBe(
      hex('0a00 c350 00000000 20010db8000000000000000000000001 00000000'),
    );
    expect(toHex(sockaddr(ip('fe80::2'), 179, 258))).toBe(
      hex('0a00 00b3 00000000 fe800000000000000000000000000002 02010000'),
    );
  });

  test('struct tcp_md5sig for one address: no flags, no prefix length, the key behind its length', () => {
    expect(toHex(md5Signature(ip('198.51.100.9'), toUtf8('s3cret')))).toBe(
      hex(`0200 0000 c6336409 ${zeros(120)} 00 00 0600 00000000 733363726574 ${zeros(74)}`),
    );
  });

  test('struct tcp_md5sig for a network: the prefix flag and its length (TCP_MD5SIG_EXT)', () => {
    expect(toHex(md5Signature(ip('2001:db8::'), toUtf8('k'), 32))).toBe(
      hex(`0a00 0000 00000000 20010db8 ${zeros(12)} ${zeros(104)} 01 20 0100 00000000 6b ${zeros(79)}`),
    );
  });

  test('an empty key is the order to remove', () => {
    const bytes = md5Signature(ip('198.51.100.9'), new Uint8Array());
    expect(bytes.length).toBe(216);
    expect(toHex(bytes.subarray(128))).toBe(zeros(88));
  });

  test('a packet filter on the TTL: load from the network header, compare, keep or drop', () => {
    const bytes = new Uint8Array(48);
    writeFilter(bytes, 0x1234_5678_9abcn, leastTtlFilter(4, 255));
    expect(toHex(bytes)).toBe(
      hex(`0400 000000000000 cc9a785634120000
        3000 00 00 0800f0ff
        3500 00 01 ff000000
        0600 00 00 ffff0000
        0600 00 00 00000000`),
    );
    writeFilter(bytes, 0n, leastTtlFilter(6, 254));
    expect(toHex(bytes.subarray(16, 32))).toBe(hex('3000 00 00 0700f0ff 3500 00 01 fe000000'));
  });
});

test('a number is the same after the way there and back', () => {
  for (const n of [0, 1, 255, -1, 0x7fff_ffff]) expect(intOf(intBytes(n))).toBe(n);
});
