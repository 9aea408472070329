/**
 * The page of a running network: `control` over HTTP, and the dashboard beside it. What serves it is loaded when it is asked
 * for: an agent needs none of it.
 */
import type { Answer, Body, Request, Snapshot, World } from '../control/index.ts';
import type { LedgerOptions } from './control/ledger.ts';
import type { StreamLimits } from './control/streams.ts';

/** An answer, before it is known where the stream stood. */
export type Given = Omit<Answer, 'run' | 'seq' | 'at'>;

export interface ControlPageOptions {
  /** A loopback address. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Folder of the token and of what happened; absent: nothing is kept. */
  readonly state?: string;
  /** Carries a request out; never rejects. */
  readonly request: (request: Request) => Promise<Given>;
  /** The bytes of the AS graph that the page predicts with; undefined when there is none. */
  readonly world?: () => Promise<Uint8Array | undefined>;
  /** The built dashboard. */
  readonly dashboard?: string;
  /** The command that builds it, for whoever finds it missing. */
  readonly build: string;
  /** What an operator should know, one sentence. */
  readonly say: (sentence: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Events in memory. */
  readonly most?: number;
  readonly ledger?: Partial<Pick<LedgerOptions, 'fileLimit' | 'limit' | 'rest' | 'write'>>;
  readonly streams?: StreamLimits;
}

export interface ControlPage {
  readonly port: number;
  /** With the token in it, after the `#`: a browser does not send that part anywhere. */
  readonly url: string;
  readonly latest: Snapshot | undefined;
  /** The run begins with this world; before, whoever asks is told to wait. */
  begin(world: World): void;
  /** How the world is now: what is different is what happened. */
  look(world: World): void;
  /** What happened beside that. */
  tell(bodies: readonly Body[]): void;
  close(): Promise<void>;
}

/** Listens. Rejects with a {@link HostError} when the port cannot be had. */
export async function serveControlPage(options: ControlPageOptions): Promise<ControlPage> {
  const { serveControlPage: serve } = await import('./control/server.ts');
  return serve(options);
}
