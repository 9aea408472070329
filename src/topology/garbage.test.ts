import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toUtf8 } from '../base/index.ts';
import { as2orgReader, asInfoReader, type ChunkReader, readUsersJson, usersReader } from './as-info.ts';
import { AsRelReader } from './as-rel.ts';
import { BadBzip2, bunzip2 } from './bunzip2.ts';
import { geofeedReader } from './geofeed.ts';
import { MOST_TROUBLES, type Reading } from './lines.ts';
import { prefixToAsReader } from './origin.ts';
import { openWorld } from './pack.ts';
import { readPeeringDb } from './peeringdb.ts';
import { placeReader } from './place-table.ts';

const READERS: readonly (() => ChunkReader<{ reading: Reading }>)[] = [
  () => new AsRelReader(),
  asInfoReader,
  as2orgReader,
  usersReader,
  prefixToAsReader,
  geofeedReader,
  placeReader,
];

/** Bytes that look a little like what readers expect, so that they get past the first check. */
const NEARLY = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        '1',
        '|',
        '0',
        '-1',
        '\n',
        ',',
        'asn',
        'cc',
        '"',
        '#',
        '\t',
        '10.0.0.0',
        '/8',
        '{',
        '_',
        ' ',
        'format:aut|',
        'lat',
        'lon',
        'city',
        'users',
        '\r',
        ':',
      ),
      { maxLength: 60 },
    )
    .map((words) => toUtf8(words.join(''))),
);

test('no reader throws, whatever the bytes and wherever the chunks end; all keep their account', () => {
  fc.assert(
    fc.property(fc.array(NEARLY, { maxLength: 5 }), (chunks) => {
      for (const make of READERS) {
        const reader = make();
        for (const chunk of chunks) reader.push(chunk);
        const { reading } = reader.end();
        expect(reading.troubles.length).toBeLessThanOrEqual(MOST_TROUBLES);
        expect(reading.skipped).toBeLessThanOrEqual(reading.lines);
      }
    }),
    { numRuns: 300 },
  );
});

test('no JSON document makes its reader throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      expect(readUsersJson(text).reading.troubles.length).toBeLessThanOrEqual(MOST_TROUBLES);
      expect(() =>
        readPeeringDb({ fac: text, ix: text, netfac: text, netixlan: text, ixfac: text }),
      ).not.toThrow();
    }),
    { numRuns: 300 },
  );
});

test('bytes that are no bzip2 file and no packed world are refused in words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, start) => {
      const file = start
        ? Uint8Array.from([0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ...bytes])
        : bytes;
      let error: unknown;
      try {
        for (const _ of bunzip2(file));
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(BadBzip2);
      expect(openWorld(file.slice().buffer)).toHaveProperty('refused');
    }),
    { numRuns: 500 },
  );
});
