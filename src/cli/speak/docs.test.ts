/** docs/speak.md against the program: every field is there, every default is true, every example is accepted. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatComplaint } from '../../plan/index.ts';
import { readSpeak } from './index.ts';

const text = readFileSync(new URL('../../../docs/speak.md', import.meta.url), 'utf8');

/** The rows of a section's table with this heading: the field in the first column, the default in the second. */
function rows(heading: string): Map<string, string> {
  const start = text.split('\n').findIndex((line) => line.startsWith(`| ${heading} `));
  const lines = text.split('\n').slice(start + 2);
  const table = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return new Map(
    table.map((line) => {
      const [, field, second] = line.split('|').map((cell) => cell.trim());
      return [(field as string).replaceAll('`', ''), second as string];
    }),
  );
}

/** The rows under a title of the page. */
function section(title: string): Map<string, string> {
  const rest = text.slice(text.indexOf(`\n## ${title}\n`));
  const table = rest.slice(rest.indexOf('\n| field')).trimStart().split('\n');
  const end = table.findIndex((line) => !line.startsWith('|'));
  return new Map(
    table.slice(2, end).map((line) => {
      const [, field, second] = line.split('|').map((cell) => cell.trim());
      return [(field as string).replaceAll('`', ''), second as string];
    }),
  );
}

const HEAD = 'asn: 64500\nid: 192.0.2.1\n';
/** A file with one entry of each kind; `more` is JSON, which is YAML too. */
const places: { readonly [title: string]: (more: string) => string } = {
  'The whole': (more) => `${HEAD}${more}`,
  'A peer': (more) => `${HEAD}peers: { up: { address: 198.51.100.1, asn: 64601, ${more} } }`,
  'What is announced': (more) => `${HEAD}announce: [{ prefix: 203.0.113.0/24, ${more} }]`,
  'How routes are chosen': (more) => `${HEAD}best-path: { ${more} }`,
};

function read(file: string) {
  return readSpeak(file, 'speak.yaml', () => ({ error: 'no such file' }), '/run/s');
}

/** The fields that the reader itself says may stand there. */
function fieldsAt(file: string): string[] {
  const result = read(file);
  const complaint =
    'complaints' in result ? result.complaints.find((c) => /^(one|any) of: /.test(c.allowed)) : undefined;
  return (complaint?.allowed ?? '')
    .replace(/^(one|any) of: /, '')
    .split(', ')
    .sort();
}

test.each(Object.keys(places))('"%s" has a row for every field, and none for what is no field', (title) => {
  const fields = fieldsAt((places[title] as (more: string) => string)('no-such-field: 1'));
  expect(fields.length).toBeGreaterThan(2);
  expect([...section(title).keys()].sort()).toEqual(fields);
});

test.each([
  ['in `when`', 'when: { no-such-field: 1 }'],
  ['in `then`', 'then: { no-such-field: 1 }'],
])('the table %s has a row for every word, and none for what is no word', (heading, rule) => {
  expect([...rows(heading).keys()].sort()).toEqual(fieldsAt(`${HEAD}policies: { p: [{ ${rule} }] }`));
});

test.each(
  Object.entries(places).flatMap(([title, file]) =>
    [...section(title)].flatMap(([field, value]) => {
      const given = /^`(.+)`$/.exec(value)?.[1];
      return given === undefined ? [] : [[title, field, given, file] as const];
    }),
  ),
)('in "%s", writing the default of %s, %s, changes nothing', (_title, field, value, file) => {
  const [without, with_] = [read(file('')), read(file(`${field}: "${value}"`))];
  if ('complaints' in without || 'complaints' in with_) throw new Error(JSON.stringify([without, with_]));
  expect(with_.config).toEqual(without.config);
});

test('every field of a peer but its own two may stand in peer-defaults', () => {
  const shared = fieldsAt(`${HEAD}peer-defaults: { no-such-field: 1 }`);
  expect([...section('A peer').keys()].filter((f) => !shared.includes(f))).toEqual([
    'address',
    'description',
  ]);
});

test('every example is accepted', () => {
  for (const name of ['docs/speak.md', 'README.md']) {
    const page = readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => m[1] as string);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const result = read(example);
      expect('complaints' in result ? result.complaints.map(formatComplaint) : [], name).toEqual([]);
    }
  }
});
