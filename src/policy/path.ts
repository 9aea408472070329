/** What conditions and changes ask of an AS path: its two ends, and a longer one. Text and length are `wire`'s. */
import type { Asn } from '../base/index.ts';
import type { Segment } from '../wire/index.ts';

/** A path's length in octets of count allows no more than this many AS numbers in one segment (RFC 4271 §4.3 b). */
const SEGMENT_LIMIT = 255;

/** The AS the path was heard from; undefined when the path is empty or begins with a set. */
export function firstAs(path: readonly Segment[]): Asn | undefined {
  const outer = path.find((s) => !isConfed(s));
  return outer?.kind === 'sequence' ? outer.asns[0] : undefined;
}

/** The AS that originated the route; undefined when the path is empty or ends in a set (RFC 6811 §2). */
export function originAs(path: readonly Segment[]): Asn | undefined {
  const last = path.findLast((s) => !isConfed(s));
  return last?.kind === 'sequence' ? last.asns.at(-1) : undefined;
}

/**
 * The path with `asn` put before it `times` times (RFC 4271 §5.1.2 b): into a leading AS_SEQUENCE while it has room, else
 * into a new one, so that a leading AS_SET stays what it is. Confederation segments stay in front (RFC 5065 §4).
 */
export function prepended(path: readonly Segment[], asn: Asn, times: number): readonly Segment[] {
  if (times <= 0) return path;
  let at = 0;
  while (at < path.length && isConfed(path[at] as Segment)) at++;
  const head = path[at];
  const room = head?.kind === 'sequence' ? Math.max(0, SEGMENT_LIMIT - head.asns.length) : 0;
  const inside = Math.min(room, times);
  const fresh: Segment[] = [];
  for (let left = times - inside; left > 0; left -= SEGMENT_LIMIT)
    fresh.unshift({ kind: 'sequence', asns: repeat(asn, Math.min(left, SEGMENT_LIMIT)) });
  const widened: readonly Segment[] =
    head && inside > 0 ? [{ kind: 'sequence', asns: [...repeat(asn, inside), ...head.asns] }] : [];
  return [...path.slice(0, at), ...fresh, ...widened, ...path.slice(at + widened.length)];
}

function isConfed(segment: Segment): boolean {
  return segment.kind === 'confedSequence' || segment.kind === 'confedSet';
}

function repeat(asn: Asn, times: number): Asn[] {
  return new Array<Asn>(times).fill(asn);
}
