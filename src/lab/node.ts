/**
 * One router of the embedded internet: a speaker in real time, whose connections are either wires inside this process or TCP
 * connections to the agents. It carries bytes and decides nothing.
 */
import type { Address, Asn, Clock, Instant, Prefix } from '../base/index.ts';
import { type LinkName, welcome } from '../session/index.ts';
import { familyOfPrefix, type PeerOptions, Speaker, type SpeakerInput } from '../speaker/index.ts';
import { type Attribute, encodeMessage, type Segment } from '../wire/index.ts';

/** One connection of a peer. */
export interface Line {
  write(bytes: Uint8Array): void;
  /** After the last words. */
  close(): void;
}

export interface NodeHandlers {
  /** The speaker wants a connection to this peer. */
  connect(peer: string): void;
  /** Its routes may have changed. */
  changed(): void;
}

export class Node {
  readonly name: string;
  readonly speaker: Speaker;
  readonly address: Address;
  readonly #clock: Clock;
  readonly #handlers: NodeHandlers;
  readonly #lines = new Map<string, Line>();
  #wake: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #stopped = false;

  constructor(name: string, asn: Asn, address: Address, clock: Clock, handlers: NodeHandlers) {
    this.name = name;
    this.address = address;
    this.#clock = clock;
    this.#handlers = handlers;
    this.speaker = new Speaker({ asn, id: address, decision: { alwaysCompareMed: true } });
  }

  addPeer(options: PeerOptions): void {
    this.feed({ kind: 'addPeer', options });
  }

  start(): void {
    for (const peer of this.speaker.peers.keys())
      this.feed({ kind: 'event', peer, event: { kind: 'start' } });
  }

  /** Says nothing and hears nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.cancel();
    this.#lines.clear();
  }

  feed(input: SpeakerInput): void {
    if (this.#stopped) return;
    this.speaker.feed(input, this.#clock.now());
    // A table of a few prefixes: long work is short here.
    while (this.speaker.busy) this.speaker.feed({ kind: 'work' }, this.#clock.now());
    this.#settle();
    this.#handlers.changed();
  }

  /** False when the speaker wants no connection of this peer now; then it has been told why. */
  accept(peer: string, line: Line, remote: Address): boolean {
    const state = this.speaker.peers.get(peer)?.machine;
    if (!state || this.#stopped) return false;
    const answer = welcome(state, this.#clock.now());
    if (typeof answer === 'object') {
      line.write(encodeMessage(answer, BEFORE_OPEN));
      line.close();
      return false;
    }
    this.attach(peer, 'incoming', line, remote);
    return true;
  }

  attach(peer: string, link: LinkName, line: Line, remote: Address): void {
    this.#lines.set(`${peer} ${link}`, line);
    this.feed({ kind: 'event', peer, event: { kind: 'tcpUp', link, local: this.address, remote } });
  }

  /** The connection ended; nothing happens when `line` is not the one that stands. */
  detach(peer: string, link: LinkName, line: Line, why: string): void {
    if (this.#lines.get(`${peer} ${link}`) !== line) return;
    this.#lines.delete(`${peer} ${link}`);
    this.feed({ kind: 'event', peer, event: { kind: 'tcpDown', link, why } });
  }

  receive(peer: string, link: LinkName, line: Line, bytes: Uint8Array): void {
    if (this.#lines.get(`${peer} ${link}`) === line) this.feed({ kind: 'bytes', peer, link, bytes });
  }

  /** The peer of the best route to a prefix; undefined when there is none. */
  nextHop(prefix: Prefix): string | undefined {
    const { rib } = this.speaker;
    const table = rib.table(familyOfPrefix(prefix));
    const id = table.prefixes.findText(prefix);
    if (id === 0 || !table.bestAttributes[id]) return undefined;
    const source = table.bestSource[id] as number;
    return this.speaker.peerByNumber(rib.sources.peer[source] as number)?.name;
  }

  #settle(): void {
    for (const effect of this.speaker.takeEffects()) {
      if (effect.do === 'connect') this.#handlers.connect(effect.peer);
      else if (effect.do === 'close') {
        const key = `${effect.peer} ${effect.link}`;
        const line = this.#lines.get(key);
        this.#lines.delete(key);
        if (effect.bytes.length > 0) line?.write(effect.bytes);
        line?.close();
      }
    }
    for (const peer of this.speaker.takeReady())
      for (const link of ['outgoing', 'incoming'] as const) {
        const line = this.#lines.get(`${peer.name} ${link}`);
        if (!line) continue;
        for (let bytes = this.speaker.pull(peer, link); bytes; bytes = this.speaker.pull(peer, link))
          line.write(bytes);
      }
    this.#arm();
  }

  #arm(): void {
    const at = this.speaker.due;
    if (this.#wake?.at === at) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (at === undefined || this.#stopped) return;
    const cancel = this.#clock.wake(at, () => {
      this.#wake = undefined;
      this.feed({ kind: 'due' });
    });
    this.#wake = { at, cancel };
  }
}

/** Before an OPEN nothing is agreed. */
const BEFORE_OPEN = { asn4: false, extendedMessage: false, addPath: [] };

/** The AS path among attributes. */
export function pathOf(attributes: readonly Attribute[]): readonly Segment[] {
  for (const a of attributes) if (a.kind === 'asPath') return a.path;
  return [];
}
