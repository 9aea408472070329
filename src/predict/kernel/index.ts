/** The kernel's own list; `predict/index.ts` passes on what other rooms may use. */
export * from './memory.ts';
export { propagate } from './propagate.ts';
