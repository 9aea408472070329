/** The judgement of one site: verdict, guard and drain as pure machines, and what to announce as a value. */
export {
  type Announced,
  type Announcement,
  announcementOf,
  exportPolicy,
  importPolicy,
  type Levels,
  type Route,
  routeOf,
} from './announcement.ts';
export {
  DECISION,
  type Decision,
  DRAIN_LEVEL,
  decide,
  formatDecisions,
  type Level,
  mayLeave,
  type Row,
  type Situation as DecisionSituation,
} from './decision.ts';
export {
  DRAIN_TABLE,
  type DrainEvent,
  type DrainPhase,
  type DrainState,
  type Evidence,
  type Order,
  startDrain,
  stepDrain,
} from './drain.ts';
export { type HolderState, holds, type Situation, type TicketView, ticketView } from './holder.ts';
export {
  type IssuerConfig,
  type IssuerState,
  issuerConfigs,
  issuerDue,
  sharedFaults,
  spokenFor,
  startIssuer,
  stepIssuer,
} from './issuer.ts';
export { PROBE_TABLE, type ProbePhase, type ProbeResult, type ProbeState, pace } from './probe.ts';
export { reconfigureSite, restoreSite, resumeTelling } from './reload.ts';
export { type Scope, scopes } from './scope.ts';
export { announcement, siteDue, stepSite } from './site.ts';
export { isWellAgain, verdictOf } from './standing.ts';
export {
  type Decided,
  type Duties,
  dutiesOf,
  type SiteEffect,
  type SiteEvent,
  type SiteState,
  type SiteStep,
  startSite,
} from './state.ts';
export type { Answer, Need, Refusal, Report } from './ticket.ts';
export {
  phaseOf,
  startVerdict,
  stepVerdict,
  VERDICT_TABLE,
  type Verdict,
  type VerdictEvent,
  type VerdictState,
  verdictDue,
} from './verdict.ts';
