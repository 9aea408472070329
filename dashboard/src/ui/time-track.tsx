/** Time from left to right: how much happened when, and the handle that says which instant is shown. */
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../app.ts';
import { density, rowText, stepFrom, usualOf } from '../data/chronicle.ts';
import { clockText, instantText } from '../data/format.ts';
import { marks, markText, type Stretch } from '../data/span.ts';
import { useStore } from '../store/store.ts';
import { brush, colours } from './brush.ts';
import { lastRow } from './moment.ts';
import { useSize } from './use-size.ts';

const HEIGHT = 44;
/** Under the bars, for the times of day. */
const AXIS = 14;
const BAR = 4;
/** So near to the right end is now. */
const NOW_PX = 5;

interface Props {
  readonly stretch: Stretch;
  readonly now: number;
  /** Undefined: the present. */
  readonly at: number | undefined;
  readonly onPlay: () => void;
  /** Somebody took the handle. */
  readonly onTake: () => void;
}

export function TimeTrack({ stretch, now, at, onPlay, onTake }: Props) {
  const app = useApp();
  const history = useStore(app.live.history);
  const past = useStore(app.past.state);
  const theme = useStore(app.theme);
  const [box, { width }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const timeline = history?.timeline;
  const rows = timeline ? usualOf(timeline) : [];
  const first = timeline?.first.at ?? now;
  const { from, to } = stretch;
  const xOf = (instant: number) => ((instant - from) / (to - from)) * width;

  useEffect(() => {
    const c = brush(canvas.current, width, HEIGHT);
    if (!c || !canvas.current) return;
    const ink = colours(canvas.current, 'dim', 'line', 'accent', 'bad', 'raised');
    const base = HEIGHT - AXIS;
    c.fillStyle = ink.raised;
    c.fillRect(0, 0, width, base);
    // What is not known is hatched.
    const known = Math.max(0, Math.min(width, xOf(first)));
    if (known > 0) hatch(c, known, base, ink.line);
    const parts = Math.max(1, Math.floor(width / BAR));
    const d = density(rows, from, to, parts);
    // A root, so that one event is seen beside a thousand.
    const up = (n: number) => (n === 0 ? 0 : 3 + (base - 6) * Math.sqrt(n / d.most));
    for (let i = 0; i < parts; i++) {
      const n = d.all[i] as number;
      if (n === 0) continue;
      const [x, moves, bad] = [i * (width / parts), d.moves[i] as number, d.bad[i] as number];
      const bar = (height: number, colour: string) => {
        c.fillStyle = colour;
        c.fillRect(x + 0.5, base - height, width / parts - 1, height);
      };
      bar(up(n), ink.dim);
      if (moves > 0) bar(up(moves), ink.accent);
      if (bad > 0) {
        // A wedge at the top besides the colour.
        c.fillStyle = ink.bad;
        c.beginPath();
        c.moveTo(x - 2, 0);
        c.lineTo(x + width / parts + 2, 0);
        c.lineTo(x + width / parts / 2, 7);
        c.fill();
        bar(Math.max(3, up(bad) / 2), ink.bad);
      }
    }
    c.fillStyle = ink.dim;
    c.font = `10.5px ${getComputedStyle(canvas.current).fontFamily}`;
    c.textBaseline = 'bottom';
    const labels = marks(stretch, Math.max(1, Math.floor(width / 84)));
    const step = (labels[1] ?? 0) - (labels[0] ?? 0);
    for (const label of labels) {
      const x = xOf(label);
      c.fillRect(x, base, 1, 3);
      const text = markText(label, step);
      const half = c.measureText(text).width / 2;
      if (x - half > 0 && x + half < width) c.fillText(text, x - half, HEIGHT);
    }
  }, [width, rows, rows.length, from, to, first, theme]);

  const go = (instant: number, how: 'push' | 'replace' = 'replace') =>
    app.look({ at: instant >= now ? undefined : Math.max(0, Math.round(instant)) }, how);
  const point = (event: PointerEvent, how: 'push' | 'replace') => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const x = Math.max(0, Math.min(width, event.clientX - left));
    go(width - x < NOW_PX ? now : from + (x / width) * (to - from), how);
  };
  const shown = at ?? now;
  const key = (event: KeyboardEvent) => {
    const length = to - from;
    const by = (part: number) => () => go(shown + part * length);
    const step = (direction: 1 | -1) => () => {
      const next = stepFrom(rows, shown, direction);
      if (next !== undefined) go(next);
      else if (direction === 1) go(now);
    };
    const act = (
      {
        ArrowLeft: step(-1),
        ArrowRight: step(1),
        ArrowDown: by(-0.01),
        ArrowUp: by(0.01),
        PageDown: by(-0.1),
        PageUp: by(0.1),
        Home: () => go(first),
        End: () => go(now),
        ' ': onPlay,
      } as { readonly [key: string]: (() => void) | undefined }
    )[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (event.key !== ' ') onTake();
    act();
  };
  const row = lastRow(rows, shown);
  const snapshot = app.shown.get()?.snapshot;
  const said = row && snapshot ? `: ${rowText(row, snapshot)}` : '';
  return (
    <div
      ref={box}
      class="track"
      role="slider"
      tabIndex={0}
      aria-label="Instant that is shown"
      aria-valuemin={Math.round(Math.min(first, from))}
      aria-valuemax={Math.round(now)}
      aria-valuenow={Math.round(shown)}
      aria-valuetext={at === undefined ? 'Now' : `${clockText(at)} UTC${said}`}
      title="Drag to any instant. Left and right: the event before and after. Home: the oldest. End: now. Space: play"
      onKeyDown={key}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        onTake();
        point(e, 'push');
      }}
      onPointerMove={(e) => e.currentTarget.hasPointerCapture(e.pointerId) && point(e, 'replace')}
    >
      <canvas ref={canvas} />
      {past.state === 'loading' && xOf(first) > 90 && <span class="track-note">Loading …</span>}
      <span
        class={at === undefined ? 'handle now' : 'handle'}
        style={{ left: `${clamp(xOf(shown), width)}px` }}
      >
        {at !== undefined && <span class="unseen">{instantText(at)}</span>}
      </span>
    </div>
  );
}

function clamp(x: number, width: number): number {
  return Math.max(0, Math.min(width, x));
}

function hatch(c: CanvasRenderingContext2D, width: number, height: number, colour: string): void {
  c.save();
  c.beginPath();
  c.rect(0, 0, width, height);
  c.clip();
  c.strokeStyle = colour;
  c.beginPath();
  for (let x = -height; x < width; x += 7) {
    c.moveTo(x, height);
    c.lineTo(x + height, 0);
  }
  c.stroke();
  c.restore();
}
