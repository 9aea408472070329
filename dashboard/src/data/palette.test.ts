import { expect, test } from 'vitest';
import { DARK, LIGHT, NOWHERE_TONE } from '../../../src/picture/index.ts';
import { siteColour } from './palette.ts';

test('a site has the colour that it has in every picture', () => {
  for (const [i, colour] of LIGHT.sites.entries()) expect(siteColour(i, 'light')).toBe(colour);
  for (const [i, colour] of DARK.sites.entries()) expect(siteColour(i, 'dark')).toBe(colour);
});

test('beyond the last colour the first comes again, and nowhere has its own', () => {
  expect(siteColour(12, 'dark')).toBe(siteColour(0, 'dark'));
  expect(siteColour(undefined, 'light')).toBe(NOWHERE_TONE.light);
  expect(siteColour(-1, 'light')).toBe(NOWHERE_TONE.light);
});
