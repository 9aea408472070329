/**
 * What a site and the issuer of tickets say to each other. A ticket is the right to leave: to withdraw a scope. It is a
 * lease, and it ends by itself; the site counts its time from before it asked, the issuer from after it gave, so that the
 * site never believes it longer.
 */
import type { Millis } from '../base/index.ts';
import type { Verdict } from './verdict.ts';

/** How much a site wants a ticket: to have one at hand, because a fall or a step of a drain is near, or because it has to leave. */
export type Need = 'spare' | 'soon' | 'now';

/** From a site. Every report is answered, and says all there is to say, so that any later one makes up for a lost one. */
export interface Report {
  readonly site: string;
  readonly scope: string;
  /** Grows with every start of the agent; `seq` counts from zero within it. */
  readonly boot: number;
  readonly seq: number;
  readonly verdict: Verdict;
  /** It announces the scope. */
  readonly in: boolean;
  /** It believes to hold a ticket. */
  readonly holds: boolean;
  /** Answers to reports before this number are no longer believed; so a grant on its way is known to be void. */
  readonly deaf: number;
  readonly want?: Need;
  /** How often it has left by a ticket since it started; so a leave is counted even when its own report was lost. */
  readonly leaves: number;
  /** Probes that fail, as `service/probe`, with how long they have. */
  readonly failing: { readonly [probe: string]: Millis };
  /** Measured towards the scope's addresses, bits per second. */
  readonly load?: number;
}

export type Refusal =
  | 'would be the last'
  | 'too fast'
  | 'capacity'
  | 'shared fault'
  | 'unknown site'
  | 'just started';

interface About {
  readonly site: string;
  readonly scope: string;
  readonly boot: number;
  /** The report that this answers. */
  readonly seq: number;
  /** Probes that fail at every site that asks them: no reason to leave, for it is no better anywhere. */
  readonly shared: readonly string[];
}

/** To a site, about one of its reports. */
export type Answer = About &
  (
    | { readonly kind: 'noted' }
    /** How long it is good for, counted from when the report was sent. */
    | { readonly kind: 'granted'; readonly lease: Millis }
    /** `detail` in words, with numbers. */
    | { readonly kind: 'refused'; readonly reason: Refusal; readonly detail: string }
    /** Someone needs the ticket more: give it back if you can. */
    | { readonly kind: 'recall' }
  );

/** From the least to the most. */
export const NEEDS: readonly Need[] = ['spare', 'soon', 'now'];
