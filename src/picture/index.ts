/** Pictures as pure functions: (data, size, theme) → SVG as text. */
export { type AttackData, type AttackedSite, attackPicture } from './attack.ts';
export { MOST_BARS } from './bars.ts';
export {
  type Diagram,
  type DiagramSession,
  type DiagramSite,
  diagramPicture,
  type Health,
  MOST_DIAGRAM_SITES,
  type State,
} from './diagram.ts';
export { type FailureRow, type Failures, failuresPicture } from './failures.ts';
export { type Heat, type HeatRow, heatPicture, MOST_HEAT_ROWS } from './heat.ts';
export { type HijackData, hijackPicture } from './hijack.ts';
export { diagramMermaid } from './mermaid.ts';
export { type Flow, MOST_FLOWS, type Moves, movesPicture } from './moves.ts';
export { NOWHERE_TONE, SITE_TONES, type Tone } from './palette.ts';
export { type Reliability, type ReliabilityBin, reliabilityPicture } from './reliability.ts';
export { searchPicture, type Trace } from './search.ts';
export { type Share, type Shares, sharesPicture } from './shares.ts';
export type { Size } from './svg.ts';
export { DARK, LIGHT, siteColour, stepColour, THEMES, type Theme } from './theme.ts';
export { MOST_TRIP_LINES, type TripLine, type Trips, tripLine, tripsPicture } from './trips.ts';
export { type Versus, versusPicture, type Way } from './versus.ts';
export {
  type Land,
  type Point,
  type WorldClient,
  type WorldMap,
  type WorldSite,
  worldPicture,
} from './world.ts';
