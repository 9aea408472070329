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

  /** Puts there what these duties want. Trouble is logged: probes will say the rest. */
  async add(duties: Duties): Promise<void> {
    for (const one of wanted(duties)) {
      try {
        if (!(await addAddress(one))) continue;
        this.#added = [...this.#added.filter((a) => !equal(a, one)), one];
        this.#log.info(`${one.address} is on ${one.interface} now`);
      } catch (error) {
        this.#log.error((error as Error).message);
      }
    }
  }

  /** Takes away what was ours and these duties want no more. */
  async tidy(duties: Duties): Promise<void> {
    const all = wanted(duties);
    for (const old of this.#added.filter((a) => !all.some((w) => equal(w, a)))) await this.#remove(old);
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
