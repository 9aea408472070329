/** The bar under the map: where in time one is, and the way to any other instant. It drives the map and every panel. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp, useShown } from '../app.ts';
import { countUntil, rowText, stepFrom, usualOf } from '../data/chronicle.ts';
import { clockText, instantText } from '../data/format.ts';
import { SPAN_NAMES, spanOf, stretchOf } from '../data/span.ts';
import { useStore } from '../store/store.ts';
import { lastRow } from './moment.ts';
import { TimeTrack } from './time-track.tsx';
import { useClock } from './use-clock.ts';
import './dock.css';

const SPEEDS = [1, 5, 20, 100];
const FRAME_MS = 80;
/** What is played when the present is shown. */
const REPLAY_MS = 60_000;
/** What is fetched when the page opens. */
const FIRST_REACH_MS = 3_600_000;

export function Dock() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const at = useStore(app.view, (v) => v.at);
  const span = spanOf(useStore(app.view, (v) => v.more['span']));
  const history = useStore(app.live.history);
  const past = useStore(app.past.state);
  const clock = useClock(1000);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(5);
  const timeline = history?.timeline;
  const rows = timeline ? usualOf(timeline) : [];
  const first = timeline?.first.at ?? snapshot.at;
  // A clock behind that of the server must not hide what has just happened.
  const now = Math.max(clock, timeline?.latest.at ?? 0);
  const stretch = stretchOf(span, now, at);

  useEffect(
    () => void app.past.reach(Math.min(stretch.from, now - FIRST_REACH_MS)),
    [span, at === undefined],
  );
  useEffect(() => {
    if (at !== undefined && at < first) void app.past.reach(stretch.from);
  }, [at, first]);

  usePlay(playing, speed, () => setPlaying(false));
  const play = () => {
    if (!playing && at === undefined) app.look({ at: Math.max(first, now - REPLAY_MS) });
    setPlaying(!playing);
  };
  const step = (direction: 1 | -1) => () => {
    setPlaying(false);
    const next = stepFrom(rows, at ?? now, direction);
    if (next !== undefined) app.look({ at: next }, at === undefined ? 'push' : 'replace');
    else if (direction === 1) app.look({ at: undefined }, 'replace');
  };
  const before = countUntil(rows, (at ?? now) - 1) > 0;
  const row = lastRow(rows, at ?? now);
  const missing = at !== undefined && at < first;
  return (
    <div class="dock-grid">
      <div class="dock-keys">
        <button
          type="button"
          class="key"
          aria-label={playing ? 'Pause' : live ? 'Replay the last minute' : 'Play'}
          title={playing ? 'Pause' : live ? 'Replay the last minute' : 'Play'}
          onClick={play}
        >
          <Sign of={playing ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          class="key"
          aria-label="The event before"
          title="The event before"
          disabled={!before}
          onClick={step(-1)}
        >
          <Sign of="before" />
        </button>
        <button
          type="button"
          class="key"
          aria-label="The event after"
          title="The event after"
          disabled={live}
          onClick={step(1)}
        >
          <Sign of="after" />
        </button>
        <select
          aria-label="Speed of play"
          value={String(speed)}
          onChange={(e) => setSpeed(Number(e.currentTarget.value))}
        >
          {SPEEDS.map((s) => (
            <option key={s} value={String(s)}>
              {s}×
            </option>
          ))}
        </select>
        <select
          aria-label="Time that the slider shows"
          value={span}
          onChange={(e) => app.keep('span', e.currentTarget.value)}
        >
          {SPAN_NAMES.map((s) => (
            <option key={s} value={s}>
              {s.replace(/(\d+)/, '$1 ')}
            </option>
          ))}
        </select>
      </div>
      <TimeTrack stretch={stretch} now={now} at={at} onPlay={play} onTake={() => setPlaying(false)} />
      <div class="dock-at">
        <time class="mono" dateTime={new Date(at ?? now).toISOString()} title={instantText(at ?? now)}>
          {clockText(at ?? now)} UTC
        </time>
        <button
          type="button"
          class={live ? '' : 'main'}
          disabled={live}
          onClick={() => {
            setPlaying(false);
            app.look({ at: undefined });
          }}
        >
          Now
        </button>
      </div>
      <p class={missing || past.state === 'failed' ? 'dock-said small' : 'dock-said small dim cut'}>
        {missing ? (
          <Missing loading={past.state === 'loading'} first={first} />
        ) : past.state === 'failed' ? (
          <>
            <span class="warn">Older history could not be loaded: {past.why}.</span>{' '}
            <button type="button" class="plain link" onClick={() => void app.past.reach(stretch.from)}>
              Try again
            </button>
          </>
        ) : row ? (
          <>
            <span class="mono">{clockText(row.at)}</span> {rowText(row, snapshot)}
          </>
        ) : (
          'Nothing has happened yet.'
        )}
      </p>
    </div>
  );
}

function Missing({ loading, first }: { readonly loading: boolean; readonly first: number }) {
  const app = useApp();
  if (loading) return <>Loading what happened then …</>;
  return (
    <>
      <span class="warn">Nothing is kept from then. This is the oldest that is: {instantText(first)}.</span>{' '}
      <button type="button" class="plain link" onClick={() => app.look({ at: first })}>
        Go there
      </button>
    </>
  );
}

/** Moves the instant on while it plays. */
function usePlay(playing: boolean, speed: number, stop: () => void): void {
  const app = useApp();
  const fast = useRef(speed);
  fast.current = speed;
  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const { at } = app.view.get();
      const end = app.live.history.get()?.timeline.latest.at ?? 0;
      const next = (at ?? end) + (now - last) * fast.current;
      last = now;
      const over = at === undefined || next >= Math.max(end, Date.now() - 500);
      app.look({ at: over ? undefined : Math.round(next) }, 'replace');
      if (over) stop();
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [playing]);
}

function Sign({ of }: { readonly of: 'play' | 'pause' | 'before' | 'after' }) {
  const d = {
    play: 'M3 1.5v9l7.5-4.5z',
    pause: 'M2.5 1.5h2.6v9H2.5zM6.9 1.5h2.6v9H6.9z',
    before: 'M10 1.5v9L3.5 6zM1.6 1.5h1.6v9H1.6z',
    after: 'M2 1.5v9L8.5 6zM8.8 1.5h1.6v9H8.8z',
  }[of];
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <path d={d} fill="currentColor" />
    </svg>
  );
}
