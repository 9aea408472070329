/** Autonomous system numbers: 32 bits (RFC 6793), written in asplain (RFC 5396). */
export type Asn = number;

/** What stands in a 2-octet field for a number that does not fit (RFC 6793 §9). */
export const AS_TRANS: Asn = 23456;

/** The number in `text`: asplain (`4200000001`), asdot (`64086.59905`) or either with `AS` or `AS ` before it; undefined when it is none. */
export function parseAsn(text: string): Asn | undefined {
  const m = /^(?:AS ?)?(\d{1,10})(?:\.(\d{1,5}))?$/i.exec(text.trim());
  if (!m) return undefined;
  const high = Number(m[1]);
  if (m[2] === undefined) return high <= 0xffff_ffff ? high : undefined;
  const low = Number(m[2]);
  return high <= 0xffff && low <= 0xffff ? high * 0x1_0000 + low : undefined;
}

/** RFC 6996: numbers for private use. */
export function isPrivateAsn(asn: Asn): boolean {
  return (asn >= 64512 && asn <= 65534) || (asn >= 4_200_000_000 && asn <= 4_294_967_294);
}

/** RFC 5398: numbers for documentation. */
export function isDocumentationAsn(asn: Asn): boolean {
  return (asn >= 64496 && asn <= 64511) || (asn >= 65536 && asn <= 65551);
}

/** Numbers no peer may use: 0 (RFC 7607), AS_TRANS (RFC 6793), 65535 and 4294967295 (RFC 7300). */
export function isReservedAsn(asn: Asn): boolean {
  return asn === 0 || asn === AS_TRANS || asn === 65535 || asn === 0xffff_ffff;
}
