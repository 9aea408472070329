/**
 * IP addresses. An `Address` is its own canonical text (dotted quad; RFC 5952 for IPv6), so that two addresses are equal
 * exactly when their texts are, and every value that holds one is plain JSON.
 */
export type Address = string & { readonly __kind: 'address' };

/** The IP version. */
export type IpFamily = 4 | 6;

/** The canonical address in `text`, or undefined when it is not an IP address. No zone, no port, no brackets. */
export function parseAddress(text: string): Address | undefined {
  const bytes = addressBytes(text);
  return bytes && formatAddress(bytes);
}

/** 4 or 6. */
export function familyOf(address: Address): IpFamily {
  return address.includes(':') ? 6 : 4;
}

/** The 4 or 16 bytes of an address; undefined when the text is not an IP address. */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

/** The address in 4 or 16 bytes. IPv6 is written as RFC 5952 says, IPv4-mapped ones with a dotted quad (§5). */
export function formatAddress(bytes: Uint8Array): Address {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as Address;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}` as Address;
  let [best, bestLength] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) [best, bestLength] = [i, n];
    if (n > 0) i += n - 1;
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((g) => g.toString(16))
      .join(':');
  return (best < 0 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestLength, 8)}`) as Address;
}

/** The IPv4 address of a 32-bit number. */
export function ipv4(value: number): Address {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Address;
}

/** The 32-bit number of a dotted quad; undefined when the text is not one. Router ids are written this way too. */
export function ipv4Number(text: string): number | undefined {
  const b = ipv4Bytes(text);
  return b && ((b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!) >>> 0;
}

/** True for fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(address: Address): boolean {
  return /^fe[89ab]/.test(address);
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const m = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!m) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const digits = m[i + 1] as string;
    if (Number(digits) > 255 || (digits.length > 1 && digits[0] === '0')) return undefined;
    bytes[i] = Number(digits);
  }
  return bytes;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groupsOf(halves[0] as string, halves.length === 1);
  const right = groupsOf(halves[1] ?? '', true);
  if (!left || !right) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...new Array<number>(missing).fill(0), ...right];
  const bytes = new Uint8Array(16);
  groups.forEach((g, i) => {
    bytes[2 * i] = g >> 8;
    bytes[2 * i + 1] = g;
  });
  return bytes;
}

/** The 16-bit groups between colons; a dotted quad may stand last. */
function groupsOf(text: string, quadAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && quadAllowed && i === parts.length - 1) {
      const quad = ipv4Bytes(part);
      if (!quad) return undefined;
      groups.push((quad[0]! << 8) | quad[1]!, (quad[2]! << 8) | quad[3]!);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else return undefined;
  }
  return groups;
}
