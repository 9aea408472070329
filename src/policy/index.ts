/** Import and export policy as data, its evaluation and its explanation. */
export { ACTIONS, type Action, type Options, PREPEND_LIMIT, thenText } from './action.ts';
export { check, differs, type Problem } from './check.ts';
export { badPattern, type CommunityKind, isCommunity } from './community-pattern.ts';
export {
  type Accepted,
  type Compiled,
  compile,
  explain,
  formatPolicy,
  formatSteps,
  type Outcome,
  type Rejected,
  type RuleRef,
  type Step,
} from './compile.ts';
export { CONDITIONS, type Condition, whenText } from './condition.ts';
export { firstAs, originAs, prepended } from './path.ts';
export { compilePathRegex, PATH_REGEX_LIMIT, type PathRegexResult, type PathTest } from './path-regex.ts';
export {
  ACCEPT_ALL,
  type Change,
  type CommunityChange,
  type CommunityPattern,
  type Comparison,
  type End,
  type Neighbor,
  type NeighborKind,
  type NeighborMatch,
  type NextHopChange,
  type PathMatch,
  type Policy,
  type PrefixMatch,
  REJECT_ALL,
  type Rule,
  type SetRef,
  type Sets,
  type Subject,
  type Then,
  type Validation,
  type When,
} from './policy.ts';
export { formatPrefixMatch, parsePrefixMatch } from './prefix-set.ts';
