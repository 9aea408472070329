/** How often packets leave and how long silence is borne: the arithmetic of RFC 5880 §6.8.2 to §6.8.7. */
import { type Millis, millis } from '../base/index.ts';
import type { BfdState } from './packet.ts';

/** The two intervals of one side, in microseconds as in the packet. */
export interface Intervals {
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
}

/** What the neighbour's last packet said. */
export interface Remote extends Intervals {
  /** bfd.RemoteDiscr. */
  readonly discriminator: number;
  readonly state: BfdState;
  readonly diagnostic: number;
  readonly detectMult: number;
  readonly demand: boolean;
}

/** How the detection time comes about, for views. */
export interface Detection {
  readonly multiplier: number;
  readonly intervalUs: number;
}

/** While the session is not Up, nothing is sent more often than this (RFC 5880 §6.8.3). */
export const SLOW_US = 1_000_000;

/**
 * The time between two periodic packets before jitter: our own wish or the neighbour's, whichever is slower (RFC 5880
 * §6.8.7). A neighbour not heard of yet has no wish.
 */
export function transmitInterval(used: Intervals, remote: Remote | undefined): number {
  return Math.max(used.desiredMinTxUs, remote?.requiredMinRxUs ?? 1);
}

/** The detection time as its two factors (RFC 5880 §6.8.4, asynchronous mode). */
export function detectionTime(used: Intervals, remote: Remote): Detection {
  return {
    multiplier: remote.detectMult,
    intervalUs: Math.max(used.requiredMinRxUs, remote.desiredMinTxUs),
  };
}

/**
 * The wait until the next periodic packet: 75 to 100 % of the interval, and no more than 90 % when the multiplier is 1,
 * so that a single packet is never late (RFC 5880 §6.8.7). `chance` is in [0, 1).
 */
export function jittered(intervalUs: number, detectMult: number, chance: number): Millis {
  return fromUs(intervalUs * (0.75 + (detectMult === 1 ? 0.15 : 0.25) * chance));
}

export function fromUs(us: number): Millis {
  return millis(us / 1000);
}

/** Whole microseconds. */
export function toUs(length: Millis): number {
  return Math.round(length * 1000);
}
