/** Catchments: who will land at which site, why, and what if. Pure. */
export * from './kernel/index.ts';
export { MOST_MEASURED, type Terrain, terrainOf } from './geography.ts';
