/**
 * Chance as state: a seed goes in, the next one comes out. The machines keep it beside their deadlines, so that a replayed
 * day rolls the same dice.
 */
import { type Millis, millis } from '../base/index.ts';

/** The seed after this one; a step of a Weyl sequence, so that all 2³² are visited. */
export function nextSeed(seed: number): number {
  return (seed + 0x6d2b79f5) >>> 0;
}

/** A number in [0, 1) that belongs to a seed (the mixing function of mulberry32). */
export function unitOf(seed: number): number {
  let z = seed | 0;
  z = Math.imul(z ^ (z >>> 15), z | 1);
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
  return ((z ^ (z >>> 14)) >>> 0) / 0x1_0000_0000;
}

/** A length of time with the jitter of RFC 4271 §10: 75 … 100 % of it. The caller moves its seed on. */
export function jittered(length: Millis, seed: number): Millis {
  return millis(length * (0.75 + 0.25 * unitOf(seed)));
}

/** A seed from a text (FNV-1a), for peers that were given none. */
export function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
