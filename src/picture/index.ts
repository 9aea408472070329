/** Pictures as pure functions: (data, size, theme) → SVG as text. */
export {
  type Diagram,
  type DiagramSession,
  type DiagramSite,
  diagramPicture,
  type Health,
  MOST_DIAGRAM_SITES,
  type State,
} from './diagram.ts';
export { type Heat, type HeatRow, heatPicture, MOST_HEAT_ROWS } from './heat.ts';
export { diagramMermaid } from './mermaid.ts';
export type { Size } from './svg.ts';
export { DARK, LIGHT, siteColour, stepColour, THEMES, type Theme } from './theme.ts';
export { MOST_TRIP_LINES, type TripLine, type Trips, tripLine, tripsPicture } from './trips.ts';
