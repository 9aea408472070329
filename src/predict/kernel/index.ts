/** The kernel's own list; `predict/index.ts` passes on what other rooms may use. */
export * from './memory.ts';
export { propagate } from './propagate.ts';
export { type Geography, NO_SHARE, NOWHERE, type Shares, sharesFor, spread } from './spread.ts';
