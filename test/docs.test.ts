/** The pages against the house: links lead somewhere, commands and scripts exist, and every verb and library is named. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const PLACES = ['.', 'docs', 'docs/decisions', 'bench', 'fuzz', 'test/interop'];
const pages = [...PLACES, ...readdirSync(join(root, 'src')).map((room) => `src/${room}`)].flatMap((folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name))
    : [],
);
const text = (page: string) => readFileSync(join(root, page), 'utf8');

test('every link to a file leads to one', () => {
  expect(pages.length).toBeGreaterThan(15);
  const broken = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map((m) => m[1] as string)
      .filter((to) => !/^[a-z]+:/.test(to) && !existsSync(join(root, dirname(page), to)))
      .map((to) => `${page}: ${to}`),
  );
  expect(broken).toEqual([]);
});

test('every source file that the architecture names is there', () => {
  const named = [...text('ARCHITECTURE.md').matchAll(/`((?:src|test|scripts)\/[\w./-]+?\.m?[jt]s)`/g)];
  expect(named.length).toBeGreaterThan(20);
  expect(named.map((m) => m[1] as string).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(text('package.json')) as { readonly scripts: object };
  const named = pages.flatMap((page) =>
    [...text(page).matchAll(/npm (?:run ([a-z][\w:-]*)|(test|start)\b)/g)].map(
      (m) => [page, (m[1] ?? m[2]) as string] as const,
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(([, name]) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('the README names every verb of the command and every room that is a library', () => {
  const help = execFileSync(join(root, 'bin/nearcast'), ['--help'], { encoding: 'utf8' });
  const verbs = [...help.matchAll(/^ {2}([a-z-]+)(?: \[| {2})/gm)]
    .map((m) => m[1])
    .filter((v) => v !== 'help');
  expect(verbs).toContain('speak');
  const readme = text('README.md');
  const unnamed = verbs.filter((verb) => !new RegExp(`\`(nearcast )?${verb}\\b`).test(readme));
  expect(unnamed.map((verb) => `'${verb}' wants a row in the README's table of commands`)).toEqual([]);
  const rooms = readdirSync(join(root, 'src')).filter((r) => existsSync(join(root, 'src', r, 'index.ts')));
  const unlisted = rooms.filter((room) => !readme.includes(`nearcast/${room}\``));
  expect(unlisted.map((room) => `'nearcast/${room}' wants to be named in "As a library"`)).toEqual([]);
});
