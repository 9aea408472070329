/**
 * How much a site carries, in bits per second: from the counters of an interface that the plan names, or as told by whoever
 * knows better, such as a front or an edge. What nobody has measured lately is not known.
 */
import { readFileSync } from 'node:fs';
import { after, between, type Clock, type Instant, millis } from '../base/index.ts';

/** How often counters are read. */
const EVERY_MS = 2000;
/** What was told is believed for so long. */
const BELIEVED_MS = 30_000;

/** Bytes since the interface came up. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

export interface LoadOptions {
  readonly clock: Clock;
  /** The larger of both directions; undefined: not known any more. */
  readonly tell: (bitsPerSecond: number | undefined) => void;
  readonly trouble: (why: string) => void;
  /** The counters of an interface; throws the system's error. */
  readonly read?: (name: string) => Traffic;
}

export class LoadMeter {
  readonly #options: LoadOptions;
  #interface: string | undefined;
  #last: { readonly at: Instant; readonly traffic: Traffic } | undefined;
  #told: Instant | undefined;
  #failing = false;
  #cancel: (() => void) | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** The counters as they were read last; undefined when there are none. */
  get traffic(): Traffic | undefined {
    return this.#last?.traffic;
  }

  /** Reads this interface from now on; undefined: none. The same as before is no change. */
  follow(name: string | undefined): void {
    if (name === this.#interface) return;
    this.#interface = name;
    this.#last = undefined;
    this.#failing = false;
    this.#arm();
    if (name !== undefined) this.#look();
    else this.#options.tell(undefined);
  }

  /** Somebody who knows says so. Believed until told again, or for half a minute, and more than any counter. */
  given(bitsPerSecond: number): void {
    this.#told = this.#options.clock.now();
    this.#options.tell(bitsPerSecond);
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#interface === undefined && this.#told === undefined) return;
    const { clock } = this.#options;
    this.#cancel = clock.wake(after(clock.now(), millis(EVERY_MS)), () => {
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const now = this.#options.clock.now();
    if (this.#told !== undefined && between(this.#told, now) >= BELIEVED_MS) {
      this.#told = undefined;
      this.#options.tell(undefined);
    }
    if (this.#interface === undefined) return;
    const before = this.#last;
    try {
      const traffic = (this.#options.read ?? countersOf)(this.#interface);
      this.#last = { at: now, traffic };
      this.#failing = false;
      if (!before || this.#told !== undefined) return;
      const seconds = between(before.at, now) / 1000;
      const more = Math.max(traffic.received - before.traffic.received, traffic.sent - before.traffic.sent);
      // Counters begin anew with their interface: of such a time nothing is known.
      if (seconds > 0 && more >= 0) this.#options.tell((more * 8) / seconds);
    } catch (error) {
      this.#last = undefined;
      if (this.#failing) return;
      this.#failing = true;
      if (this.#told === undefined) this.#options.tell(undefined);
      const { code } = error as NodeJS.ErrnoException;
      this.#options.trouble(
        `the load of the site is not known: ${code === 'ENOENT' ? `there is no interface ${this.#interface} here` : String(code)}`,
      );
    }
  }
}

function countersOf(name: string): Traffic {
  const of = (what: string) => Number(readFileSync(`/sys/class/net/${name}/statistics/${what}`, 'latin1'));
  return { received: of('rx_bytes'), sent: of('tx_bytes') };
}
