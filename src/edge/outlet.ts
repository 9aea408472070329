/** One place where one service listens. */
import type { Endpoint } from '../host/index.ts';

/** How it behaves at this moment. */
export type Mood = 'well' | 'hang' | 'wrong';

export interface Outlet {
  /** Where it listens really: port 0 was a wish. */
  readonly bound: Endpoint;
  /** Clients that are connected or waiting for an answer. */
  readonly sessions: number;
  /** Answers given since it was opened. */
  readonly answered: number;
  /** Listens no more. Whoever is being answered is given `graceMs`, then cut off. */
  close(graceMs: number): Promise<void>;
}
