import { describe, expect, test } from 'vitest';
import { ipv4Number, toUtf8 } from '../base/index.ts';
import {
  as2orgReader,
  asInfoReader,
  type ChunkReader,
  readAll,
  readUsersJson,
  usersReader,
} from './as-info.ts';
import { AsRelReader } from './as-rel.ts';
import { CITIES } from './city.ts';
import { csvFields } from './csv.ts';
import { geofeedReader } from './geofeed.ts';
import type { Reading } from './lines.ts';
import { originOf, prefixToAsReader, slash24s } from './origin.ts';
import { presenceFrom, readPeeringDb } from './peeringdb.ts';
import { findPlace } from './place.ts';
import { placeReader } from './place-table.ts';

const read = <T>(reader: ChunkReader<T>, ...lines: string[]) => readAll(reader, toUtf8(lines.join('\n')));

test('CSV fields may stand in quotes, with commas and quotes inside (RFC 4180 §2)', () => {
  expect(csvFields('1,"Level 3 Parent, LLC",38')).toEqual(['1', 'Level 3 Parent, LLC', '38']);
  expect(csvFields('"say ""hi""",,')).toEqual(['say "hi"', '', '']);
  expect(csvFields('"open,1')).toBeUndefined();
  expect(csvFields('"a"b,1')).toBeUndefined();
});

test('the table of ASes is read by the names of its columns, in any order', () => {
  const { ases, reading } = read(
    asInfoReader(),
    'org,asn,cc,lat,lon,slash24',
    '"Example, Inc",64500,us,38,-97,41',
    'Nowhere,64501,,,,',
    'Bad,many,us,38,-97,1',
    'Pole,64502,us,91,0,1',
    'Minus,64503,us,1,1,-4',
  );
  expect(ases.get(64500)).toEqual({
    asn: 64500,
    name: 'Example, Inc',
    cc: 'US',
    at: { lat: 38, lon: -97 },
    slash24: 41,
  });
  expect(ases.get(64501)).toEqual({ asn: 64501, name: 'Nowhere', cc: '' });
  expect(reading.troubles.map((t) => [t.line, t.expected])).toEqual([
    [4, 'an AS number in the column asn'],
    [5, 'a latitude of at most 90 and a longitude of at most 180 degrees'],
    [6, 'counts that are not negative'],
  ]);
});

test('a table without the column it is about stops reading and says which it needs; so does an empty file', () => {
  const { reading } = read(asInfoReader(), 'number,cc', '1,US');
  expect(reading.troubles).toEqual([
    { line: 1, found: 'the columns number, cc', expected: 'a first line with asn', fatal: true },
  ]);
  expect(read(asInfoReader(), '').reading.troubles[0]).toMatchObject({ line: 0, fatal: true });
});

test('a table with semicolons or tabs between its columns is told that it wants commas', () => {
  for (const between of [';', '\t']) {
    const { troubles } = read(asInfoReader(), `asn${between}cc`, `1${between}US`).reading;
    expect(troubles[0]?.expected).toBe('a first line with asn, and commas between the columns');
  }
});

test('as2org joins its two tables; rows may have five fields or six', () => {
  const { ases, reading } = read(
    as2orgReader(),
    '# name: AS Org',
    '# format:org_id|changed|org_name|country|source',
    'EX-1|20240101|Example GmbH|DE|RIPE',
    'short|row',
    '# format:aut|changed|aut_name|org_id|opaque_id|source',
    '64500|20240101|EXAMPLE|EX-1|abc|RIPE',
    '64501|20240101|LONELY|NONE|RIPE',
    'x|20240101|LONELY|NONE|RIPE',
  );
  expect(ases.get(64500)).toEqual({ asn: 64500, name: 'Example GmbH', cc: 'DE' });
  expect(ases.get(64501)).toEqual({ asn: 64501, name: 'LONELY', cc: '' });
  expect(reading.troubles.map((t) => t.line)).toEqual([4, 8]);
  expect(read(as2orgReader(), '1|2|3').reading.troubles[0]).toMatchObject({ line: 1, fatal: true });
});

test('users per AS come as CSV or JSON; rows of one AS in several countries add up', () => {
  const csv = read(
    usersReader(),
    'Rank,AS,AS Name,CC,Users (est.)',
    '1,AS64500,Big,IN,"1,000"',
    '2,64500,Big,NP,20',
    '3,64501,Odd,IN,many',
  );
  const json = readUsersJson(
    '{"Data":[{"AS":64500,"Users":1000,"CC":"IN","Autonym":"Big"},{"AS":64500,"Users":20,"CC":"NP"},{"AS":1},7]}',
  );
  for (const { ases } of [csv, json]) {
    expect(ases.get(64500)).toEqual({ asn: 64500, name: 'Big', cc: 'IN', users: 1020 });
    expect(ases.size).toBe(1);
  }
  expect([csv.reading.skipped, json.reading.skipped]).toEqual([1, 2]);
  // The biggest row names the country, even when the others together are bigger.
  const rows = [50, 50, 80].map((Users, i) => ({ AS: 7, Users, CC: ['AA', 'BB', 'CC'][i] }));
  expect(readUsersJson(JSON.stringify(rows)).ases.get(7)).toMatchObject({ users: 180, cc: 'CC' });
  // What JSON can hold in place of a number, even what has no text.
  expect(readUsersJson('[{"AS":{"toString":1},"Users":1},{"AS":1,"Users":[]}]').reading.skipped).toBe(2);
  expect(readUsersJson('{').reading.troubles[0]).toMatchObject({ fatal: true });
  expect(readUsersJson('{"a":1}').reading.troubles[0]).toMatchObject({ fatal: true });
});

test('a row of JSON that cannot be used is named by its place in the list, whatever was skipped before it', () => {
  const rows = '[7,{"AS":1,"Users":2},null,{"AS":2,"Users":"many"},{"AS":3,"Users":"\\u001b[31m"}]';
  const { troubles } = readUsersJson(rows).reading;
  expect(troubles.map((t) => t.line)).toEqual([1, 3, 4, 5]);
  expect(troubles[3]?.found).not.toContain('\u001b');
  const { readings } = readPeeringDb({ ix: '{"data":[0,{"id":1},{"id":"x"}]}' });
  expect(readings.ix?.troubles.map((t) => t.line)).toEqual([1, 3]);
});

describe('files as other systems write them', () => {
  const MARK = '\ufeff';
  const files: readonly (readonly [string, () => ChunkReader<{ readonly reading: Reading }>, string])[] = [
    ['as-rel', () => new AsRelReader(), '1|2|-1\r\n2|3|-1\r\n'],
    ['as-info', asInfoReader, 'asn,cc\r\n1,DE\r\n'],
    ['as2org', as2orgReader, '# format:aut|changed|aut_name|org_id|source\r\n1|2|A|O|R\r\n'],
    ['users', usersReader, 'as,users\r\n1,5\r\n'],
    ['pfx2as', prefixToAsReader, '10.0.0.0\t8\t1\r\n10.1.0.0\t16\t2\r\n'],
    ['geofeed', geofeedReader, '192.0.2.0/24,DE,,,\r\n'],
    ['places', placeReader, 'city,lat,lon\r\nBonn,50,7\r\n'],
  ];

  test.each(files)(
    '%s reads the same with a byte-order mark and with CR LF, and refuses UTF-16',
    (_, make, text) => {
      const plain = readAll(make(), toUtf8(text.replaceAll('\r', '')));
      expect(plain.reading.troubles).toEqual([]);
      expect(readAll(make(), toUtf8(text))).toEqual(plain);
      expect(readAll(make(), toUtf8(`${MARK}${text}`))).toEqual(plain);
      // The mark in pieces.
      const reader = make();
      for (const byte of toUtf8(`${MARK}${text}`)) reader.push(Uint8Array.of(byte));
      expect(reader.end()).toEqual(plain);
      const wide = Uint8Array.from([0xff, 0xfe, ...[...text].flatMap((c) => [c.charCodeAt(0), 0])]);
      expect(readAll(make(), wide).reading.troubles).toEqual([
        { line: 1, found: 'text in UTF-16', expected: 'text in UTF-8', fatal: true },
      ]);
    },
  );

  test('a byte-order mark before JSON changes nothing', () => {
    const users = '[{"AS":1,"Users":2,"CC":"DE"}]';
    expect(readUsersJson(MARK + users)).toEqual(readUsersJson(users));
    const ix = '{"data":[{"id":1,"city":"Bonn","country":"DE"}]}';
    expect(readPeeringDb({ ix: MARK + ix })).toEqual(readPeeringDb({ ix }));
  });

  test('a header that names other columns is quoted without what a terminal would obey', () => {
    const { troubles } = read(asInfoReader(), 'AS\u001b[31m,x', '1,2').reading;
    expect(troubles[0]?.found).toBe('the columns AS\\u001b[31m, x');
  });
});

test('the most specific prefix owns an address, and what nobody announces has no owner', () => {
  const { origins, prefixes, ipv6, reading } = read(
    prefixToAsReader(),
    '10.0.0.0\t8\t1',
    '10.1.0.0\t16\t2',
    '10.1.2.0\t24\t3_9',
    '10.1.2.0\t24\t7',
    '10.2.0.0\t16\t{4,5}',
    '2001:db8::\t32\t6',
    '10.9.9.1\t24\t8',
    '10.9.9.0\t33\t8',
    'junk',
  );
  const owner = (text: string) => originOf(origins, ipv4Number(text) as number);
  expect(
    [
      '10.0.0.1',
      '10.1.1.1',
      '10.1.2.255',
      '10.1.3.0',
      '10.2.0.0',
      '10.3.0.0',
      '11.0.0.0',
      '9.255.255.255',
    ].map(owner),
  ).toEqual([1, 2, 3, 2, 4, 1, undefined, undefined]);
  expect([prefixes, ipv6, reading.skipped]).toEqual([5, 1, 3]);
  expect(slash24s(origins).get(1)).toBe(65536 - 2 * 256);
  expect(slash24s(origins).get(2)).toBe(255);
  expect(slash24s(origins).get(3)).toBe(1);
});

test('ranges agree with a search through all prefixes, in whatever order they come', () => {
  let state = 7;
  const draw = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
  const rows = Array.from({ length: 300 }, (_, i) => {
    const length = 1 + draw(12);
    return { start: (draw(4096) >>> (12 - length)) * 2 ** (32 - length), length, asn: i + 1 };
  });
  const text = rows.map(
    (r) => `${[24, 16, 8, 0].map((s) => (r.start >>> s) & 255).join('.')}\t${r.length}\t${r.asn}`,
  );
  const { origins } = read(prefixToAsReader(), ...text);
  for (let k = 0; k < 4096; k++) {
    const address = k * 2 ** 20 + 5;
    let best: (typeof rows)[number] | undefined;
    for (const r of rows)
      if (address >= r.start && address < r.start + 2 ** (32 - r.length) && (!best || r.length > best.length))
        best = r;
    expect(originOf(origins, address)).toBe(best?.asn);
  }
  expect(originOf(read(prefixToAsReader(), '0.0.0.0\t0\t5').origins, 0xffff_ffff)).toBe(5);
});

test('a geofeed gives places to prefixes; an address alone is a prefix too (RFC 8805 §2.1.1)', () => {
  const { entries, reading } = read(
    geofeedReader(),
    '# comment',
    '192.0.2.0/25,DE,DE-HE,Frankfurt,',
    '2001:db8::/32,us,,"Ashburn, VA",',
    '192.0.2.7,,,,',
    '192.0.2.1/24,DE,,,',
    '192.0.2.0/24,Germany,,,',
  );
  expect(entries).toEqual([
    { prefix: '192.0.2.0/25', cc: 'DE', region: 'DE-HE', city: 'Frankfurt' },
    { prefix: '2001:db8::/32', cc: 'US', region: '', city: 'Ashburn, VA' },
    { prefix: '192.0.2.7/32', cc: '', region: '', city: '' },
  ]);
  expect(reading.troubles.map((t) => t.line)).toEqual([5, 6]);
});

test('PeeringDB says in which cities an AS is: by coordinates, by name, or by where an exchange has its switches', () => {
  const api = (data: unknown[]) => JSON.stringify({ data });
  const db = readPeeringDb({
    fac: api([
      {
        id: 1,
        name: 'Equinix FR5',
        city: 'Frankfurt am Main',
        country: 'DE',
        latitude: 50.12,
        longitude: 8.74,
      },
      { id: 2, name: 'Sydney 1', city: 'Sydney', country: 'AU' },
      { id: 3, name: 'Nowhere', city: 'Atlantis', country: 'XX' },
      { id: 'x' },
    ]),
    ix: api([
      { id: 7, name: 'AMS-IX', city: 'Amsterdam', country: 'NL' },
      { id: 8, name: 'Odd-IX', city: '?' },
    ]),
    ixfac: api([{ ix_id: 8, fac_id: 2 }]),
    netfac: api([
      { local_asn: 64500, fac_id: 1 },
      { local_asn: 64500, fac_id: 3 },
    ]),
    netixlan: JSON.stringify({
      netixlan: {
        data: [
          { asn: 64500, ix_id: 7 },
          { asn: 64501, ix_id: 8 },
          { asn: 64500, ix_id: 7 },
        ],
      },
    }),
  });
  const { at, unplaced } = presenceFrom(db, CITIES);
  const codes = (asn: number) =>
    at
      .get(asn)
      ?.map((i) => CITIES[i]?.code)
      .sort();
  expect(codes(64500)).toEqual(['ams', 'fra']);
  expect(codes(64501)).toEqual(['syd']);
  expect(unplaced).toBe(1);
  expect(db.readings.fac?.skipped).toBe(1);
});

test('places are read from CSV and found by code, name, name with country, or coordinates', () => {
  const { places, reading } = read(
    placeReader(),
    'iata,lat,lon,cc,city',
    'AAL,57.09,9.85,DK,Aalborg',
    'XXX,100,0,DK,Wrong',
  );
  expect([places[0]?.code, reading.skipped]).toEqual(['aal', 1]);
  expect(findPlace('fra', CITIES)?.name).toBe('Frankfurt');
  expect(findPlace('São Paulo', CITIES)?.code).toBe('sao');
  expect(findPlace('San Jose', CITIES)?.cc).toBe('US');
  expect(findPlace('San Jose, CR', CITIES)?.cc).toBe('CR');
  expect(findPlace('Atlantis', CITIES)).toBeUndefined();
  expect(findPlace('50.1, 8.7', CITIES)).toMatchObject({ lat: 50.1, lon: 8.7 });
  expect(findPlace('95, 8.7', CITIES)).toBeUndefined();
});
