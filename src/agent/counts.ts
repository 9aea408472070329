/** What an agent counts while it runs, for its status and its metrics. */
import { probeName } from './probing.ts';

export interface ProbeCounts {
  readonly service: string;
  readonly probe: string;
  readonly outcomes: { [outcome: string]: number };
  /** Milliseconds of the last answer. */
  took?: number;
}

/** Times that wait for a scrape. */
const WRITTEN = 1000;

export class Counts {
  /** By the probe's full name; as many as the plans of this life have had. */
  readonly probes = new Map<string, ProbeCounts>();
  decisions = 0;
  #written: number[] = [];

  probe(service: string, probe: string, outcome: string, took: number | undefined): void {
    const name = probeName(service, probe);
    let counts = this.probes.get(name);
    if (!counts) this.probes.set(name, (counts = { service, probe, outcomes: {} }));
    counts.outcomes[outcome] = (counts.outcomes[outcome] ?? 0) + 1;
    if (took !== undefined) counts.took = took;
  }

  /** A decision was written to the upstreams, so many milliseconds after what caused it. */
  written(took: number): void {
    this.decisions++;
    this.#written.push(took);
    if (this.#written.length > WRITTEN) this.#written.shift();
  }

  /** Times since the last call, in milliseconds. */
  takeWritten(): readonly number[] {
    return this.#written.splice(0);
  }

  /** Milliseconds of a probe's last answer. */
  took(name: string): number | undefined {
    return this.probes.get(name)?.took;
  }
}
