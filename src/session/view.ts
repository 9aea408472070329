/** A peer as an operator wants to see it. */
import { type Address, type Asn, type Instant, type Millis, millis } from '../base/index.ts';
import type { Family } from '../wire/index.ts';
import type { Down, LinkName, Negotiated } from './event.ts';
import { establishedLink, type PeerState, phaseOf } from './peer.ts';

export interface PeerView {
  /** The state's name in RFC 4271 §8.2.2. */
  readonly state: 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';
  readonly admin: 'up' | 'down';
  /** When the state began. */
  readonly since?: Instant;
  /** Why there is no session, in a sentence. */
  readonly why?: string;
  /** Who opened the connection. */
  readonly link?: LinkName;
  readonly remoteAsn?: Asn;
  readonly remoteId?: Address;
  /** Negotiated; 0 is off. */
  readonly holdTime?: Millis;
  readonly keepalive?: Millis;
  readonly negotiated?: Negotiated;
  readonly bfd?: 'up' | 'down' | 'unknown';
  /** How often the session was established, and how many failed in a row. */
  readonly ups: number;
  readonly failures: number;
  readonly lastUp?: Instant;
  readonly lastDown?: Down;
  readonly lastDownAt?: Instant;
  readonly lastError?: string;
  /** Families of which routes are kept though they are stale. */
  readonly stale: readonly Family[];
  readonly staleUntil?: Instant;
}

const STATE = {
  idle: 'Idle',
  connect: 'Connect',
  active: 'Active',
  openSent: 'OpenSent',
  openConfirm: 'OpenConfirm',
  established: 'Established',
} as const;

/** What there is to say of a peer at an instant. */
export function viewOf(p: PeerState, now: Instant): PeerView {
  const link = establishedLink(p);
  const negotiated = link && p[link]?.negotiated;
  const why = whyNot(p, now);
  return {
    state: STATE[phaseOf(p)],
    admin: p.admin,
    ...opt('since', p.since),
    ...opt('why', why),
    ...(link && negotiated
      ? {
          link,
          remoteAsn: negotiated.remoteAsn,
          remoteId: negotiated.remoteId,
          holdTime: millis(negotiated.holdTime * 1000),
          keepalive: millis(Math.floor((negotiated.holdTime * 1000) / 3)),
          negotiated,
        }
      : {}),
    ...(p.settings.bfd === 'off' ? {} : { bfd: p.bfd }),
    ups: p.ups,
    failures: p.failures,
    ...opt('lastUp', p.lastUp),
    ...opt('lastDown', p.lastDown),
    ...opt('lastDownAt', p.lastDownAt),
    ...opt('lastError', p.lastError),
    stale: p.stale?.families ?? [],
    ...opt('staleUntil', p.stale?.until),
  };
}

function whyNot(p: PeerState, now: Instant): string | undefined {
  if (establishedLink(p)) return undefined;
  if (p.admin === 'down') return 'stopped by the operator, or not started';
  if (!p.wait) return p.settings.passive && !p.incoming ? 'waits for the peer to connect' : p.lastError;
  const { until } = p.wait;
  const when = until === undefined ? '' : ` for another ${Math.max(0, Math.ceil((until - now) / 1000))} s`;
  switch (p.wait.for) {
    case 'bfd':
      return 'waits for BFD to be up';
    case 'prefixLimit':
      return until === undefined
        ? 'stays down until started: the peer sent too many prefixes'
        : `stays down${when}: the peer sent too many prefixes`;
    case 'backoff':
      return `holds off${when}${p.lastError === undefined ? '' : `: ${p.lastError}`}`;
  }
}

function opt<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  // The compiler does not see that a computed key is the key.
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
