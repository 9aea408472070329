/** AS paths: their bytes (RFC 4271 §4.3 b, RFC 6793, RFC 5065 §3), their text and their length. */
import { AS_TRANS, type Asn, assert, parseAsn, type Reader, type Writer } from '../base/index.ts';
import type { Segment } from './attribute.ts';
import { Malformed, UPDATE_ERROR } from './error.ts';

const KINDS: readonly (Segment['kind'] | undefined)[] = [
  undefined,
  'set',
  'sequence',
  'confedSequence',
  'confedSet',
];

/** The most AS numbers that one segment can hold; longer ones are written as several. */
const SEGMENT_MAX = 255;

/**
 * Reads segments to the end of `r`. Throws {@link Malformed} with `subcode` for an unknown segment type, an empty segment, one
 * that runs over the end (RFC 7606 §7.2), and for AS 0 (RFC 7607).
 */
export function decodeSegments(r: Reader, asn4: boolean, subcode: number = UPDATE_ERROR.asPath): Segment[] {
  const path: Segment[] = [];
  while (r.left > 0) {
    if (r.left === 1) throw new Malformed(subcode, 'a single octet is left where a segment should begin');
    const type = r.u8();
    const kind = KINDS[type];
    if (!kind) throw new Malformed(subcode, `segment type ${type} is not known`);
    const count = r.u8();
    if (count === 0) throw new Malformed(subcode, 'a segment holds no AS number');
    if (count * (asn4 ? 4 : 2) > r.left)
      throw new Malformed(subcode, `a segment of ${count} AS numbers runs over the end`);
    const asns: Asn[] = [];
    for (let i = 0; i < count; i++) {
      const asn = asn4 ? r.u32() : r.u16();
      if (asn === 0) throw new Malformed(subcode, 'AS 0 in the path (RFC 7607)');
      asns.push(asn);
    }
    path.push({ kind, asns });
  }
  return path;
}

/** Writes a path. With 2-octet numbers, those that do not fit become AS_TRANS (RFC 6793 §4.2.2). Empty segments are left out. */
export function encodeSegments(path: readonly Segment[], w: Writer, asn4: boolean): void {
  for (const segment of path) {
    for (let from = 0; from < segment.asns.length; from += SEGMENT_MAX) {
      const asns = segment.asns.slice(from, from + SEGMENT_MAX);
      w.u8(KINDS.indexOf(segment.kind)).u8(asns.length);
      for (const asn of asns) {
        assert(asn > 0 && asn <= 0xffff_ffff, `AS ${asn} cannot stand in a path`);
        if (asn4) w.u32(asn);
        else w.u16(asn > 0xffff ? AS_TRANS : asn);
      }
    }
  }
}

/** The length that route selection compares: a set counts one, confederation segments nothing (RFC 4271 §9.1.2.2 a, RFC 5065 §5.3). */
export function pathLength(path: readonly Segment[]): number {
  let length = 0;
  for (const { kind, asns } of path) length += kind === 'sequence' ? asns.length : kind === 'set' ? 1 : 0;
  return length;
}

/** The path as operators' tools print it: `64500 64501 {64502,64503}`; confederation segments as `(64512 64513)` and `[64514,64515]`. */
export function formatPath(path: readonly Segment[]): string {
  const text = ({ kind, asns }: Segment) => {
    if (kind === 'sequence') return asns.join(' ');
    if (kind === 'set') return `{${asns.join(',')}}`;
    return kind === 'confedSequence' ? `(${asns.join(' ')})` : `[${asns.join(',')}]`;
  };
  return path.map(text).join(' ');
}

const BRACKETS: { readonly [open: string]: readonly [kind: Segment['kind'], close: string] } = {
  '{': ['set', '}'],
  '(': ['confedSequence', ')'],
  '[': ['confedSet', ']'],
};

/**
 * The path in `text`, the reverse of {@link formatPath}; undefined when it is none. Numbers beside one another are one sequence; commas
 * and spaces part them alike; asdot and an `AS` before a number are understood. The empty text is the empty path.
 */
export function parsePath(text: string): readonly Segment[] | undefined {
  const path: Segment[] = [];
  let open: { kind: Segment['kind']; close: string; asns: Asn[] } | undefined;
  let plain: Asn[] | undefined;
  for (const token of text.match(/[{}()[\]]|[^\s,{}()[\]]+/g) ?? []) {
    const bracket = Object.hasOwn(BRACKETS, token) ? BRACKETS[token] : undefined;
    if (bracket) {
      if (open) return undefined;
      open = { kind: bracket[0], close: bracket[1], asns: [] };
      plain = undefined;
    } else if (/^[})\]]$/.test(token)) {
      if (!open || open.close !== token || open.asns.length === 0) return undefined;
      path.push({ kind: open.kind, asns: open.asns });
      open = undefined;
    } else {
      const asn = parseAsn(token);
      if (!asn) return undefined;
      if (open) open.asns.push(asn);
      else if (plain) plain.push(asn);
      else {
        plain = [asn];
        path.push({ kind: 'sequence', asns: plain });
      }
    }
  }
  return open ? undefined : path;
}
