/** Catchments: who will land at which site, why, and what if. Pure. */
export {
  type Attack,
  RESPONSE_PREPEND,
  type Response,
  responses,
  type SiteUnderAttack,
  type Sources,
  sourceParts,
  type UnderAttack,
  underAttack,
} from './attack.ts';
export { believed, type Client, kilometresFrom, routedParts } from './belief.ts';
export { carried, type Expected, expectedOf, strayed } from './carried.ts';
export { expectedFailures } from './carried-failure.ts';
export {
  type CityAnswer,
  type ClientAnswer,
  cityAnswer,
  clientAnswer,
  eachPart,
  FLY_PAST_KM,
  kilometresOf,
  nearestSites,
  type Part,
  pathOf,
  type SiteSummary,
  type SiteTable,
  type Summary,
  summarise,
} from './catchment.ts';
export { expectedAt, SURE } from './corrected.ts';
export {
  type Announcement,
  type Deployment,
  type Effect,
  type LocalPreference,
  MOST_ANNOUNCEMENTS,
  type Neighbour,
  sitesIn,
  without,
} from './deployment.ts';
export { tripBins } from './distribution.ts';
export {
  DECISION,
  type Explanation,
  explain,
  formatExplanation,
  type Hop,
  type Step,
  type Way,
} from './explain.ts';
export { type Failover, failoverOf, ROUTING } from './failover.ts';
export { type Failure, failuresOf, intact, pairsOf, singleFailures } from './failure.ts';
export {
  deploymentOf,
  type FromPlan,
  type FromPlanOptions,
  type PlanRemark,
  placeOf,
} from './from-plan.ts';
export { kilometresTo, MOST_MEASURED, type Terrain, terrainOf } from './geography.ts';
export { type Ground, groundOf } from './ground.ts';
export { groupMovers, type Nodes, nodesOfAs, nodesOfCountry, partsOf } from './group.ts';
export {
  type Adoption,
  ATTACKER,
  adopters,
  type Hijack,
  type HijackOutcome,
  hijack,
} from './hijack.ts';
export * from './kernel/index.ts';
export {
  formatMove,
  MOST_TRIED,
  type Move,
  type Moved,
  movedWeight,
  movesOf,
} from './movers.ts';
export { type AsPath, type HopScore, type HopScores, scoreHops, tiedHops } from './next-hop.ts';
export { city, worldIn } from './notation.ts';
export { expected, type Learned, learn, MOST_OBSERVATIONS, type Observation } from './observed.ts';
export { MARGIN_KM, type Prediction, type PredictOptions, predict, type Remark } from './predict.ts';
export { crossValidated, type Guess, type Rule, rulesFor } from './rules.ts';
export {
  type Bin,
  NEAR_KM,
  type Rate,
  type Score,
  scoreOf,
  type Together,
  together,
  wilson,
} from './score.ts';
export {
  type Found,
  type Goal,
  imbalance,
  type SearchOptions,
  scoreFor,
  search,
  searching,
  statesOf,
  type Tried,
} from './search.ts';
export { type Rival, type Under, versus } from './versus.ts';
