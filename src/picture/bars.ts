/** What charts of horizontal bars have in common: a label, a track, a word at the end; and a limit. */
import { type Area, column, line, shorten, text } from './svg.ts';
import type { Theme } from './theme.ts';

/** More rows are left out, and said. */
export const MOST_BARS = 60;
const ROW = 26;

export interface Bar {
  readonly label: string;
  /** What stands at the end. */
  readonly word: string;
  readonly colour?: string;
  /** Draws into the track; `x` gives the pixel of a value. */
  draw(x: (value: number) => number, y: number, height: number): string;
}

/** Rows of bars from zero to `most`; the bars are drawn into what label and word leave. */
export function bars(
  rows: readonly Bar[],
  most: number,
  area: Area,
  theme: Theme,
): { readonly body: string; readonly bottom: number } {
  const names = column(
    rows.map((r) => r.label),
    area.width * 0.34,
  );
  const words = column(
    rows.map((r) => r.word),
    area.width * 0.5,
    11,
  );
  const left = area.left + names + 8;
  const width = Math.max(20, area.width - names - words - 18);
  const x = (value: number) => left + (Math.max(0, Math.min(most, value)) / (most || 1)) * width;
  const parts = [line(left, area.top, left, area.top + rows.length * ROW, { stroke: theme.rule })];
  for (const [i, row] of rows.entries()) {
    const y = area.top + i * ROW;
    parts.push(
      text(shorten(row.label, names), area.left, y + 17, { fill: theme.text, tip: row.label }),
      row.draw(x, y + 5, ROW - 10),
      text(shorten(row.word, words, 11), area.left + area.width - words, y + 17, {
        fill: row.colour ?? theme.text,
        size: 11,
        tip: row.word,
      }),
    );
  }
  return { body: parts.join('\n'), bottom: area.top + rows.length * ROW + 4 };
}

/** A heading between groups of rows; what follows begins 22 pixels lower. */
export function heading(content: string, area: Area, top: number, theme: Theme): string {
  return text(shorten(content, area.width, 12, true), area.left, top + 13, { fill: theme.text, bold: true });
}

/** What a note says of rows that are left out; nothing when all are there. */
export function leftOut(all: number, shown: number, what: string): string | undefined {
  return all > shown ? `${all - shown} more ${what} are not shown` : undefined;
}
