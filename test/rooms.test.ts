/**
 * The house: which rooms there are, which are pure, and who may import whom. The table is data here and prose in
 * ARCHITECTURE.md; the last test holds the two together.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

interface Room {
  /** Rooms whose `index.ts` this one may import. */
  readonly imports: readonly string[];
  /** Packages this room may import; pure rooms name the few that are pure as well. */
  readonly packages?: readonly string[];
  /** Impure rooms may import Node and any dependency. */
  readonly impure?: true;
}

const PROTOCOL = ['base', 'wire', 'session', 'bfd', 'rib', 'policy', 'rpki'];
const PURE = [
  ...PROTOCOL,
  'speaker',
  'plan',
  'site',
  'topology',
  'predict',
  'emulate',
  'ingress',
  'observe',
  'control',
  'picture',
];

const ROOMS: { readonly [room: string]: Room } = {
  base: { imports: [] },
  wire: { imports: ['base'] },
  session: { imports: ['base', 'wire'] },
  bfd: { imports: ['base'] },
  rib: { imports: ['base', 'wire'] },
  policy: { imports: ['base', 'wire'] },
  rpki: { imports: ['base'] },
  speaker: { imports: PROTOCOL },
  plan: { imports: ['base', 'policy'], packages: ['yaml', 'zod'] },
  site: { imports: ['base', 'plan', 'policy'] },
  topology: { imports: ['base'] },
  predict: { imports: ['base', 'topology', 'plan', 'rpki'] },
  emulate: { imports: [...PROTOCOL, 'speaker', 'plan', 'site', 'topology'] },
  ingress: { imports: ['base', 'plan'] },
  observe: { imports: ['base', 'wire', 'rpki', 'plan'] },
  control: { imports: ['base', 'plan', 'site', 'observe'], packages: ['zod'] },
  picture: { imports: ['base'], packages: ['d3-geo', 'topojson-client'] },
  host: { imports: ['base', 'session', 'ingress', 'observe'], impure: true },
  edge: { imports: ['base', 'plan', 'control', 'host'], impure: true },
  agent: { imports: [...PURE, 'host', 'edge'], impure: true },
  lab: { imports: [...PURE, 'host', 'edge'], impure: true },
  fleet: { imports: [...PURE, 'host', 'edge'], impure: true },
  cli: { imports: [...PURE, 'host', 'edge', 'agent', 'lab', 'fleet'], impure: true },
};

/** The browser's side, beside `src/`. Its tests and what builds it are of the machine; the page is not. */
const DASHBOARD: Room = {
  imports: ['base', 'plan', 'topology', 'predict', 'control', 'picture'],
  packages: ['preact', 'preact/hooks', 'maplibre-gl', 'uplot', 'geojson', 'virtual:land', 'zod', 'zod/v4'],
};
const PAGE = 'dashboard/src/';

interface Import {
  readonly file: string;
  readonly room: string;
  readonly from: string;
}

const roomsHere = readdirSync(src, { withFileTypes: true })
  .filter((e) => e.isDirectory())
  .map((e) => e.name);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    return e.isDirectory() ? filesOf(path) : /\.tsx?$/.test(e.name) ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const room = relative(src, file).split('/')[0] as string;
  return importedBy(text).map((from) => ({ file: relative(root, file), room, from }));
}

/** Statements that begin a line, and `import('…')` anywhere; words in strings are none. */
function importedBy(text: string): string[] {
  const statements = text.matchAll(/^[ \t]*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*'([^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(\s*'([^']+)'/g);
  return [...statements, ...dynamic].map((m) => m[1] as string);
}

/** What is wrong with one import, as a sentence; undefined when nothing is. Tests may import more than the code they test. */
function trespass(i: Import): string | undefined {
  const room = ROOMS[i.room] as Room;
  const isTest = /\.test(-support)?\.ts$/.test(i.file);
  if (!isTest && i.from.endsWith('.test-support.ts')) return `${i.file}: '${i.from}' is for tests only`;
  if (i.from.startsWith('.')) {
    if (!i.from.endsWith('.ts') && !i.from.endsWith('.json'))
      return `${i.file}: write the ending: '${i.from}' has to end in .ts`;
    const target = resolve(root, dirname(i.file), i.from);
    const [other, ...inside] = relative(src, target).split('/') as [string, ...string[]];
    if (other === i.room || (isTest && other === '..')) return undefined;
    if (other === '..') return `${i.file}: '${i.from}' leaves src/; a room may only import rooms`;
    if (!room.imports.includes(other))
      return `${i.file}: ${i.room} may not import ${other}; what it needs belongs one room lower or is passed in as an argument`;
    if (inside.join('/') !== 'index.ts')
      return `${i.file}: import ${other}/index.ts, not its inside '${inside.join('/')}'`;
    return undefined;
  }
  if (room.impure || isTest || room.packages?.includes(i.from)) return undefined;
  return `${i.file}: ${i.room} is pure and may not import '${i.from}'`;
}

test('every folder of src/ is a room of the table and lists what is public in index.ts', () => {
  const complaints = roomsHere.flatMap((room) => [
    ...(ROOMS[room] ? [] : [`src/${room} is no room of the table`]),
    ...(room === 'cli' || existsSync(join(src, room, 'index.ts')) ? [] : [`src/${room} has no index.ts`]),
    ...(existsSync(join(src, room, 'README.md')) ? [] : [`src/${room} has no README.md`]),
  ]);
  expect(complaints).toEqual([]);
});

test('no room imports what the table does not allow, and pure rooms import nothing impure', () => {
  const imports = roomsHere.flatMap((room) => filesOf(join(src, room))).flatMap(importsOf);
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.map(trespass).filter((c) => c !== undefined)).toEqual([]);
});

/** The same for a file of the page: rooms by their index.ts, its own files, its few packages and their style sheets. */
function pageTrespass(i: Import): string | undefined {
  const isTest = /\.test(-support)?\.ts$/.test(i.file);
  const [from] = i.from.split('?') as [string];
  if (!from.startsWith('.')) {
    const known = DASHBOARD.packages?.some((p) => from === p || from.startsWith(`${p}/dist/`));
    return known || isTest ? undefined : `${i.file}: the page may not import '${from}'`;
  }
  if (!/\.(tsx?|css)$/.test(from)) return `${i.file}: write the ending: '${i.from}'`;
  const target = relative(root, resolve(root, dirname(i.file), from));
  if (target.startsWith(PAGE)) return undefined;
  const [, room] = /^src\/(\w+)\/index\.ts$/.exec(target) ?? [];
  if (room === undefined)
    return `${i.file}: '${i.from}' is neither the page's own nor the index.ts of a room`;
  return isTest || DASHBOARD.imports.includes(room)
    ? undefined
    : `${i.file}: the page may not import ${room}`;
}

test('the page imports only the rooms that it may, by their index.ts, and nothing of the machine', () => {
  const imports = filesOf(join(root, PAGE)).flatMap(importsOf);
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.map(pageTrespass).filter((c) => c !== undefined)).toEqual([]);
  const say = (from: string) => pageTrespass({ file: `${PAGE}map/a.ts`, room: '', from });
  expect(say('../../../src/control/index.ts')).toBeUndefined();
  expect(say('../../../src/control/apply.ts')).toMatch(/neither the page's own nor the index.ts/);
  expect(say('../../../src/host/index.ts')).toMatch(/may not import host/);
  expect(say('node:fs')).toMatch(/may not import 'node:fs'/);
  expect(say('../data/scene')).toMatch(/write the ending/);
});

test('every way to import is seen, and words in strings are not', () => {
  const text = `import a, { b } from 'one';
import type {
  C,
} from 'two';
export * from 'three';
export { d } from 'four';
import 'five';
const e = (await import('six')) as typeof import('seven');
const f = "copied from 'nowhere'" + \`told from '\${e}'\`;
const g = list.from ', ';`;
  const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  expect(importedBy(text)).toEqual(words);
});

test('a trespass is caught and said in a sentence', () => {
  const say = (file: string, from: string) => trespass({ file, room: file.split('/')[1] as string, from });
  expect(say('src/wire/a.ts', '../rib/index.ts')).toMatch(/wire may not import rib/);
  expect(say('src/wire/a.ts', '../base/bytes.ts')).toMatch(/import base\/index.ts, not its inside/);
  expect(say('src/wire/a.ts', 'node:net')).toMatch(/wire is pure/);
  expect(say('src/wire/a.ts', '../base/index.ts')).toBeUndefined();
  expect(say('src/host/a.ts', 'node:net')).toBeUndefined();
});

test('the packages of pure rooms and the folders they are compiled from agree with the table', () => {
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.pure.json'), 'utf8')) as { include: string[] };
  const pure = Object.entries(ROOMS)
    .filter(([, room]) => !room.impure)
    .map(([name]) => `src/${name}/**/*.ts`);
  expect([...config.include].sort()).toEqual(pure.sort());
});

test('ARCHITECTURE.md shows the same table', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const missing = Object.keys(ROOMS).filter((room) => !new RegExp(`^\\|.*\`${room}\``, 'm').test(text));
  expect(missing).toEqual([]);
});
