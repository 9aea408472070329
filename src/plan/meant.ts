/** Which neighbour somebody means: by its name, by its address, or by its AS, however that is written. */
import { type Asn, parseAsn } from '../base/index.ts';

/** True of the name, and of `64607`, `AS64607`, `as64607` and `AS 64607`. */
export function isNamed(text: string, name: string, asn: Asn): boolean {
  return text === name || parseAsn(text) === asn;
}

/** The neighbour that is meant; undefined when none is, or when several stand in that AS and none has the name. */
export function meant<T>(
  text: unknown,
  all: Iterable<T>,
  of: (one: T) => { readonly name: string; readonly address: string; readonly asns: readonly Asn[] },
): T | undefined {
  const known = [...all].map((one) => ({ one, ...of(one) }));
  const named = known.find((k) => k.name === text || k.address === text);
  if (named || typeof text !== 'string') return named?.one;
  const asn = parseAsn(text);
  const there = known.filter((k) => asn !== undefined && k.asns.includes(asn));
  return there.length === 1 ? there[0]?.one : undefined;
}
