/** Catchments: who will land at which site, why, and what if. Pure. */
export * from './kernel/index.ts';
