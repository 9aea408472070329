/** What every picture is made of: elements as text, letters measured, and the page with its title, legend and note. */
import { FONTS, type Theme } from './theme.ts';

/** How large a picture is to be, in pixels. */
export interface Size {
  readonly width: number;
  /** What charts with axes fill. Charts of rows are as tall as their rows. */
  readonly height?: number;
}

/** Where the drawing goes within the page. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  /** What a chart with axes fills. */
  readonly height: number;
}

/** Pixels; what is asked for beyond them counts as the nearest. */
export const NARROWEST = 280;
const WIDEST = 4096;

const LETTER = 12;
const SMALL = 11;
const HEAD = 15;
const PAD = 16;

export interface Page {
  readonly title: string;
  /** What the picture shows, in a sentence or two, for those who do not see it. */
  readonly desc: string;
  readonly subtitle?: string | undefined;
  /** An empty one is none. */
  readonly note?: string | undefined;
  readonly legend?: readonly Sign[] | undefined;
}

/** One entry of a legend. */
export interface Sign {
  readonly label: string;
  /** Draws the sign into a square of 12 pixels at this point. */
  draw(left: number, top: number): string;
}

/** A whole picture. `draw` gets the area under title and legend, and says where it ends. */
export function page(
  size: Size,
  theme: Theme,
  about: Page,
  draw: (area: Area) => { readonly body: string; readonly bottom: number },
): string {
  const width = Math.max(NARROWEST, Math.min(WIDEST, Math.round(size.width)));
  const inner = width - 2 * PAD;
  const parts: string[] = [];
  let y = PAD;
  for (const line of wrap(about.title, inner, HEAD, true)) {
    y += HEAD + 3;
    parts.push(text(line, PAD, y - 3, { fill: theme.text, size: HEAD, bold: true }));
  }
  for (const line of about.subtitle ? wrap(about.subtitle, inner, SMALL) : []) {
    y += SMALL + 4;
    parts.push(text(line, PAD, y, { fill: theme.dim, size: SMALL }));
  }
  y += 8;
  if (about.legend && about.legend.length > 0) {
    const made = legend(about.legend, theme, PAD, y, inner);
    parts.push(made.body);
    y = made.bottom + 4;
  }
  const note = about.note ? wrap(about.note, inner, SMALL) : [];
  const below = note.length * (SMALL + 4) + (note.length > 0 ? 6 : 0) + PAD;
  const wanted = Math.max(200, Math.min(WIDEST, Math.round(size.height ?? width * 0.6)));
  const area = { left: PAD, top: y + 4, width: inner, height: Math.max(120, wanted - y - 4 - below) };
  const { body, bottom } = draw(area);
  parts.push(body);
  y = bottom + (note.length > 0 ? 6 : 0);
  for (const line of note) {
    y += SMALL + 4;
    parts.push(text(line, PAD, y - 2, { fill: theme.dim, size: SMALL }));
  }
  const height = Math.ceil(y + PAD);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(about.title)}" font-family="${escaped(FONTS)}" font-size="${LETTER}">`,
    `<title>${escaped(about.title)}</title>`,
    `<desc>${escaped(about.desc)}</desc>`,
    `<defs>${hatch(theme)}</defs>`,
    rect(0, 0, width, height, { fill: theme.ground }),
    ...parts.filter((p) => p !== ''),
    '</svg>',
    '',
  ].join('\n');
}

function legend(signs: readonly Sign[], theme: Theme, left: number, top: number, width: number) {
  const parts: string[] = [];
  let [x, y] = [left, top];
  for (const sign of signs) {
    const label = shorten(sign.label, width - 18, SMALL);
    const wide = 18 + measure(label, SMALL) + 14;
    if (x > left && x + wide - 14 > left + width) [x, y] = [left, y + 18];
    parts.push(sign.draw(x, y), text(label, x + 18, y + 10, { fill: theme.dim, size: SMALL }));
    x += wide;
  }
  return { body: parts.join('\n'), bottom: y + 16 };
}

/** A filled square for legends. */
export function swatch(label: string, fill: string): Sign {
  return { label, draw: (x, y) => rect(x, y, 12, 12, { fill, rx: 2 }) };
}

/** The name of the pattern that stands for doubt. */
export function doubt(theme: Theme): string {
  return `url(#hatch-${theme.name})`;
}

function hatch(theme: Theme): string {
  return `<pattern id="hatch-${theme.name}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.4" height="5" fill="${theme.ground}" fill-opacity="0.75"/></pattern>`;
}

// ── elements ──

export interface Paint {
  readonly fill?: string;
  readonly stroke?: string;
  readonly strokeWidth?: number;
  readonly dash?: string;
  readonly opacity?: number;
  readonly rx?: number;
  /** Shown when pointed at. */
  readonly tip?: string;
}

export function rect(x: number, y: number, width: number, height: number, paint: Paint): string {
  const at = `x="${n(x)}" y="${n(y)}" width="${n(Math.max(0, width))}" height="${n(Math.max(0, height))}"`;
  return element('rect', paint.rx ? `${at} rx="${paint.rx}"` : at, paint);
}

export function line(x1: number, y1: number, x2: number, y2: number, paint: Paint): string {
  return element('line', `x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}"`, paint);
}

export function circle(x: number, y: number, r: number, paint: Paint): string {
  return element('circle', `cx="${n(x)}" cy="${n(y)}" r="${n(r)}"`, paint);
}

export function path(d: string, paint: Paint): string {
  return element('path', `d="${d}"`, { fill: 'none', ...paint });
}

/** A path through points. */
export function through(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${n(x)},${n(y)}`).join('');
}

export interface Letters {
  readonly fill: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** Degrees clockwise about the point. */
  readonly turn?: number;
  readonly tip?: string;
  /** A line of this colour around the letters, to be read on anything. */
  readonly halo?: string;
}

export function text(content: string, x: number, y: number, l: Letters): string {
  const halo = l.halo
    ? ` stroke="${l.halo}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"`
    : '';
  const turn = l.turn ? ` transform="rotate(${l.turn} ${n(x)} ${n(y)})"` : '';
  const anchor = l.anchor && l.anchor !== 'start' ? ` text-anchor="${l.anchor}"` : '';
  const size = l.size && l.size !== LETTER ? ` font-size="${l.size}"` : '';
  const bold = l.bold ? ' font-weight="bold"' : '';
  const tip = l.tip === undefined ? '' : `<title>${escaped(l.tip)}</title>`;
  return `<text x="${n(x)}" y="${n(y)}" fill="${l.fill}"${size}${bold}${anchor}${turn}${halo}>${tip}${escaped(content)}</text>`;
}

function element(name: string, at: string, p: Paint): string {
  const words = [
    at,
    p.fill === undefined ? '' : `fill="${p.fill}"`,
    p.stroke === undefined ? '' : `stroke="${p.stroke}"`,
    p.strokeWidth === undefined ? '' : `stroke-width="${n(p.strokeWidth)}"`,
    p.dash === undefined ? '' : `stroke-dasharray="${p.dash}"`,
    p.opacity === undefined ? '' : `opacity="${n(p.opacity)}"`,
  ].filter((w) => w !== '');
  const open = `<${name} ${words.join(' ')}`;
  return p.tip === undefined ? `${open}/>` : `${open}><title>${escaped(p.tip)}</title></${name}>`;
}

/** A number in at most two digits after the point. */
export function n(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return Number.isFinite(rounded) ? String(rounded === 0 ? 0 : rounded) : '0';
}

/** Text that stands for itself in XML: names from elsewhere are letters and nothing more. */
export function escaped(content: string): string {
  return (
    content
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 §2.2 has no such characters, so they must go
      .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  );
}

// ── letters ──

/** The width of a text in pixels, as DejaVu Sans has it, never too narrow for what it is used for: keeping labels apart. */
export function measure(content: string, size = LETTER, bold = false): number {
  let ems = 0;
  for (const c of content) {
    if (/[il.,:;'|!]/.test(c)) ems += 0.34;
    else if (/[fjrtI()[\]\-/ ]/.test(c)) ems += 0.42;
    else if (/[mwMW@%—]/.test(c)) ems += 0.98;
    else if (/[A-Z→×≥]/.test(c)) ems += 0.76;
    else if ((c.codePointAt(0) as number) >= 0x1100) ems += 1.05;
    else ems += 0.64;
  }
  return ems * size * (bold ? 1.12 : 1);
}

/** The text, or as much of it as fits with an ellipsis. */
export function shorten(content: string, width: number, size = LETTER, bold = false): string {
  if (measure(content, size, bold) <= width) return content;
  const letters = [...content];
  while (letters.length > 0 && measure(`${letters.join('')}…`, size, bold) > width) letters.pop();
  return letters.length === 0 ? '' : `${letters.join('').trimEnd()}…`;
}

/** The text in lines that fit; words too long are cut. */
export function wrap(content: string, width: number, size = LETTER, bold = false): string[] {
  const lines: string[] = [];
  let now = '';
  for (const word of content.split(' ')) {
    const next = now === '' ? word : `${now} ${word}`;
    if (measure(next, size, bold) <= width) now = next;
    else {
      if (now !== '') lines.push(now);
      now = shorten(word, width, size, bold);
    }
  }
  return now === '' ? lines : [...lines, now];
}

/** How wide a column for these texts has to be, at most `most`. */
export function column(texts: readonly string[], most: number, size = LETTER): number {
  return Math.min(most, Math.max(0, ...texts.map((t) => measure(t, size))));
}
