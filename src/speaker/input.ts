/**
 * Everything that can happen to a speaker, and everything it wants done, as values. The journal writes the first down and
 * its player hands them in again: the same inputs at the same instants give the same speaker.
 */
import type { Prefix } from '../base/index.ts';
import type { Policy } from '../policy/index.ts';
import type { DecisionOptions } from '../rib/index.ts';
import type { Down, LinkName, Negotiated, PeerEvent } from '../session/index.ts';
import type { Attribute, Family } from '../wire/index.ts';
import type { PeerOptions } from './options.ts';

/** What happens to a session from outside; what arrives over its connections comes in as bytes. */
export type OutsideEvent = Extract<
  PeerEvent,
  { kind: 'start' | 'stop' | 'tcpUp' | 'tcpDown' | 'blocked' | 'sent' | 'bfdUp' | 'bfdDown' }
>;

export type SpeakerInput =
  | { readonly kind: 'addPeer'; readonly options: PeerOptions }
  | { readonly kind: 'removePeer'; readonly peer: string }
  | { readonly kind: 'event'; readonly peer: string; readonly event: OutsideEvent }
  /** Bytes that arrived; valid during the call only. */
  | { readonly kind: 'bytes'; readonly peer: string; readonly link: LinkName; readonly bytes: Uint8Array }
  /** Originates a prefix here, or changes what is said of it. What is left out of the attributes is ORIGIN IGP, an empty path, ourselves as next hop. */
  | { readonly kind: 'announce'; readonly prefix: Prefix; readonly attributes: readonly Attribute[] }
  | { readonly kind: 'withdraw'; readonly prefix: Prefix }
  /** New policy for a peer: applied to what was received and sent already, as a difference. */
  | { readonly kind: 'policy'; readonly peer: string; readonly import?: Policy; readonly export?: Policy }
  | { readonly kind: 'decision'; readonly options: DecisionOptions }
  /** Validation data have changed (RFC 6811): everything is judged again. */
  | { readonly kind: 'revalidate' }
  /** Asks a peer for everything again (RFC 2918); `out`: tells it everything again, unasked. */
  | { readonly kind: 'refresh'; readonly peer: string; readonly family: Family; readonly out?: true }
  /**
   * While `on`, nobody is told anything, not even End-of-RIB: what peers kept through our restart (RFC 4724) stays as it is
   * until we know what to say. The sessions live on.
   */
  | { readonly kind: 'hold'; readonly on: boolean }
  /** A deadline has come. */
  | { readonly kind: 'due' }
  /** Time for a piece of long work. */
  | { readonly kind: 'work' };

export type SpeakerEffect =
  | { readonly do: 'connect'; readonly peer: string }
  /** Write these last bytes, then close. */
  | { readonly do: 'close'; readonly peer: string; readonly link: LinkName; readonly bytes: Uint8Array }
  | { readonly do: 'note'; readonly note: Note };

/** What an operator would want to read in a log. */
export type Note =
  | { readonly kind: 'up'; readonly peer: string; readonly negotiated: Negotiated }
  | { readonly kind: 'down'; readonly peer: string; readonly why: Down; readonly retained: readonly Family[] }
  /** An UPDATE had a fault that did not end the session. Noted when `count`, of all that this peer has sent, is a power of two. */
  | { readonly kind: 'fault'; readonly peer: string; readonly why: string; readonly count: number }
  /** Noted once a session and family. */
  | { readonly kind: 'endOfRib'; readonly peer: string; readonly family: Family }
  | {
      readonly kind: 'limit';
      readonly peer: string;
      readonly family: Family;
      readonly prefixes: number;
      readonly limit: number;
      readonly reached: boolean;
    }
  /** Stale routes went. Where the peer ended a refresh: noted when `count`, of all that it has ended, is a power of two. */
  | {
      readonly kind: 'flushed';
      readonly peer: string;
      readonly families: readonly Family[];
      readonly why: string;
      readonly count: number;
    }
  | { readonly kind: 'selecting'; readonly why: string };
