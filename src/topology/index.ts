/** The AS graph, places, and readers of the public data they come from. Pure. */
export {
  type AsInfo,
  type AsInfos,
  as2orgReader,
  asInfoReader,
  type ChunkReader,
  readAll,
  readUsersJson,
  usersReader,
} from './as-info.ts';
export { type AsRel, AsRelReader, readAsRel } from './as-rel.ts';
export { BadBzip2, bunzip2, isBzip2 } from './bunzip2.ts';
export { CITIES } from './city.ts';
export { CsvTable } from './csv-table.ts';
export {
  FEWEST_ASES,
  generateWorld,
  type Link,
  linksOf,
  MOST_ASES,
  type Recipe,
  transitNear,
} from './generate.ts';
export { type Geofeed, type GeofeedEntry, geofeedReader } from './geofeed.ts';
export {
  type Adjacency,
  type Built,
  degree,
  type Graph,
  GraphBuilder,
  indexOf,
  MOST_LINKS,
  nearestAsn,
  neighboursOf,
  providerCycle,
  type Relation,
  relation,
} from './graph.ts';
export {
  formatTrouble,
  formatTroubles,
  LONGEST_LINE,
  MOST_TROUBLES,
  type Reading,
  type Trouble,
  unmarked,
} from './lines.ts';
export { type Origins, originOf, type PrefixToAs, prefixToAsReader, slash24s } from './origin.ts';
export { openWorld, PACK_VERSION, packWorld, type Refused } from './pack.ts';
export { type PeeringDb, type PeeringDbTable, presenceFrom, readPeeringDb, type Site } from './peeringdb.ts';
export {
  ACCESS_MS,
  DETOUR,
  distanceKm,
  findPlace,
  KM_PER_RTT_MS,
  type LatLon,
  linkLatencyMs,
  nearestPlace,
  type Place,
  plain,
  rttMs,
} from './place.ts';
export { type PlaceList, placeReader } from './place-table.ts';
export { inferPresence, MOST_CITIES } from './presence.ts';
export {
  assembleWorld,
  countryOf,
  handover,
  nameOf,
  type Presence,
  packCountry,
  placesOf,
  type Texts,
  type WeightUnit,
  type World,
  type WorldParts,
  walkKm,
} from './world.ts';
