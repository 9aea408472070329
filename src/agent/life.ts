/**
 * One life of an agent, between the one before and the one after: what the state file says of the last, whether peers may still
 * hold what that announced, and what is kept of this one.
 */
import { type Address, after, type Clock, type Instant, type Millis, millis } from '../base/index.ts';
import type { Logger } from '../host/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  announcement,
  DRAIN_LEVEL,
  type Duties,
  type Level,
  restoreSite,
  type SiteState,
  startSite,
  stepSite,
} from '../site/index.ts';
import { machineRun, readState, type Saved, StateFile } from './state-file.ts';

export interface LifeOptions {
  readonly duties: Duties;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: nothing outlives the process, and a restart begins anew. */
  readonly stateFile?: string;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

/** What is to be known afterwards. */
export interface Facts {
  readonly plan: Plan;
  readonly state: SiteState;
  readonly added: readonly { readonly address: Address; readonly interface: string }[];
  /** False after a clean stop. */
  readonly running: boolean;
  /** Nobody has been told anything yet. */
  readonly held: boolean;
}

/** How often the state file's time says that the agent lives. */
const ALIVE = 2000;

export class Life {
  /** Larger than at any earlier start. */
  readonly boot: number;
  /** Peers keep what our last life told them, and may be told so. */
  readonly restarted: boolean;
  /** What is known of the site as this life begins. */
  readonly first: SiteState;
  /** Scopes of which the last life announced nothing: that they are still out is no news to peers. */
  readonly out: readonly string[];
  /** Addresses that the last life put on interfaces of this very machine, and could not take away. */
  readonly added: Saved['added'];
  readonly #options: LifeOptions;
  readonly #file: StateFile | undefined;
  #savedAs = '';
  #alive: (() => void) | undefined;

  constructor(options: LifeOptions) {
    const { duties, clock, log, stateFile, wall } = options;
    this.#options = options;
    const before = this.#before();
    this.boot = Math.max(wall(), (before?.saved.boot ?? 0) + 1);
    this.restarted = before !== undefined && this.#mayResume(before.saved, before.aliveAt);
    const restored = before && this.#restored(before.saved, clock.now());
    this.first = restored ?? startSite(duties, this.boot, clock.now());
    this.out = Object.entries(restored?.decided ?? {}).flatMap(([scope, { left }]) => (left ? [scope] : []));
    this.added = before?.saved.machine === machineRun() ? before.saved.added : [];
    if (stateFile !== undefined) this.#file = new StateFile(stateFile, (why) => log.error(why));
  }

  /** The state is written soon; of several that wait only the last is. What is as it was is not written again. */
  save({ plan, state, added, running, held }: Facts): void {
    if (!this.#file) return;
    const announcing = running && Object.values(state.decided).some(isAnnounced);
    const saved: Saved = {
      schema: 'nearcast.state/1',
      network: plan.network,
      site: this.#options.duties.site,
      boot: this.boot,
      machine: machineRun(),
      running,
      // While peers keep what the last life said, it is as if we had said it.
      announcing: announcing || (running && held && this.restarted),
      at: this.#options.clock.now(),
      utc: this.#options.wall(),
      state,
      added,
    };
    const text = JSON.stringify({ ...saved, at: 0, utc: 0 });
    if (text === this.#savedAs) return;
    this.#savedAs = text;
    this.#file.save(saved);
  }

  /** From now on the file's time says that we live. */
  begin(): void {
    const { clock } = this.#options;
    const again = () => {
      void this.#file?.touch();
      this.#alive = clock.wake(after(clock.now(), millis(ALIVE)), again);
    };
    if (this.#file) again();
  }

  /** The time stands still. */
  end(): void {
    this.#alive?.();
  }

  /** Resolves when what was saved is on the disk. */
  async settled(): Promise<void> {
    await this.#file?.settled();
  }

  #before(): { readonly saved: Saved; readonly aliveAt: number } | undefined {
    const { stateFile, duties, log } = this.#options;
    const { plan, site } = duties;
    if (stateFile === undefined) return undefined;
    const found = readState(stateFile);
    if ('nothing' in found) return undefined;
    if ('unreadable' in found) {
      log.warn(`${found.unreadable}; the agent begins anew`);
      return undefined;
    }
    const { saved } = found;
    if (saved.site !== site || saved.network !== plan.network) {
      log.warn(`${stateFile} is of site ${saved.site} of ${saved.network}; the agent begins anew`);
      return undefined;
    }
    return found;
  }

  #restored(saved: Saved, now: Instant): SiteState | undefined {
    const { duties, log, wall } = this.#options;
    const elapsed = millis(Math.max(0, wall() - saved.utc));
    try {
      const complaint = complaintOf(saved.state);
      if (complaint !== undefined) throw new Error(complaint);
      const times = { savedAt: saved.at, elapsed, boot: this.boot, resumed: this.restarted };
      const state = restoreSite(duties, saved.state, times, now);
      // What would end every start is found here, on a copy that nobody hears of.
      const [next] = stepSite(duties, state, { kind: 'due' }, now);
      announcement(duties, next);
      return state;
    } catch (error) {
      log.warn(`the saved state does not fit (${(error as Error).message}); the agent begins anew`);
      return undefined;
    }
  }

  /**
   * Whether peers may still hold what the last life announced, and it works on: it was announcing, ended without a goodbye,
   * on a machine that has run on since, and no longer ago than we asked them to wait.
   */
  #mayResume(saved: Saved, aliveAt: number): boolean {
    const { plan, site } = this.#options.duties;
    return (
      saved.running &&
      saved.announcing &&
      saved.machine === machineRun() &&
      this.#options.wall() - aliveAt <= patience(plan, site) + ALIVE
    );
  }
}

const LEVELS: readonly Level[] = ['full', 'less-preferred', 'withdrawn', 'pending'];

const isLevel = (level: Level | undefined) => level !== undefined && LEVELS.includes(level);

/** What of a state would mean nothing to the judgement; undefined when all means something. */
function complaintOf({ drain, decided, frozen, stood }: SiteState): string | undefined {
  if (!Object.hasOwn(DRAIN_LEVEL, drain.phase) || !Array.isArray(drain.remarks)) return 'its drain is none';
  if (![...Object.values(decided).map((d) => d?.level), ...Object.values(stood ?? {})].every(isLevel))
    return 'its decisions are none';
  if (frozen && !(typeof frozen.owner === 'string' && typeof frozen.reason === 'string'))
    return 'its freeze is none';
  return undefined;
}

/** The shortest time that an upstream of a site was asked to wait for us; 0 when none was. */
export function patience(plan: Plan, site: string): Millis {
  const times = Object.values(plan.sites[site]!.upstreams).flatMap((u) =>
    u.enabled && u.gracefulRestart !== undefined ? [u.gracefulRestart] : [],
  );
  return times.length === 0 ? millis(0) : (Math.min(...times) as Millis);
}

function isAnnounced({ level }: { readonly level: string }): boolean {
  return level === 'full' || level === 'less-preferred';
}
