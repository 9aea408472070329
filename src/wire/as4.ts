/** AS numbers of 4 octets through speakers that know only 2 (RFC 6793 §4.2). */
import { AS_TRANS } from '../base/index.ts';
import type { Attribute, Segment } from './attribute.ts';
import { pathLength } from './path.ts';

type Of<K extends Attribute['kind']> = Extract<Attribute, { kind: K }>;

/**
 * The attributes with AS4_PATH and AS4_AGGREGATOR worked into AS_PATH and AGGREGATOR and then left out (RFC 6793 §4.2.3). From a
 * peer that speaks 4 octets (`asn4`) both are only left out: it must not send them (§4.1). Confederation segments in
 * AS4_PATH are passed over (§6). Returns the same array when there is nothing to do.
 */
export function mergeAs4(attributes: readonly Attribute[], asn4: boolean): readonly Attribute[] {
  const as4Path = find(attributes, 'as4Path');
  const as4Aggregator = find(attributes, 'as4Aggregator');
  if (!as4Path && !as4Aggregator) return attributes;
  const rest = attributes.filter((a) => a.kind !== 'as4Path' && a.kind !== 'as4Aggregator');
  if (asn4) return rest;
  const aggregator = find(rest, 'aggregator');
  const aggregatedByOld = aggregator && as4Aggregator && aggregator.asn !== AS_TRANS;
  if (aggregatedByOld) return rest;
  return rest.map((a): Attribute => {
    if (a.kind === 'aggregator' && as4Aggregator)
      return { ...a, asn: as4Aggregator.asn, address: as4Aggregator.address };
    if (a.kind === 'asPath' && as4Path) return { ...a, path: mergePaths(a.path, as4Path.path) };
    return a;
  });
}

/**
 * What to send to a speaker of 2 octets: AS4_PATH and AS4_AGGREGATOR added where a number does not fit (RFC 6793 §4.2.2). The
 * encoder itself writes AS_TRANS for those numbers in AS_PATH and AGGREGATOR. Returns the same array when all fit.
 */
export function splitAs4(attributes: readonly Attribute[]): readonly Attribute[] {
  const added: Attribute[] = [];
  for (const a of attributes) {
    if (a.kind === 'asPath') {
      const path = a.path.filter(isPublic);
      if (path.some((s) => s.asns.some((n) => n > 0xffff))) added.push({ kind: 'as4Path', path });
    } else if (a.kind === 'aggregator' && a.asn > 0xffff) {
      added.push({ kind: 'as4Aggregator', asn: a.asn, address: a.address });
    }
  }
  return added.length > 0 ? [...attributes, ...added] : attributes;
}

/** AS_PATH's leading numbers, as many as AS4_PATH lacks, then AS4_PATH. AS_PATH alone when it is the shorter. */
function mergePaths(old: readonly Segment[], as4: readonly Segment[]): readonly Segment[] {
  const tail = as4.filter(isPublic);
  let left = pathLength(old) - pathLength(tail);
  if (left < 0) return old;
  const head: Segment[] = [];
  for (const segment of old) {
    // A confederation segment in front, or next to one that is taken, comes along (RFC 6793 §4.2.3).
    if (!isPublic(segment)) head.push(segment);
    else if (left === 0) break;
    else if (segment.kind === 'set') {
      head.push(segment);
      left--;
    } else {
      head.push({ kind: segment.kind, asns: segment.asns.slice(0, left) });
      if (segment.asns.length > left) break;
      left -= segment.asns.length;
    }
  }
  const last = head.at(-1);
  const first = tail[0];
  if (last?.kind !== 'sequence' || first?.kind !== 'sequence') return [...head, ...tail];
  return [...head.slice(0, -1), { kind: 'sequence', asns: [...last.asns, ...first.asns] }, ...tail.slice(1)];
}

function isPublic(segment: Segment): boolean {
  return segment.kind === 'sequence' || segment.kind === 'set';
}

function find<K extends Attribute['kind']>(attributes: readonly Attribute[], kind: K): Of<K> | undefined {
  return attributes.find((a): a is Of<K> => a.kind === kind);
}
