/** Two peers joined by a virtual cable in virtual time, for the tests of this room. */
import { type Address, Heap, type Instant, instant, seconds } from '../base/index.ts';
import { describeNotification, type Message } from '../wire/index.ts';
import type { LinkName, PeerConfig, PeerEffect, PeerEvent } from './index.ts';
import { newPeer, type PeerState, peerDue, stepPeer, viewOf, welcome } from './index.ts';

export const LEFT: PeerConfig = {
  localAsn: 64500,
  localId: '10.0.0.1' as Address,
  remoteAsn: 64501,
  seed: 1,
};
export const RIGHT: PeerConfig = {
  localAsn: 64501,
  localId: '10.0.0.2' as Address,
  remoteAsn: 64500,
  seed: 2,
};
export const GR = { restartTime: seconds(120) };

/** One end: its peer, what it was told to do, and its half of each connection. */
export class End {
  state: PeerState;
  readonly address: Address;
  /** `12.5 up outgoing`, one line an effect. */
  readonly log: string[] = [];
  readonly effects: PeerEffect[] = [];
  readonly wires: { outgoing: Wire | undefined; incoming: Wire | undefined } = {
    outgoing: undefined,
    incoming: undefined,
  };
  /** What came of the dials that are in flight. */
  dialing = 0;

  constructor(config: PeerConfig, address: Address) {
    this.state = newPeer(config);
    this.address = address;
  }

  did(what: PeerEffect['do']): readonly PeerEffect[] {
    return this.effects.filter((e) => e.do === what);
  }
}

interface Wire {
  alive: boolean;
}

export class Pair {
  now: Instant = instant(0);
  readonly left: End;
  readonly right: End;
  /** Nothing passes, and nobody is told. */
  cut = false;
  readonly #queue = new Heap<{ at: Instant; order: number; run: () => void }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );
  #order = 0;
  readonly #delay: number;

  constructor(left: Partial<PeerConfig> = {}, right: Partial<PeerConfig> = {}, delayMs = 10) {
    this.left = new End({ ...LEFT, ...left }, '192.0.2.1' as Address);
    this.right = new End({ ...RIGHT, ...right }, '192.0.2.2' as Address);
    this.#delay = delayMs;
  }

  start(...ends: readonly End[]): this {
    for (const end of ends.length > 0 ? ends : [this.left, this.right]) this.feed(end, { kind: 'start' });
    return this;
  }

  feed(end: End, event: PeerEvent): void {
    const [state, effects] = stepPeer(end.state, event, this.now);
    end.state = state;
    for (const effect of effects) this.#perform(end, effect);
  }

  /** Runs until `s` seconds after the beginning. */
  run(s: number): this {
    const until = instant(s * 1000);
    for (let steps = 0; steps < 100_000; steps++) {
      const [l, r, q] = [peerDue(this.left.state), peerDue(this.right.state), this.#queue.peek()?.at];
      const next = Math.min(l ?? Infinity, r ?? Infinity, q ?? Infinity);
      if (next > until) {
        this.now = until;
        return this;
      }
      this.now = instant(Math.max(this.now, next));
      if (q !== undefined && q <= this.now) this.#queue.pop()?.run();
      else this.feed(l !== undefined && l <= this.now ? this.left : this.right, { kind: 'due' });
    }
    throw new Error('the pair never comes to rest');
  }

  states(): string {
    return [this.left, this.right].map((e) => viewOf(e.state, this.now).state).join(' ');
  }

  /** The connection breaks, and both ends are told; or one end only: the other has lost power. */
  break(why: string, ...told: readonly End[]): void {
    for (const end of [this.left, this.right]) {
      for (const link of ['outgoing', 'incoming'] as const) {
        const wire = end.wires[link];
        end.wires[link] = undefined;
        if (wire) wire.alive = false;
        if (wire && (told.length === 0 || told.includes(end))) this.feed(end, { kind: 'tcpDown', link, why });
      }
    }
  }

  /** The process at one end is gone, and a new one stands there. The other end is told if its kernel lives. */
  reboot(end: End, config: PeerConfig, told: boolean): void {
    const other = this.#other(end);
    for (const link of ['outgoing', 'incoming'] as const) {
      const wire = end.wires[link];
      end.wires[link] = undefined;
      if (!wire) continue;
      const theirs = link === 'outgoing' ? 'incoming' : 'outgoing';
      if (told) {
        other.wires[theirs] = undefined;
        wire.alive = false;
        this.feed(other, { kind: 'tcpDown', link: theirs, why: 'reset' });
      }
    }
    end.state = newPeer(config);
  }

  #other(end: End): End {
    return end === this.left ? this.right : this.left;
  }

  #later(run: () => void, ms = this.#delay): void {
    this.#queue.push({ at: instant(this.now + ms), order: this.#order++, run });
  }

  #perform(end: End, effect: PeerEffect): void {
    end.effects.push(effect);
    end.log.push(`${(this.now / 1000).toFixed(2)} ${say(effect)}`);
    if (effect.do === 'connect') this.#dial(end);
    else if (effect.do === 'close') this.#close(end, effect.link);
    else if (effect.do === 'send') this.#send(end, effect.link, effect.message);
  }

  #dial(end: End): void {
    const dial = ++end.dialing;
    const other = this.#other(end);
    this.#later(() => {
      if (this.cut || dial !== end.dialing) return;
      const wire: Wire = { alive: true };
      const verdict = welcome(other.state, this.now);
      end.wires.outgoing = wire;
      if (typeof verdict === 'string') {
        if (other.wires.incoming) other.wires.incoming.alive = false;
        other.wires.incoming = wire;
        this.feed(other, { kind: 'tcpUp', link: 'incoming', local: other.address, remote: end.address });
      } else {
        this.#later(() => this.#hear(end, 'outgoing', wire, verdict));
      }
      this.feed(end, { kind: 'tcpUp', link: 'outgoing', local: end.address, remote: other.address });
    });
  }

  #close(end: End, link: LinkName): void {
    const wire = end.wires[link];
    end.wires[link] = undefined;
    if (link === 'outgoing') end.dialing++;
    if (!wire) return;
    const other = this.#other(end);
    const theirs = link === 'outgoing' ? 'incoming' : 'outgoing';
    this.#later(() => {
      if (this.cut || other.wires[theirs] !== wire) return;
      other.wires[theirs] = undefined;
      this.feed(other, { kind: 'tcpDown', link: theirs, why: 'closed' });
    });
  }

  #send(end: End, link: LinkName, message: Message): void {
    const wire = end.wires[link];
    if (!wire) return;
    const theirs = link === 'outgoing' ? 'incoming' : 'outgoing';
    this.#later(() => this.#hear(this.#other(end), theirs, wire, message));
  }

  #hear(end: End, link: LinkName, wire: Wire, message: Message): void {
    if (this.cut || !wire.alive || end.wires[link] !== wire) return;
    if (message.kind === 'open') this.feed(end, { kind: 'open', link, open: message });
    else if (message.kind === 'notification')
      this.feed(end, { kind: 'notification', link, notification: message });
    else if (message.kind === 'routeRefresh') this.feed(end, { kind: 'refresh', link, refresh: message });
    else this.feed(end, { kind: message.kind, link });
  }
}

/** An effect on one line. */
export function say(effect: PeerEffect): string {
  switch (effect.do) {
    case 'connect':
      return 'connect';
    case 'close':
      return `close ${effect.link}`;
    case 'send': {
      const { message: m } = effect;
      const what = m.kind === 'notification' ? describeNotification(m) : m.kind;
      return `send ${effect.link} ${what}`;
    }
    case 'up':
      return `up ${effect.link}`;
    case 'down':
      return `down (${effect.why.by}) retain [${effect.retain.join(' ')}]`;
    case 'flush':
      return `flush [${effect.families.join(' ')}]: ${effect.why}`;
    case 'resend':
      return `resend ${effect.family}${effect.markers ? ' with markers' : ''}`;
    case 'stale':
      return `stale ${effect.family}`;
  }
}
