/** Lists of attributes: finding one, and putting another in its place without touching the list that was given. */
import { ATTRIBUTES, type Attribute, type AttributeKind } from '../wire/index.ts';

type Of<K extends AttributeKind> = Extract<Attribute, { readonly kind: K }>;

/** The attribute of this kind, or undefined. */
export function find<K extends AttributeKind>(attributes: readonly Attribute[], kind: K): Of<K> | undefined {
  for (const a of attributes) if (a.kind === kind) return a as Of<K>;
  return undefined;
}

/** The list with this attribute in the place of the one of its kind, or where its type code belongs. */
export function put(attributes: readonly Attribute[], fresh: Attribute): readonly Attribute[] {
  const old = attributes.findIndex((a) => a.kind === fresh.kind);
  if (old >= 0) return attributes.with(old, fresh);
  const before = attributes.findIndex((a) => code(a) > code(fresh));
  return attributes.toSpliced(before < 0 ? attributes.length : before, 0, fresh);
}

/** The list without the attribute of this kind; the same list when there is none. */
export function without(attributes: readonly Attribute[], kind: AttributeKind): readonly Attribute[] {
  return attributes.some((a) => a.kind === kind) ? attributes.filter((a) => a.kind !== kind) : attributes;
}

/** RFC 4271 §5: attributes go in ascending order of their type codes. */
function code(a: Attribute): number {
  return a.kind === 'unknown' ? a.code : ATTRIBUTES[a.kind].code;
}
