/** Messages between sites and controller as datagrams see them: late, lost, doubled, overtaken. */
import { after, type Clock, type Millis, millis, type Random } from '../base/index.ts';

export class Mail {
  /** Sites that the controller cannot be reached from, nor reach. */
  readonly cut = new Set<string>();
  /** Nobody reaches the controller. */
  allCut = false;
  /** Chance that a message is lost. */
  loss = 0;
  /** A message takes up to this much longer than it should. */
  delay: Millis = millis(5);
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Delivers once, twice, or not at all; what is under way when a cut comes is lost with it. */
  send(site: string, latency: Millis, deliver: () => void): void {
    const copies = this.loss > 0 && this.#random.chance(0.1) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.#random.chance(this.loss)) continue;
      const at = after(this.#clock.now(), millis(latency + this.#random.unit() * this.delay));
      this.#clock.wake(at, () => {
        if (!this.allCut && !this.cut.has(site)) deliver();
      });
    }
  }
}
