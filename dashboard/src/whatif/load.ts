/** What clients ask for, all together. */
import type { Snapshot } from '../../../src/control/index.ts';

/** Bits per second at all sites; 0 where nobody knows. */
export function demandOf({ sites }: Pick<Snapshot, 'sites'>): number {
  return Object.values(sites).reduce((sum, { load }) => sum + (load.bitsPerSecond ?? 0), 0);
}
