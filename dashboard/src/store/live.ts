/**
 * The network as it is now: one snapshot, then every event after it, folded together by `control`'s `Timeline`. After a break it
 * goes on where it stopped; when the server does not have that any more, it sends a snapshot, and we go on from there.
 */
import { type Event, type Snapshot, Timeline } from '../../../src/control/index.ts';
import type { Api } from './api.ts';
import { type Source, store } from './store.ts';

export type Connection =
  /** Nothing was heard yet, or the network says that it is still starting. */
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** It was there, and is not; it is tried again and again. `since` in milliseconds since 1970. */
  | { readonly state: 'lost'; readonly since: number; readonly why: string }
  /** Trying again is of no use. */
  | { readonly state: 'failed'; readonly why: string };

/** The timeline grows in place; it stands in a new wrapper after every change. */
export interface History {
  readonly timeline: Timeline;
}

export type Heard = (events: readonly Event[], before: Snapshot) => void;

export interface Live {
  readonly snapshot: Source<Snapshot | undefined>;
  readonly connection: Source<Connection>;
  /** What has happened, as far as it is kept here. */
  readonly history: Source<History | undefined>;
  /** Puts a longer past under what is here: `timeline` has to end where the present one does. Not taken otherwise. */
  extend(timeline: Timeline): boolean;
  /** Calls `heard` with what has just happened, several at once when they come at once, and the snapshot before them. */
  onEvents(heard: Heard): () => void;
  /** Tries at once, rather than when it is due. */
  retry(): void;
  stop(): void;
}

/** Events that come within this are drawn together. */
const FRAME_MS = 16;
/** Between attempts, doubled each time up to the last. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
/** A network that starts is asked again so soon. */
const STARTING_MS = 400;

export function live(api: Api): Live {
  const snapshot = store<Snapshot | undefined>(undefined);
  const connection = store<Connection>({ state: 'connecting' });
  const history = store<History | undefined>(undefined);
  const listeners = new Set<Heard>();
  let waiting: Event[] = [];
  let flush: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let hangUp = () => {};
  let stopped = false;

  function hear(event: Event): void {
    waiting.push(event);
    flush ??= setTimeout(fold, FRAME_MS);
  }

  function fold(): void {
    clearTimeout(flush);
    flush = undefined;
    const timeline = history.get()?.timeline;
    const events = waiting;
    waiting = [];
    if (!timeline || events.length === 0) return;
    const before = timeline.latest;
    const fresh: Event[] = [];
    for (const event of events) {
      const so = timeline.push(event);
      if (so === 'taken') fresh.push(event);
      else if (so === 'gap') {
        void renew();
        break;
      }
    }
    if (fresh.length === 0) return;
    show(timeline);
    for (const heard of [...listeners]) heard(fresh, before);
  }

  function show(timeline: Timeline): void {
    history.set({ timeline });
    snapshot.set(timeline.latest);
  }

  /** Goes on from a snapshot, whatever was missed. */
  function jump(to: Snapshot): void {
    fold();
    const timeline = history.get()?.timeline ?? new Timeline(to);
    if (timeline.latest !== to) timeline.jump(to);
    show(timeline);
  }

  async function renew(): Promise<void> {
    hangUp();
    try {
      jump(await api.snapshot());
      if (!stopped) listen();
    } catch (error) {
      const why = (error as Error).message;
      if (api.hopeless(error)) connection.set({ state: 'failed', why });
      else if (api.starting(error) && !snapshot.get() && !stopped) {
        connection.set({ state: 'connecting' });
        again = setTimeout(connect, STARTING_MS);
      } else lose(why);
    }
  }

  function connect(): void {
    clearTimeout(again);
    fold();
    if (snapshot.get()) listen();
    else void renew();
  }

  function listen(): void {
    hangUp();
    hangUp = api.events(snapshot.get() as Snapshot, {
      opened() {
        tries = 0;
        connection.set({ state: 'live' });
      },
      event: hear,
      reset: jump,
      garbled: () => void renew(),
      broken: lose,
    });
  }

  function lose(why: string): void {
    hangUp();
    if (stopped) return;
    const was = connection.get();
    connection.set({ state: 'lost', since: was.state === 'lost' ? was.since : Date.now(), why });
    clearTimeout(again);
    again = setTimeout(connect, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries));
    tries++;
  }

  connect();
  return {
    snapshot,
    connection,
    history,
    extend(timeline) {
      fold();
      const present = history.get()?.timeline.latest;
      if (!present || timeline.latest.run !== present.run || timeline.latest.seq !== present.seq)
        return false;
      show(timeline);
      return true;
    },
    onEvents(heard) {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
    retry() {
      tries = 0;
      if (connection.get().state !== 'live') connect();
    },
    stop() {
      stopped = true;
      hangUp();
      clearTimeout(again);
      clearTimeout(flush);
    },
  };
}
