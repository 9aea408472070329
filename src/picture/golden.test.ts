/**
 * Every picture beside its golden file, which the gallery shows: `docs/pictures/NAME.svg`, `-dark` and `-narrow`. With
 * NEARCAST_UPDATE=1 the files and docs/gallery.md are written anew; look at them then.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { galleryPage } from './gallery.test-support.ts';
import { samplesOn } from './samples.test-support.ts';
import { DARK, LIGHT } from './theme.ts';
import type { Land } from './world.ts';

const SAMPLES = samplesOn(createRequire(import.meta.url)('world-atlas/land-110m.json') as Land);
const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const pictures = join(docs, 'pictures');
const update = process.env['NEARCAST_UPDATE'] === '1';

const LOOKS = [
  ['', { width: 900, height: 480 }, LIGHT],
  ['-dark', { width: 900, height: 480 }, DARK],
  ['-narrow', { width: 360, height: 420 }, LIGHT],
] as const;

function golden(file: string, now: string): void {
  if (update) {
    mkdirSync(pictures, { recursive: true });
    writeFileSync(file, now);
  }
  const was = existsSync(file) ? readFileSync(file, 'utf8') : '';
  // Not the whole text: a difference of a hundred kilobytes helps nobody.
  if (was !== now)
    expect.fail(
      `${basename(file)} is drawn otherwise than its golden file; if that is meant: NEARCAST_UPDATE=1`,
    );
}

describe.each(SAMPLES)('$name', (sample) => {
  test.each(LOOKS)('is drawn like its golden file%s', (suffix, size, theme) => {
    const svg = sample.draw(size, theme);
    expect(sample.draw(size, theme)).toBe(svg);
    golden(join(pictures, `${sample.name}${suffix}.svg`), svg);
  });
});

test('the gallery shows every picture, and no golden file is left over', () => {
  golden(join(docs, 'gallery.md'), galleryPage(SAMPLES));
  const known = SAMPLES.flatMap((s) => LOOKS.map(([suffix]) => `${s.name}${suffix}.svg`));
  expect(
    readdirSync(pictures)
      .filter((f) => f.endsWith('.svg'))
      .sort(),
  ).toEqual(known.sort());
});
