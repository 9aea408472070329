/**
 * The past that the page does not have yet: fetched from the server's history, put under what is here. Nothing of it is
 * shown before it is whole; what happens meanwhile is not lost.
 */
import { type Event, KINDS, readSnapshot, type Snapshot, Timeline } from '../../../src/control/index.ts';
import { type Api, ApiError } from './api.ts';
import type { Live } from './live.ts';
import { type Source, store } from './store.ts';

export type PastState =
  | { readonly state: 'idle' }
  /** Until when it is fetched. */
  | { readonly state: 'loading'; readonly to: number }
  | { readonly state: 'failed'; readonly why: string };

export interface Past {
  readonly state: Source<PastState>;
  /** The oldest instant that the server has; undefined until it was asked. */
  readonly oldest: Source<number | undefined>;
  /** The page keeps no more than it has: older instants cannot be reached. */
  readonly full: Source<boolean>;
  /** Fetches what happened since an instant, unless it is here. Never rejects: `state` says how it went. */
  reach(instant: number): Promise<void>;
}

/** Events that the page keeps; what is older is not fetched. */
export const MOST_KEPT = 100_000;
/** More than is ever fetched, so that what was fetched is not forgotten at once. */
const ROOM = 50_000;
/** The first question is about so long a time before what is here; the next about more, when little happened in it. */
const STRETCH_MS = 3_600_000;
const LITTLE = 1000;
const PAGE = 5000;
/** Events that are folded without a pause. */
const BREATH = 1500;

interface Page {
  readonly keyframe: Snapshot;
  readonly events: readonly Event[];
  readonly next?: string;
  readonly oldest: number;
}

export function past(api: Api, live: Live, breathe: () => Promise<void> = pause): Past {
  const state = store<PastState>({ state: 'idle' });
  const oldest = store<number | undefined>(undefined);
  const full = store(false);
  let wanted = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;

  async function fetchAll(): Promise<void> {
    let timeline = live.history.get()?.timeline;
    while (timeline && wanted < timeline.first.at && !full.get()) {
      if (oldest.get() !== undefined && timeline.first.at <= (oldest.get() as number)) return;
      state.set({ state: 'loading', to: wanted });
      const pages = await older(timeline.first, wanted, MOST_KEPT - timeline.count);
      // It was renewed meanwhile: what was fetched belongs under another one.
      const present = live.history.get()?.timeline;
      if (present !== timeline) {
        timeline = present;
        continue;
      }
      const longer = await joined(pages, timeline, breathe);
      if (!longer || longer.first.at >= timeline.first.at || !live.extend(longer)) return;
      timeline = longer;
    }
  }

  /** Pages before a snapshot, the oldest first, as far back as `to` or as many events as may be. */
  async function older(before: Snapshot, to: number, most: number): Promise<readonly Page[]> {
    const found: Page[] = [];
    let count = 0;
    let end = before.at;
    let length = STRETCH_MS;
    while (end > to) {
      const from = Math.max(to, end - length);
      const stretch = await between(from, end);
      const events = stretch.reduce((n, p) => n + p.events.length, 0);
      if (events < LITTLE) length *= 2;
      count += events;
      if (count > most) {
        full.set(true);
        break;
      }
      found.unshift(...stretch);
      const first = stretch[0];
      if (!first) break;
      oldest.set(first.oldest);
      end = from;
      // The server has nothing older.
      if (first.oldest >= from) break;
    }
    return found;
  }

  async function between(from: number, to: number): Promise<readonly Page[]> {
    const pages: Page[] = [];
    let next: string | undefined;
    do {
      const query = new URLSearchParams({ from: `${Math.max(0, Math.floor(from))}`, to: `${Math.ceil(to)}` });
      query.set('limit', `${PAGE}`);
      if (next !== undefined) query.set('after', next);
      const page = readPage(await (await api.get(`history?${query}`)).json().catch(() => undefined));
      pages.push(page);
      next = page.events.length > 0 ? page.next : undefined;
    } while (next !== undefined && pages.length * PAGE <= MOST_KEPT);
    return pages;
  }

  return {
    state,
    oldest,
    full,
    reach(instant) {
      wanted = Math.min(wanted, instant);
      running ??= fetchAll()
        .then(
          () => state.set({ state: 'idle' }),
          (error: Error) => {
            // Whoever asks again tries again.
            wanted = Number.POSITIVE_INFINITY;
            state.set({ state: 'failed', why: error.message });
          },
        )
        .finally(() => {
          running = undefined;
        });
      return running;
    },
  };
}

/** One timeline of pages and of what is here, without a hole but where events are missing. Undefined when there is nothing to join. */
export async function joined(
  pages: readonly Page[],
  present: Timeline,
  breathe: () => Promise<void>,
): Promise<Timeline | undefined> {
  const [first] = pages;
  if (!first) return undefined;
  const timeline = new Timeline(first.keyframe, { most: MOST_KEPT + ROOM });
  const { first: seam } = present;
  for (const { keyframe, events } of pages) {
    if (keyframe.seq > timeline.latest.seq && keyframe.seq <= seam.seq) timeline.jump(keyframe);
    const older = events.filter((event) => event.seq <= seam.seq);
    for (let n = 0; n < older.length; n += BREATH) {
      push(timeline, older.slice(n, n + BREATH), () => undefined);
      await breathe();
    }
  }
  if (timeline.latest.seq !== seam.seq) timeline.jump(seam);
  // What happens while this takes a breath is in the present timeline too: until there is no more of it.
  for (;;) {
    const rest = present.after(timeline.latest.seq, BREATH) ?? [];
    push(timeline, rest, (event) => present.upTo(event.seq - 1));
    if (rest.length < BREATH) break;
    await breathe();
  }
  const { latest } = present;
  if (timeline.latest.seq !== latest.seq) timeline.jump(latest);
  return timeline;
}

/** Takes all of them; `before` says how things stood before one that does not follow, where that is known. */
function push(
  timeline: Timeline,
  events: readonly Event[],
  before: (event: Event) => Snapshot | undefined,
): void {
  for (let n = 0; n < events.length; ) {
    n += timeline.pushAll(events.slice(n));
    const stuck = events[n];
    if (stuck === undefined) return;
    const there = before(stuck);
    if (there) timeline.jump(there);
    // Without it this one is left out, and what follows it is asked anew.
    timeline.push(stuck);
    n++;
  }
}

function readPage(from: unknown): Page {
  const { keyframe, events, next, oldest } = (from ?? {}) as { readonly [key in keyof Page]?: unknown };
  const read = readSnapshot(keyframe);
  const fits =
    read.ok &&
    Array.isArray(events) &&
    events.every(
      (e: Partial<Event> | null) => Number.isInteger(e?.seq) && KINDS.includes(e?.kind as Event['kind']),
    ) &&
    typeof oldest === 'number';
  if (!fits) throw new ApiError('the server sent a history that this page does not understand', 409);
  return { keyframe: read.value, events, oldest, ...(typeof next === 'string' ? { next } : {}) };
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}
