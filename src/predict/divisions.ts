/** Divisions of traffic over sites as they are written one after the other, in the arrays that a prediction is read from. */
import type { Divided } from './catchment.ts';
import { NO_SHARE } from './kernel/index.ts';

export class Divisions {
  /** Which division each node has; NO_SHARE until it is set. */
  readonly share: Uint32Array;
  #starts = new Uint32Array(1 << 10);
  #seed = new Uint16Array(1 << 12);
  #part = new Float32Array(1 << 12);
  #count = 0;

  constructor(nodes: number) {
    this.share = new Uint32Array(nodes).fill(NO_SHARE);
  }

  /** Adds a division, by site; gives its number. */
  add(parts: Float64Array): number {
    const d = this.#count++;
    if (d + 2 > this.#starts.length) this.#starts = wider(this.#starts, new Uint32Array(2 * (d + 2)));
    let at = this.#starts[d] as number;
    if (at + parts.length > this.#seed.length) {
      const size = 2 * (at + parts.length);
      this.#seed = wider(this.#seed, new Uint16Array(size));
      this.#part = wider(this.#part, new Float32Array(size));
    }
    for (let k = 0; k < parts.length; k++)
      if ((parts[k] as number) > 0) {
        this.#seed[at] = k;
        this.#part[at++] = parts[k] as number;
      }
    this.#starts[d + 1] = at;
    return d;
  }

  /** The arrays as they are now; what is added later may not be in them. */
  all(): Divided {
    return {
      share: this.share,
      starts: this.#starts,
      seed: this.#seed,
      part: this.#part,
      count: this.#count,
    };
  }
}

function wider<T extends Uint32Array | Uint16Array | Float32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
