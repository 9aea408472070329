/** The plan: one file that says what the network is; its schema, checks, differences and other people's formats. */
export {
  type Complaint,
  describeFound,
  formatComplaint,
  formatPath,
  inOrder,
  nearest,
  type Path,
  type Place,
  quote,
  valueAt,
} from './complaint.ts';
export {
  apply,
  type Change,
  compose,
  conflicts,
  type Difference,
  difference,
  invert,
  type Json,
  same,
} from './difference.ts';
export { formatPlan } from './format.ts';
export type { Imported, ImportInto, Remark, RemarkKind } from './import.ts';
export { importAnycastHealthchecker } from './import-anycast-healthchecker.ts';
export { importExabgpArguments, importExabgpFile } from './import-exabgp.ts';
export {
  type AnsweredService,
  type AnsweredSite,
  type AnsweredUpstream,
  type Answers,
  checkedInitialPlan,
  initialPlan,
  QUESTIONS,
  type Question,
  splitSites,
} from './initial.ts';
export {
  type Finding,
  formatFinding,
  LINTS,
  type LintCode,
  type LintOptions,
  lint,
  type Roa,
  type Severity,
} from './lint.ts';
export { isNamed, meant } from './meant.ts';
export { freeze, type Parsed, parsePlan } from './parse.ts';
export { type Atlas, type Located, locateSites } from './places.ts';
export {
  type Action,
  announcedTo,
  type Bfd,
  type Combine,
  type Controller,
  type Coordinates,
  type DegradedBy,
  type Drain,
  type FlapBudget,
  type Guard,
  type Identity,
  type LessPreferred,
  type Named,
  type Plan,
  type Probe,
  type ProbeKind,
  type Rate,
  type Role,
  type Secret,
  type Service,
  type Site,
  siteCommunity,
  sitesOf,
  type Upstream,
} from './plan.ts';
export { planSchema } from './schema.ts';
/** Pieces for the schemas of other files in the same style. */
export {
  flag,
  listOf,
  mapping,
  NAME,
  namedMap,
  ONE_OR_MORE,
  oneOf,
  oneOrMore,
  text,
  whole,
} from './shape.ts';
export { readSource, type Source } from './source.ts';
export { type Special, specialSpace } from './special-space.ts';
export { formatBitRate, formatDuration, formatRate, readBitRate } from './units.ts';
export { describeChange, describeDifference } from './words.ts';
