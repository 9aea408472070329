/** The service addresses that the agent has put on interfaces, and has to take away again. */
import type { Logger } from '../host/index.ts';
import type { Duties } from '../site/index.ts';
import { addAddress, removeAddress, wanted } from './addresses.ts';
import type { Added } from './state-file.ts';

export class OwnAddresses {
  readonly #log: Logger;
  #added: readonly Added[];

  /** `added`: what an earlier life of the agent has put there and could not take away. */
  constructor(log: Logger, added: readonly Added[]) {
    this.#log = log;
    this.#added = added;
  }

  get added(): readonly Added[] {
    return this.#added;
  }

  /** Adds what these duties want, takes away what was ours and is wanted no more. Trouble is logged: probes will say the rest. */
  async follow(duties: Duties): Promise<void> {
    const all = wanted(duties);
    for (const old of this.#added.filter((a) => !all.some((w) => equal(w, a)))) await this.#remove(old);
    for (const one of all) {
      try {
        if (!(await addAddress(one))) continue;
        this.#added = [...this.#added.filter((a) => !equal(a, one)), one];
        this.#log.info(`${one.address} is on ${one.interface} now`);
      } catch (error) {
        this.#log.error((error as Error).message);
      }
    }
  }

  async removeAll(): Promise<void> {
    for (const one of this.#added) await this.#remove(one);
  }

  async #remove(one: Added): Promise<void> {
    try {
      await removeAddress(one);
      this.#added = this.#added.filter((a) => !equal(a, one));
    } catch (error) {
      this.#log.error((error as Error).message);
    }
  }
}

function equal(a: Added, b: Added): boolean {
  return a.address === b.address && a.interface === b.interface;
}
