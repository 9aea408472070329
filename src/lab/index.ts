/** The machine-local world: an embedded internet of autonomous systems, real agents at its edge, real clients in front of it. */

export { type AtlasOptions, atlasOf, CLIENT_NETWORKS } from './atlas.ts';
export { Counting } from './counting.ts';
export { type Load, usualDemand } from './demand.ts';
export { Directions, type Trip } from './directions.ts';
export type { Outcome } from './front-http.ts';
export { claimGround, type Ground } from './ground.ts';
export { Internet } from './internet.ts';
export type { Journey } from './journey.ts';
export { kindsOf, type LocalService, localPlan, localServices } from './local-plan.ts';
export { type InternetMap, layOut, type MapOptions } from './map.ts';
export {
  type ControllerPlace,
  type Landing,
  Planet,
  type PlanetHandlers,
  type PlanetOptions,
  type SiteView,
} from './planet.ts';
export { exportPolicy, importPolicy } from './rules.ts';
export { type Counts, fingerprint, type SightOptions, type SiteSeen, sightOf } from './sight.ts';
export type { SiteDuty, SiteOrder, SiteState, SiteWord, Standing } from './site-process.ts';
export { findVantage, type Vantage, vantageOf, vantages } from './vantage.ts';
