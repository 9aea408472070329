import { countUntil, type Row } from '../data/chronicle.ts';

/** The latest thing that had happened at an instant. */
export function lastRow(rows: readonly Row[], at: number): Row | undefined {
  return rows[countUntil(rows, at) - 1];
}
