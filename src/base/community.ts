/**
 * Communities as operators write them: `64500:1` (RFC 1997) and `64500:1:2` (RFC 8092). As with prefixes, the canonical
 * text is the value. Extended communities live in `wire`, where their types are.
 */
export type Community = string & { readonly __kind: 'community' };

/** Three 32-bit numbers: global administrator and two local parts (RFC 8092 §3). */
export type LargeCommunity = string & { readonly __kind: 'large community' };

/** The names of RFC 1997, RFC 3765, RFC 7999, RFC 8326 and RFC 9494 that operators may write instead of numbers. */
export const WELL_KNOWN: { readonly [name: string]: Community } = {
  'graceful-shutdown': '65535:0' as Community,
  'accept-own': '65535:1' as Community,
  'llgr-stale': '65535:6' as Community,
  'no-llgr': '65535:7' as Community,
  blackhole: '65535:666' as Community,
  'no-export': '65535:65281' as Community,
  'no-advertise': '65535:65282' as Community,
  'no-export-subconfed': '65535:65283' as Community,
  'no-peer': '65535:65284' as Community,
};

/** The community in `text`: `high:low`, each at most 65535, or one of the well-known names. */
export function parseCommunity(text: string): Community | undefined {
  const named = Object.hasOwn(WELL_KNOWN, text) ? WELL_KNOWN[text] : undefined;
  if (named) return named;
  const m = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (!m) return undefined;
  const [high, low] = [Number(m[1]), Number(m[2])];
  return high <= 0xffff && low <= 0xffff ? (`${high}:${low}` as Community) : undefined;
}

/** The community of a 32-bit number. */
export function formatCommunity(value: number): Community {
  return `${value >>> 16}:${value & 0xffff}` as Community;
}

/** The 32-bit number of a community. */
export function communityNumber(community: Community): number {
  const colon = community.indexOf(':');
  return Number(community.slice(0, colon)) * 0x1_0000 + Number(community.slice(colon + 1));
}

/** The large community in `text`: three numbers of at most 32 bits with colons between. */
export function parseLargeCommunity(text: string): LargeCommunity | undefined {
  const m = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(text);
  if (!m) return undefined;
  const parts = [Number(m[1]), Number(m[2]), Number(m[3])];
  return parts.every((p) => p <= 0xffff_ffff) ? (parts.join(':') as LargeCommunity) : undefined;
}

/** The three numbers of a large community. */
export function largeCommunityNumbers(community: LargeCommunity): readonly [number, number, number] {
  const [a, b, c] = community.split(':').map(Number);
  return [a as number, b as number, c as number];
}
