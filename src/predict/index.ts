/** Catchments: who will land at which site, why, and what if. Pure. */

export { kilometresTo, MOST_MEASURED, type Terrain, terrainOf } from './geography.ts';
export * from './kernel/index.ts';
