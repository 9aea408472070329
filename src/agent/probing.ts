/** Asks what the plan says of each service, as often as the site wants it, and hands the answers on. */
import type { Clock } from '../base/index.ts';
import { type ProbeTask, type Schedule, schedule } from '../host/index.ts';
import { type Duties, type ProbeResult, pace, type SiteState } from '../site/index.ts';

/** Makes one probe of one service something that can be run. */
export type MakeTask = (duties: Duties, service: string, probe: string) => ProbeTask;

export type OnAnswer = (service: string, probe: string, result: ProbeResult) => void;

/** The name of a probe of a service wherever it stands alone. */
export function probeName(service: string, probe: string): string {
  return `${service}/${probe}`;
}

export class Probing {
  readonly #schedule: Schedule;
  readonly #make: MakeTask;
  /** What each task was made of. */
  readonly #running = new Map<
    string,
    { readonly service: string; readonly probe: string; readonly of: string }
  >();

  constructor(make: MakeTask, clock: Clock, seed: number, onAnswer: OnAnswer) {
    this.#make = make;
    this.#schedule = schedule([], {
      clock,
      seed,
      onResult: (name, answer) => {
        const task = this.#running.get(name);
        if (task) onAnswer(task.service, task.probe, answer);
      },
    });
  }

  /** Asks what these duties ask; probes that are as before are not disturbed. */
  follow(duties: Duties): void {
    const wanted = new Set<string>();
    for (const service of duties.services) {
      const { address, probes } = duties.plan.services[service]!;
      for (const [probe, spec] of Object.entries(probes)) {
        const name = probeName(service, probe);
        wanted.add(name);
        const of = JSON.stringify([address, spec]);
        if (this.#running.get(name)?.of === of) continue;
        this.#running.set(name, { service, probe, of });
        this.#schedule.add(this.#make(duties, service, probe));
      }
    }
    for (const name of this.#running.keys()) {
      if (wanted.has(name)) continue;
      this.#running.delete(name);
      this.#schedule.remove(name);
    }
  }

  /** Asks sooner while a failure is being confirmed. */
  pace(duties: Duties, state: SiteState, service: string): void {
    for (const [probe, spec] of Object.entries(duties.plan.services[service]?.probes ?? {})) {
      const seen = state.services[service]?.probes[probe];
      if (!seen) continue;
      const every = pace(spec, seen);
      this.#schedule.pace(probeName(service, probe), every === spec.every ? undefined : every);
    }
  }

  /** Asks all of them now. */
  recheck(): void {
    for (const name of this.#running.keys()) this.#schedule.recheck(name);
  }

  stop(): void {
    this.#schedule.stop();
    this.#running.clear();
  }
}
