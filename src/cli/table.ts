/** Tables for people: columns in line, colour only where a person looks, and never as the only sign. */

export interface Column<T> {
  readonly title: string;
  readonly align?: 'right';
  text(row: T): string;
  /** A colour for what `text` says in words. */
  colour?(row: T): Colour | undefined;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim';

const CODES: { readonly [C in Colour]: string } = { green: '32', yellow: '33', red: '31', dim: '2' };

/** True for a terminal whose user has not said no (https://no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: { readonly [name: string]: string | undefined } = process.env,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** How wide each column has to be for these rows, its title included. */
export function widths<T>(columns: readonly Column<T>[], rows: readonly T[]): readonly number[] {
  return columns.map((c) => rows.reduce((most, row) => Math.max(most, width(c.text(row))), c.title.length));
}

export function header<T>(columns: readonly Column<T>[], wide: readonly number[]): string {
  return line(columns.map((c, i) => pad(c.title, wide[i] as number, c.align)));
}

export function formatRow<T>(
  columns: readonly Column<T>[],
  wide: readonly number[],
  row: T,
  colour: boolean,
): string {
  return line(
    columns.map((c, i) => {
      const text = printable(c.text(row));
      const padded = pad(text, wide[i] as number, c.align);
      const hue = colour ? c.colour?.(row) : undefined;
      return hue ? padded.replace(text, () => paint(text, hue)) : padded;
    }),
  );
}

/** The whole table, without a line's end at the last. */
export function formatTable<T>(columns: readonly Column<T>[], rows: readonly T[], colour: boolean): string {
  const wide = widths(columns, rows);
  return [header(columns, wide), ...rows.map((row) => formatRow(columns, wide, row, colour))].join('\n');
}

export function paint(text: string, colour: Colour): string {
  return `\x1b[${CODES[colour]}m${text}\x1b[0m`;
}

/** Seconds as the two largest units: `42s`, `5m 3s`, `2h 13m`, `9d 4h`. */
export function formatAge(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ] as const;
  const first = units.findIndex(([size]) => s >= size);
  if (first < 0) return '0s';
  return units
    .slice(first, first + 2)
    .map(([size, unit], i) => ({
      n: Math.floor((s % (units[first + i - 1]?.[0] ?? Number.POSITIVE_INFINITY)) / size),
      unit,
    }))
    .filter(({ n }, i) => i === 0 || n > 0)
    .map(({ n, unit }) => `${n}${unit}`)
    .join(' ');
}

/** Text from a peer may hold control characters, which a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
}

function width(text: string): number {
  return [...printable(text)].length;
}

function pad(text: string, wide: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, wide - width(text)));
  return align === 'right' ? space + text : text + space;
}

function line(cells: readonly string[]): string {
  return cells.join('  ').trimEnd();
}
