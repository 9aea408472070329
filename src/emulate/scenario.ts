/** What happens to a network and when, as data. */
import type { Millis } from '../base/index.ts';
import type { Health } from './health.ts';

/** Where a fault is: a site with all its links, one of its sessions, or a link between two ASes. */
export interface Where {
  readonly site?: string;
  readonly upstream?: string;
  /** `64601-64602`, as the network names it. */
  readonly link?: string;
}

export type Action =
  /** A service is unwell at a site, or at all that run it. Default `refused`. */
  | { readonly do: 'fail'; readonly service: string; readonly site?: string; readonly how?: Health }
  | { readonly do: 'repair'; readonly service: string; readonly site?: string }
  /** The agent's process ends without a word; its kernel closes the connections. */
  | { readonly do: 'kill'; readonly site: string }
  /** The whole host vanishes: nobody closes anything. */
  | { readonly do: 'power-off'; readonly site: string }
  /** The agent starts again from its state file, or, with `forget`, from nothing. */
  | { readonly do: 'start'; readonly site: string; readonly forget?: true }
  /** A clean stop: withdraw, say goodbye, end. */
  | { readonly do: 'stop'; readonly site: string }
  | ({ readonly do: 'cut' | 'heal' } & Where)
  /** Packets take this much longer; zero: as before. */
  | ({ readonly do: 'slow'; readonly by: Millis } & Where)
  /** A session's connection breaks where both ends notice. */
  | { readonly do: 'reset'; readonly site: string; readonly upstream: string }
  /** The controller is out of reach of one site, or of all. */
  | { readonly do: 'cut-controller' | 'heal-controller'; readonly site?: string }
  /** The controller loses all it knew and begins as a successor. */
  | { readonly do: 'replace-controller' }
  /** Messages to and from the controller: chance of loss, and how much later they may come. */
  | { readonly do: 'mail'; readonly loss: number; readonly delay: Millis }
  | { readonly do: 'drain' | 'undrain' | 'thaw'; readonly site: string }
  | { readonly do: 'freeze'; readonly site: string; readonly for?: Millis }
  /** Every link, host, agent and message is as it should be again; services and orders stay as they are. */
  | { readonly do: 'calm' };

export type Step = { readonly at: Millis } & Action;

export interface Scenario {
  readonly name: string;
  readonly summary?: string;
  /** In the order of their instants; zero is when every session is up and every service judged. */
  readonly steps: readonly Step[];
  /** How long to look at it before everything has to settle; default: the last step. */
  readonly lasts?: Millis;
}

/** The most steps a scenario may have. */
export const MOST_STEPS = 10_000;

/** An action in the operator's words. */
export function describeAction(a: Action): string {
  switch (a.do) {
    case 'fail':
      return `fail ${a.service} at ${a.site ?? 'every site'} (${a.how ?? 'refused'})`;
    case 'repair':
      return `repair ${a.service} at ${a.site ?? 'every site'}`;
    case 'start':
      return a.forget ? `start ${a.site} without its state file` : `start ${a.site}`;
    case 'kill':
    case 'power-off':
    case 'stop':
    case 'drain':
    case 'undrain':
    case 'thaw':
      return `${a.do} ${a.site}`;
    case 'freeze':
      return `freeze ${a.site}${a.for === undefined ? '' : ` for ${a.for / 1000} s`}`;
    case 'cut':
    case 'heal':
      return `${a.do} ${describeWhere(a)}`;
    case 'slow':
      return `slow ${describeWhere(a)} by ${a.by} ms`;
    case 'reset':
      return `reset ${a.site}/${a.upstream}`;
    case 'cut-controller':
    case 'heal-controller':
      return `${a.do} ${a.site === undefined ? 'for all' : `for ${a.site}`}`;
    case 'replace-controller':
      return 'replace the controller by one that knows nothing';
    case 'mail':
      return `mail: ${Math.round(a.loss * 100)} % lost, up to ${a.delay} ms late`;
    case 'calm':
      return 'calm: everything works again';
  }
}

function describeWhere(w: Where): string {
  if (w.link !== undefined) return w.link;
  return w.upstream === undefined ? `${w.site}` : `${w.site}/${w.upstream}`;
}
