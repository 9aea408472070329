/** The kernel's own list; `predict/index.ts` passes on what other rooms may use. */
export { adjust, type Bench, benchFor, type Preferences } from './adjust.ts';
export { measure } from './measure.ts';
export * from './memory.ts';
export { type Network, networkOf } from './network.ts';
export {
  FAR_AWAY,
  type Geography,
  NOWHERE,
  type Places,
  prepared,
  UNASKED,
} from './places.ts';
export { propagate } from './propagate.ts';
export { NO_SHARE, onTop, type Scene, type Shares, sharesFor } from './shares.ts';
export { respread, spread } from './spread.ts';
export { canPatch, type Patch, patchFor, unpatch, withdraw } from './withdraw.ts';
