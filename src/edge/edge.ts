/** What a client meets at a site: its services, and the switches that make them fail on purpose. */
import { type Endpoint, HostError } from '../host/index.ts';
import { serveDns } from './dns.ts';
import { serveHttp } from './http.ts';
import type { Fault, Identity, Zone } from './identity.ts';
import type { Mood, Outlet } from './outlet.ts';

export interface EdgeService {
  /** The service's name in the plan. */
  readonly name: string;
  readonly kind: 'dns' | 'http';
  /** Where it listens. Port 0 lets the system choose. */
  readonly listen: readonly Endpoint[];
}

export interface EdgeOptions extends Identity {
  readonly services: readonly EdgeService[];
  /** What DNS services answer for beside their identity; absent: nothing. */
  readonly zone?: Zone;
}

export interface RunningService {
  readonly name: string;
  readonly kind: 'dns' | 'http';
  /** Where it listens, with the ports that the system chose. They stay the same over failing and healing. */
  readonly listens: readonly Endpoint[];
  /** How it fails now; undefined when it does not. */
  readonly fault: Fault | undefined;
  /** Clients that are connected at this moment. */
  readonly sessions: number;
  /** Answers given since the start, wrong ones included. */
  readonly answered: number;
}

export interface Edge {
  readonly services: readonly RunningService[];
  /** Makes a service fail in this way from now on, instead of the way before. Rejects when there is none of that name. */
  fail(service: string, how: Fault): Promise<void>;
  /** Makes it well again. Rejects when its port was taken meanwhile. */
  heal(service: string): Promise<void>;
  /** Listens no more; requests under way are given a second. */
  close(): Promise<void>;
}

const GRACE_MS = 1000;

/** Starts a site's services. Rejects with a HostError when one cannot listen, and then none of them is left. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const running = options.services.map((service) => new Running(service, options));
  const close = async (): Promise<void> => {
    await Promise.all(running.map((r) => r.close(GRACE_MS)));
  };
  try {
    for (const r of running) await r.open();
  } catch (error) {
    await close();
    throw error;
  }
  const named = (name: string): readonly Running[] => {
    const found = running.filter((r) => r.name === name);
    if (found.length > 0) return found;
    const all = [...new Set(running.map((r) => r.name))].join(', ') || 'none';
    throw new HostError('other', `there is no service ${name} at ${options.site}; there is: ${all}`);
  };
  return {
    services: running,
    fail: async (name, how) => {
      for (const r of named(name)) await r.change(how);
    },
    heal: async (name) => {
      for (const r of named(name)) await r.change(undefined);
    },
    close,
  };
}

class Running implements RunningService {
  readonly name: string;
  readonly kind: 'dns' | 'http';
  fault: Fault | undefined;
  listens: readonly Endpoint[];
  readonly #options: EdgeOptions;
  #outlets: Outlet[] = [];
  /** Answers of outlets that were closed. */
  #before = 0;
  #closed = false;
  /** Changes follow one another; each waits for the one before. */
  #last: Promise<void> = Promise.resolve();

  constructor(service: EdgeService, options: EdgeOptions) {
    this.name = service.name;
    this.kind = service.kind;
    this.listens = service.listen;
    this.#options = options;
  }

  get sessions(): number {
    return this.#outlets.reduce((sum, o) => sum + o.sessions, 0);
  }

  get answered(): number {
    return this.#outlets.reduce((sum, o) => sum + o.answered, this.#before);
  }

  async open(): Promise<void> {
    const mood = (): Mood => (this.fault === 'hang' || this.fault === 'wrong' ? this.fault : 'well');
    for (const at of this.listens)
      this.#outlets.push(
        this.kind === 'dns'
          ? await serveDns(at, { identity: this.#options, ...this.#zone() }, mood)
          : await serveHttp(at, this.#options, this.name, mood),
      );
    this.listens = this.#outlets.map((o) => o.bound);
  }

  change(to: Fault | undefined): Promise<void> {
    const next = this.#last.then(async () => {
      if (this.#closed || this.fault === to) return;
      const was = this.fault;
      // Whoever hangs already is cut off: what was healed answers, what refuses has no clients.
      if (to === 'refuse' || was === 'hang') await this.#shut(0);
      this.fault = to;
      if (to !== 'refuse' && this.#outlets.length === 0) await this.open();
    });
    this.#last = next.catch(() => {});
    return next;
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#shut(this.fault === 'hang' ? 0 : graceMs);
  }

  async #shut(graceMs: number): Promise<void> {
    const outlets = this.#outlets.splice(0);
    await Promise.all(outlets.map((o) => o.close(graceMs)));
    this.#before += outlets.reduce((sum, o) => sum + o.answered, 0);
  }

  #zone(): { readonly zone?: Zone } {
    return this.#options.zone === undefined ? {} : { zone: this.#options.zone };
  }
}
