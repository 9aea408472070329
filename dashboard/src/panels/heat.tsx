/** Sites × time: how each site was, or which part of the people it served, over the time of the slider; a click goes there. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { stepColour, THEMES } from '../../../src/picture/index.ts';
import { useApp, useShown } from '../app.ts';
import { clockText, instantText, many, shareText } from '../data/format.ts';
import { runsOf, sharesAt, sharesOf, statesOf } from '../data/heat.ts';
import { placeText, sceneOf } from '../data/scene.ts';
import { marks, markText, spanOf, stretchOf } from '../data/span.ts';
import { useStore } from '../store/store.ts';
import { brush, colours } from '../ui/brush.ts';
import { Choice } from '../ui/choice.tsx';
import { Older } from '../ui/older.tsx';
import { MoodIcon, SiteName } from '../ui/state.tsx';
import { useClock } from '../ui/use-clock.ts';
import { useSize } from '../ui/use-size.ts';
import './heat.css';

const ROW = 28;
const AXIS = 18;
const CELL = 4;
const MOST_SITES = 200;
/** Changes that are listed in words. */
const MOST_LISTED = 200;

export function HeatPanel() {
  const app = useApp();
  const { snapshot } = useShown();
  const at = useStore(app.view, (v) => v.at);
  const mode = useStore(app.view, (v) => (v.more['heat'] === 'people' ? 'people' : 'state'));
  const span = spanOf(useStore(app.view, (v) => v.more['span']));
  const timeline = useStore(app.live.history)?.timeline;
  const theme = useStore(app.theme);
  const clock = useClock(1000);
  const [box, { width }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<{ readonly row: number; readonly column: number } | undefined>(
    undefined,
  );
  const known = Math.max(clock, timeline?.latest.at ?? 0);
  const stretch = stretchOf(span, known, at);
  const { from, to } = stretch;
  const states = timeline && statesOf(timeline);
  const sites = [...new Set([...sceneOf(snapshot).sites, ...(states?.spans.keys() ?? [])])].slice(
    0,
    MOST_SITES,
  );
  const columns = Math.max(1, Math.floor(width / CELL));
  const rows = useMemo(
    () => sites.map((s) => runsOf(states?.spans.get(s) ?? [], stretch, columns, known)),
    [timeline?.latest.seq, from, to, columns, sites.length],
  );
  const shares = useMemo(
    () =>
      timeline && mode === 'people'
        ? sharesAt(sharesOf(timeline).now, sites, stretch, columns, known)
        : undefined,
    [timeline?.latest.seq, from, to, columns, mode],
  );
  const height = sites.length * ROW + AXIS;
  const xOf = (instant: number) => ((instant - from) / (to - from)) * width;
  const instantOf = (column: number) => from + ((column + 0.5) * (to - from)) / columns;

  useEffect(() => {
    const c = brush(canvas.current, width, height);
    if (!c || !canvas.current) return;
    const ink = colours(canvas.current, 'ok', 'warn', 'bad', 'dim', 'line', 'raised', 'ink', 'panel');
    const cell = width / columns;
    c.font = `11px ${getComputedStyle(canvas.current).fontFamily}`;
    for (const [i, runs] of rows.entries()) {
      const y = i * ROW + 2;
      const h = ROW - 4;
      const values = shares?.get(sites[i] as string);
      if (values) {
        const most = Math.max(1e-9, ...[...shares!.values()].flatMap((v) => v.map((n) => n ?? 0)));
        for (const [n, value] of values.entries()) {
          c.fillStyle = value === undefined ? ink.panel : stepColour(THEMES[theme], value / most);
          c.fillRect(n * cell, y, cell + 0.5, h);
        }
        continue;
      }
      for (const run of runs) {
        if (run.mood === undefined) continue;
        const [x, w] = [run.column * cell, run.count * cell];
        const colour = { ok: ink.ok, warn: ink.warn, bad: ink.bad, off: ink.dim }[run.mood];
        c.globalAlpha = run.mood === 'ok' ? 0.38 : run.mood === 'off' ? 0.22 : 0.62;
        c.fillStyle = colour;
        c.fillRect(x, y, Math.max(w, 2), h);
        c.globalAlpha = 1;
        // Told apart without colour too: crosses, stripes, dots.
        if (run.mood !== 'ok') pattern(c, run.mood, x, y, Math.max(w, 2), h, colour);
        const text = c.measureText(run.word).width;
        if (w > text + 14 && run.mood !== 'ok') {
          c.fillStyle = ink.panel;
          c.fillRect(x + 4, y + h / 2 - 8, text + 6, 16);
          c.fillStyle = ink.ink;
          c.textBaseline = 'middle';
          c.fillText(run.word, x + 7, y + h / 2 + 0.5);
        }
      }
    }
    c.fillStyle = ink.dim;
    c.textBaseline = 'bottom';
    const labels = marks(stretch, Math.max(1, Math.floor(width / 84)));
    const step = (labels[1] ?? 0) - (labels[0] ?? 0);
    for (const label of labels) {
      const x = xOf(label);
      c.fillRect(x, height - AXIS, 1, 3);
      const text = markText(label, step);
      const half = c.measureText(text).width / 2;
      if (x - half > 0 && x + half < width) c.fillText(text, x - half, height);
    }
    c.fillStyle = ink.ink;
    c.fillRect(Math.max(0, Math.min(width - 2, xOf(at ?? known))), 0, 2, height - AXIS);
    if (cursor) {
      c.strokeStyle = ink.ink;
      c.lineWidth = 1.5;
      c.strokeRect(cursor.column * cell - 1, cursor.row * ROW + 1, Math.max(cell, 3) + 2, ROW - 2);
    }
  }, [width, height, rows, shares, theme, at, known, cursor]);

  const pointed = (event: MouseEvent) => {
    const rect = canvas.current?.getBoundingClientRect();
    if (!rect) return undefined;
    const row = Math.floor((event.clientY - rect.top) / ROW);
    const column = Math.floor(((event.clientX - rect.left) / rect.width) * columns);
    return row >= 0 && row < sites.length && column >= 0 && column < columns ? { row, column } : undefined;
  };
  const go = (column: number) => app.look({ at: Math.min(Math.round(instantOf(column)), known) });
  const key = (event: KeyboardEvent) => {
    const here = cursor ?? { row: 0, column: columns - 1 };
    const move = (
      {
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        PageUp: [0, -20],
        PageDown: [0, 20],
      } as { readonly [key: string]: readonly [number, number] | undefined }
    )[event.key];
    if (move) {
      const clamp = (n: number, end: number) => Math.max(0, Math.min(end - 1, n));
      setCursor({
        row: clamp(here.row + move[0], sites.length),
        column: clamp(here.column + move[1], columns),
      });
    } else if (event.key === 'Enter') go(here.column);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <header class="section">
        <h2>Sites over time</h2>
        <p class="spread">
          <Choice
            label="What is shown"
            value={mode}
            options={[
              { value: 'state', text: 'State' },
              { value: 'people', text: 'People' },
            ]}
            onChoose={(value) => app.keep('heat', value === 'state' ? '' : value)}
          />
          <span class="dim small">
            {clockText(from)} to {clockText(to)} UTC, as the slider. <Older />
          </span>
        </p>
        <Legend mode={mode} />
      </header>
      <div class="heat">
        <ul class="heat-names">
          {sites.map((name) => (
            <li key={name} style={{ height: `${ROW}px` }}>
              <button
                type="button"
                class="plain"
                title={snapshot.sites[name] ? placeText(snapshot.sites[name]) : name}
                onClick={() => app.select({ kind: 'site', id: name })}
              >
                <SiteName site={name} />
              </button>
            </li>
          ))}
        </ul>
        <div
          ref={box}
          class="heat-box"
          style={{ height: `${height}px` }}
          role="application"
          aria-roledescription="heat map"
          aria-label="Sites over time. Arrow keys go from cell to cell, Enter shows that instant"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys go from cell to cell, and what a cell says stands below
          tabIndex={0}
          onKeyDown={key}
          onMouseMove={(e) => setCursor(pointed(e))}
          onMouseLeave={() => setCursor(undefined)}
          onClick={(e) => {
            const cell = pointed(e);
            if (cell) go(cell.column);
          }}
        >
          <canvas ref={canvas} />
        </div>
      </div>
      {sceneOf(snapshot).sites.length > MOST_SITES && (
        <p class="dim">{many(sceneOf(snapshot).sites.length - MOST_SITES, 'more site')} are not shown.</p>
      )}
      <p class="heat-said" role="status">
        {cursor ? (
          <Said
            site={sites[cursor.row] as string}
            at={instantOf(cursor.column)}
            word={
              shares
                ? shareWord(shares.get(sites[cursor.row] as string)?.[cursor.column])
                : rows[cursor.row]?.findLast((r) => r.column <= cursor.column)?.word
            }
          />
        ) : (
          <span class="dim">Point at a cell; a click shows that instant everywhere.</span>
        )}
      </p>
      {states && <InWords spans={states.spans} from={from} to={to} />}
    </>
  );
}

function shareWord(share: number | undefined): string {
  return share === undefined ? 'nothing known' : `${shareText(share)} of people`;
}

function Said({
  site,
  at,
  word,
}: {
  readonly site: string;
  readonly at: number;
  readonly word: string | undefined;
}) {
  return (
    <>
      <strong>{site}</strong>, {instantText(at)}: {word ?? 'nothing known'}
    </>
  );
}

function Legend({ mode }: { readonly mode: 'state' | 'people' }) {
  const theme = useStore(useApp().theme);
  if (mode === 'people')
    return (
      <p class="dim small spread">
        <span>nobody</span>
        <span
          class="heat-scale"
          style={{
            background: `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((p) => stepColour(THEMES[theme], p)).join(', ')})`,
          }}
        />
        <span>the most that any site had</span>
      </p>
    );
  return (
    <p class="dim small spread">
      {(
        [
          ['ok', 'announced'],
          ['warn', 'less than it should'],
          ['bad', 'broken'],
          ['off', 'out on purpose, or starting'],
        ] as const
      ).map(([mood, word]) => (
        <span key={mood} class="state">
          <MoodIcon mood={mood} size={10} />
          {word}
        </span>
      ))}
    </p>
  );
}

/** The same without a picture. */
function InWords({
  spans,
  from,
  to,
}: {
  readonly spans: ReadonlyMap<string, readonly { readonly at: number; readonly word: string }[]>;
  readonly from: number;
  readonly to: number;
}) {
  const app = useApp();
  const [open, setOpen] = useState(false);
  const changes = open
    ? [...spans]
        .flatMap(([site, all]) => all.map(({ at, word }) => ({ site, at, word })))
        .filter(({ at }) => at >= from && at <= to)
        .sort((a, b) => b.at - a.at)
    : [];
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>In words</summary>
      {changes.length === 0 && <p class="dim">No state changed in this time.</p>}
      <ol class="list">
        {changes.slice(0, MOST_LISTED).map(({ site, at, word }) => (
          <li key={`${site} ${at} ${word}`}>
            <button type="button" class="row asked" onClick={() => app.look({ at })}>
              <time class="mono dim" dateTime={new Date(at).toISOString()}>
                {clockText(at)}
              </time>
              <span>
                {site}: {word}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {changes.length > MOST_LISTED && (
        <p class="dim">{many(changes.length - MOST_LISTED, 'older change')} are not listed.</p>
      )}
    </details>
  );
}

function pattern(
  c: CanvasRenderingContext2D,
  mood: 'warn' | 'bad' | 'off',
  x: number,
  y: number,
  w: number,
  h: number,
  colour: string,
): void {
  c.save();
  c.beginPath();
  c.rect(x, y, w, h);
  c.clip();
  c.strokeStyle = colour;
  c.fillStyle = colour;
  c.lineWidth = 1.4;
  c.beginPath();
  // From a grid that all runs share, so that patterns go on from run to run.
  const first = Math.floor(x / 8) * 8 - h;
  for (let at = first; at < x + w; at += 8) {
    if (mood === 'off') {
      c.moveTo(at + h, y + h / 2);
      c.arc(at + h, y + h / 2, 1.3, 0, 7);
      continue;
    }
    c.moveTo(at, y + h);
    c.lineTo(at + h, y);
    if (mood === 'bad') {
      c.moveTo(at, y);
      c.lineTo(at + h, y + h);
    }
  }
  if (mood === 'off') c.fill();
  else c.stroke();
  c.restore();
}
