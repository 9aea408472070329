export { AdjOut } from './adj-out.ts';
export {
  AttributeStore,
  DEFAULT_LOCAL_PREF,
  LOCAL_BONUS,
  localPrefOf,
  originOf,
  pathLengthOf,
} from './attributes.ts';
export {
  type Candidate,
  DECISION,
  DEFAULT_DECISION,
  type Decided,
  type DecisionOptions,
  decide,
  type Tiebreak,
} from './decision.ts';
export { Interner, widen } from './interner.ts';
export { PrefixTable } from './prefix-table.ts';
export { EBGP, IBGP, LOCAL, type SourceKind, Sources } from './sources.ts';
export { MOST_PATHS, Table } from './table.ts';
