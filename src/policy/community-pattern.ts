/** Patterns over communities of all three kinds, field by field: a value, `*`, or a range of numbers. */
import { parseCommunity, parseLargeCommunity } from '../base/index.ts';
import { parseExtendedCommunity } from '../wire/index.ts';
import type { CommunityPattern } from './policy.ts';

/** Which attribute a pattern is about. */
export type CommunityKind = 'communities' | 'largeCommunities' | 'extendedCommunities';

type Field = { readonly low: number; readonly high: number } | { readonly text: string } | undefined;

/** A pattern ready to be tried; `undefined` fields match everything. */
export interface CompiledCommunity {
  readonly fields: readonly Field[];
  /** The whole text where nothing is left open, so that equality is enough. */
  readonly exact?: string;
  /** The pattern names the well-known range 65535:* itself. */
  readonly namesWellKnown: boolean;
}

/** True when the text is one community of this kind, in the form that it has in a route. */
export function isCommunity(text: string, kind: CommunityKind): boolean {
  return PARSERS[kind](text) === text;
}

const PARSERS: { readonly [K in CommunityKind]: (text: string) => string | undefined } = {
  communities: parseCommunity,
  largeCommunities: parseLargeCommunity,
  extendedCommunities: parseExtendedCommunity,
};

/** Why `pattern` cannot be one of this kind, as a sentence's end; undefined when it can. */
export function badPattern(pattern: CommunityPattern, kind: CommunityKind): string | undefined {
  const fields = pattern.split(':');
  if (kind === 'extendedCommunities') {
    const open =
      /^(rt|soo|color|\*)$/.test(fields[0] as string) && fields.length === 3 && /[*-]/.test(pattern);
    if (open || pattern === 'ovs:*' || isCommunity(pattern, kind)) return undefined;
    return `'${pattern}' is not an extended community such as rt:64500:1 or rt:64500:*`;
  }
  const [count, most, shape] =
    kind === 'communities' ? [2, 0xffff, '64500:1 or 64500:*'] : [3, 0xffff_ffff, '64500:1:2 or 64500:*:*'];
  const good =
    fields.length === count &&
    fields.every((f) => {
      const field = compileField(f);
      return field === undefined || ('low' in field && field.low <= field.high && field.high <= most);
    });
  return good ? undefined : `'${pattern}' is not a community such as ${shape}`;
}

export function compilePattern(pattern: CommunityPattern): CompiledCommunity {
  const texts = pattern.split(':');
  const fields = texts.map(compileField);
  const open = fields.some((f) => f === undefined || ('low' in f && f.low !== f.high));
  return { fields, ...(open ? {} : { exact: pattern }), namesWellKnown: texts[0] === '65535' };
}

/** True when the community, as its canonical text, fits. */
export function communityFits(pattern: CompiledCommunity, community: string): boolean {
  if (pattern.exact !== undefined) return community === pattern.exact;
  const parts = community.split(':');
  if (parts.length !== pattern.fields.length) return false;
  return pattern.fields.every((field, i) => {
    if (field === undefined) return true;
    const part = parts[i] as string;
    if ('text' in field) return field.text === part;
    return /^\d+$/.test(part) && field.low <= Number(part) && Number(part) <= field.high;
  });
}

/** RFC 1997: 65535:* is reserved for communities with a meaning everyone shares. */
export function isWellKnown(community: string): boolean {
  return community.startsWith('65535:') && community.indexOf(':', 6) < 0;
}

function compileField(text: string): Field {
  if (text === '*') return undefined;
  const m = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  return m ? { low: Number(m[1]), high: Number(m[2] ?? m[1]) } : { text };
}
