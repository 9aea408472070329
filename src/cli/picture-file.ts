/** Pictures to files: `--map` and `--chart` of the verbs that draw. SVG as it is, PNG by a renderer that is loaded only then. */
import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { type Size, THEMES, type Theme } from '../picture/index.ts';
import { EXIT, Failure } from './failure.ts';
import { writeWhole } from './whole-file.ts';

/** Draws itself at a size, in a theme. */
export type Draw = (size: Size, theme: Theme) => string;

export interface PictureOptions {
  readonly map?: string;
  readonly chart?: string;
  readonly theme?: string;
  readonly width?: string;
}

/** What an answer can draw. */
export interface Drawn {
  readonly chart?: Draw | undefined;
  readonly map?: Draw | undefined;
}

export function withPictures(command: Command): Command {
  return command
    .option('--chart <file>', 'draw the answer: FILE.svg or FILE.png; - is SVG to standard output')
    .option('--map <file>', 'draw who lands where on a map: FILE.svg or FILE.png; -')
    .option('--theme <theme>', 'of the pictures: light (unless given) or dark')
    .option('--width <pixels>', 'of the pictures; 960 unless given');
}

const WIDTH = 960;
/** PNGs have twice the pixels, so that they are sharp on today's screens. */
const DENSITY = 2;

/** True when a picture goes to standard output, and nothing else may. */
export function onStandardOutput(o: PictureOptions): boolean {
  return o.map === '-' || o.chart === '-';
}

/** Refuses what cannot be written, before anything is worked out. */
export function checkPictures(o: PictureOptions & { readonly json?: true | undefined }): void {
  for (const [flag, file] of [
    ['--map', o.map],
    ['--chart', o.chart],
  ] as const)
    if (file !== undefined) checkEnding(flag, file);
  if (onStandardOutput(o) && (o.json || o.map === o.chart))
    throw new Failure('only one thing can go to standard output: give a file for the others', EXIT.usage);
  sizeOf(o);
  themeOf(o);
}

/** Writes the pictures that were asked for; fails when the answer has none. */
export async function writePictures(
  drawn: Drawn,
  o: PictureOptions,
  write: (text: string) => void,
): Promise<void> {
  for (const kind of ['map', 'chart'] as const) {
    const file = o[kind];
    if (file === undefined) continue;
    const draw = drawn[kind];
    if (!draw) throw new Failure(`this question has no ${kind}`, EXIT.usage);
    await writePicture(draw(sizeOf(o), themeOf(o)), file, write);
  }
}

async function writePicture(svg: string, file: string, write: (text: string) => void): Promise<void> {
  if (file === '-') return write(svg);
  const content = file.endsWith('.png') ? await pngOf(svg) : svg;
  writeWhole(file, content);
}

function checkEnding(flag: string, file: string): void {
  if (file !== '-' && !/[^/]\.(svg|png)$/.test(file))
    throw new Failure(
      `${flag} wants a file whose name ends in .svg or .png, or -, not '${file}'`,
      EXIT.usage,
    );
}

/** Renders with the fonts that came along, so that every machine draws the same. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  let resvg: typeof import('@resvg/resvg-js');
  try {
    resvg = await import('@resvg/resvg-js');
  } catch {
    throw new Failure(
      `PNG cannot be drawn on this platform (${process.platform} ${process.arch}): @resvg/resvg-js has no build for it here; write an .svg instead`,
    );
  }
  const require = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((f) =>
    require.resolve(`dejavu-fonts-ttf/ttf/${f}`),
  );
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' };
  return new resvg.Resvg(svg, { font, fitTo: { mode: 'zoom', value: DENSITY } }).render().asPng();
}

export function sizeOf(o: PictureOptions): Size {
  const width = Number(o.width ?? WIDTH);
  if (!Number.isInteger(width) || width < 280 || width > 4096)
    throw new Failure(`--width wants pixels from 280 to 4096, not '${o.width}'`, EXIT.usage);
  return { width };
}

export function themeOf(o: PictureOptions): Theme {
  const theme = o.theme ?? 'light';
  if (theme === 'light' || theme === 'dark') return THEMES[theme];
  throw new Failure(`--theme wants light or dark, not '${theme}'`, EXIT.usage);
}
