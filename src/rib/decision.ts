/**
 * The decision process (RFC 4271 §9.1) as a list that explains itself: the winner, and for every loser the step at which it
 * lost. `table.ts` has the quick form of the same order over typed arrays; a property test holds the two together.
 */
import type { Address, Asn } from '../base/index.ts';

/** How an operator may bend the decision. */
export interface DecisionOptions {
  /** Compare MED between neighbouring ASes as well (against RFC 4271 §9.1.2.2 c). Default false. */
  readonly alwaysCompareMed: boolean;
  /** A route without MED has the worst one instead of 0, which is what RFC 4271 §9.1.2.2 c says. Default false. */
  readonly missingMedWorst: boolean;
  /** Decide by router id (RFC 4271 §9.1.2.2 f) even between external routes of which one is best already; false keeps that one (RFC 5004). Default true. */
  readonly compareRouterId: boolean;
}

export const DEFAULT_DECISION: DecisionOptions = {
  alwaysCompareMed: false,
  missingMedWorst: false,
  compareRouterId: true,
};

/** A route as the decision process sees it. */
export interface Candidate {
  readonly localPref: number;
  readonly local: boolean;
  readonly pathLength: number;
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  readonly origin: number;
  readonly neighborAs: Asn;
  /** Undefined without the attribute. */
  readonly med: number | undefined;
  readonly external: boolean;
  /** ORIGINATOR_ID where there is one, else the peer's BGP Identifier, as a number. */
  readonly routerId: number;
  readonly clusterLength: number;
  readonly peerAddress: Address;
  /** Order of peer addresses, the lower first. */
  readonly peerOrder: number;
  readonly pathId: number;
  /** It is what was chosen last time. */
  readonly current: boolean;
}

export interface Tiebreak {
  readonly name: string;
  readonly rfc: string;
  /**
   * Those of `field` that this step leaves; never none. Most steps keep the least by one number; MED compares only within
   * one neighbouring AS.
   */
  keep(field: readonly Candidate[], options: DecisionOptions): readonly Candidate[];
}

/**
 * The order of this list is the decision process. What is originated here comes before everything that is received, whatever
 * preference that was given (as with BIRD and FRR): no peer can take an address of ours from us by announcing it.
 */
export const DECISION: readonly Tiebreak[] = [
  least('originated here', 'RFC 4271 §9.1.1', (c) => (c.local ? 0 : 1)),
  least('local preference', 'RFC 4271 §9.1.1', (c) => -c.localPref),
  least('AS path length', 'RFC 4271 §9.1.2.2 a', (c) => c.pathLength),
  least('origin', 'RFC 4271 §9.1.2.2 b', (c) => c.origin),
  {
    name: 'MED',
    rfc: 'RFC 4271 §9.1.2.2 c',
    keep: (field, o) =>
      field.filter(
        (c) =>
          !field.some(
            (d) => (o.alwaysCompareMed || d.neighborAs === c.neighborAs) && medOf(d, o) < medOf(c, o),
          ),
      ),
  },
  least('external over internal', 'RFC 4271 §9.1.2.2 d', (c) => (c.local ? 0 : c.external ? 1 : 2)),
  {
    name: 'already best',
    rfc: 'RFC 5004 §3',
    keep: (field, o) => {
      if (o.compareRouterId || !field.every((c) => c.external)) return field;
      const current = field.filter((c) => c.current);
      return current.length > 0 ? current : field;
    },
  },
  least('router id', 'RFC 4271 §9.1.2.2 f', (c) => c.routerId),
  least('cluster list length', 'RFC 4456 §9', (c) => c.clusterLength),
  least('peer address', 'RFC 4271 §9.1.2.2 g', (c) => c.peerOrder),
  least('path id', 'RFC 7911 §3', (c) => c.pathId),
];

export interface Decided<C extends Candidate> {
  readonly best: C;
  /** Why each of the others lost: the step that removed it. */
  readonly losers: ReadonlyMap<C, Tiebreak>;
  /** Those that only lost at `router id` or later: as good as the best for forwarding (multipath). */
  readonly equal: readonly C[];
}

/** Runs the list over at least one candidate. */
export function decide<C extends Candidate>(
  candidates: readonly C[],
  options: DecisionOptions = DEFAULT_DECISION,
): Decided<C> {
  let field = candidates;
  const losers = new Map<C, Tiebreak>();
  let equal: readonly C[] = candidates;
  for (const step of DECISION) {
    if (step.name === 'already best') equal = field;
    const kept = step.keep(field, options) as readonly C[];
    for (const c of field) if (!kept.includes(c)) losers.set(c, step);
    field = kept;
  }
  const best = field[0] as C;
  return { best, losers, equal: equal.filter((c) => c !== best) };
}

function least(name: string, rfc: string, by: (c: Candidate) => number): Tiebreak {
  return {
    name,
    rfc,
    keep: (field) => {
      const low = Math.min(...field.map(by));
      return field.filter((c) => by(c) === low);
    },
  };
}

function medOf(c: Candidate, o: DecisionOptions): number {
  return c.med ?? (o.missingMedWorst ? 0x1_0000_0000 : 0);
}
