/** Lines over time by uPlot, with the instant that is shown; a click goes to another. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useApp } from '../app.ts';
import { markText, type Stretch } from '../data/span.ts';
import { useStore } from '../store/store.ts';
import { colours } from './brush.ts';
import { useSize } from './use-size.ts';
import 'uplot/dist/uPlot.min.css';
import './chart.css';

export interface Line {
  readonly label: string;
  /** Of CSS, or the name of one of the page's: `--accent`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface Props {
  /** What it shows, for who does not see it. */
  readonly label: string;
  readonly seconds: readonly number[];
  readonly lines: readonly Line[];
  readonly stretch: Stretch;
  readonly unit: string;
}

const HEIGHT = 190;

export function Chart({ label, seconds, lines, stretch, unit }: Props) {
  const app = useApp();
  const theme = useStore(app.theme);
  const at = useStore(app.view, (v) => v.at);
  const [box, { width }] = useSize<HTMLElement>();
  const plot = useRef<uPlot | undefined>(undefined);
  const shown = useRef(at);
  shown.current = at;
  const range = useRef(stretch);
  range.current = stretch;
  const data = [seconds, ...lines.map((l) => l.values)] as unknown as uPlot.AlignedData;
  const names = JSON.stringify(lines.map((l) => [l.label, l.colour]));

  useEffect(() => {
    const here = box.current;
    if (!here || width === 0) return;
    const ink = colours(here, 'dim', 'line', 'ink');
    const axis = {
      stroke: ink.dim,
      grid: { stroke: ink.line, width: 1 },
      ticks: { stroke: ink.line, width: 1 },
    };
    const mine = new uPlot(
      {
        width,
        height: HEIGHT,
        // UTC everywhere.
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        scales: {
          x: { range: () => [range.current.from / 1000, range.current.to / 1000] },
          y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
        },
        legend: { live: true },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        axes: [
          { ...axis, space: 70, values: (_, ticks) => timeTexts(ticks) },
          { ...axis, size: 66, values: (_, ticks) => ticks.map((t) => `${t}${unit}`) },
        ],
        series: [
          { value: '{HH}:{mm}:{ss}' },
          ...lines.map(({ label, colour }) => ({
            label,
            stroke: colour.startsWith('--') ? getComputedStyle(here).getPropertyValue(colour).trim() : colour,
            width: 1.6,
            points: { show: false },
            paths: uPlot.paths.stepped?.({ align: 1 }) ?? null,
            value: (_: uPlot, v: number | null) => (v == null ? '–' : `${v.toFixed(1)}${unit}`),
          })),
        ] as uPlot.Series[],
        hooks: {
          draw: [
            (u) => {
              if (shown.current === undefined) return;
              const x = Math.round(u.valToPos(shown.current / 1000, 'x', true));
              if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
              u.ctx.fillStyle = ink.ink;
              u.ctx.fillRect(x - 1, u.bbox.top, 2, u.bbox.height);
            },
          ],
        },
      },
      data,
      here,
    );
    const go = () => {
      const { left } = mine.cursor;
      if (left === undefined || left < 0) return;
      app.look({ at: Math.round(mine.posToVal(left, 'x') * 1000) });
    };
    mine.over.addEventListener('click', go);
    plot.current = mine;
    return () => {
      plot.current = undefined;
      mine.destroy();
    };
  }, [width, theme, names, unit]);
  useEffect(() => plot.current?.setData(data), [seconds, lines, stretch.from, stretch.to]);
  useEffect(() => plot.current?.redraw(false), [at]);
  return <figure ref={box} class="chart" aria-label={label} />;
}

/** UTC, with seconds where marks are nearer than a minute. */
function timeTexts(ticks: readonly number[]): string[] {
  const step = ((ticks[1] ?? 0) - (ticks[0] ?? 0)) * 1000;
  return ticks.map((t) => markText(t * 1000, step));
}
