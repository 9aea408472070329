/**
 * What others install. The quick tests hold the rooms of this clone to their names in `exports`; the long one builds the
 * package, installs it into an empty folder and uses it as a stranger would (`npm run test:package`, and so does `.ci/run`).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = readdirSync(join(root, 'src')).filter((r) => existsSync(join(root, 'src', r, 'index.ts')));
const KEEPALIVE = 'ffffffffffffffffffffffffffffffff001304';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs a program; its standard output, or everything it said when it failed. */
function run(cwd: string, program: string, ...args: string[]): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', input: KEEPALIVE });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** A script that imports every room by its public name and says how many names each has. */
const IMPORT_ALL = `
  const count = async (room) => [room, Object.keys(await import('nearcast/' + room)).length > 0];
  console.log(JSON.stringify(await Promise.all(${JSON.stringify(rooms)}.map(count))));`;

test('every room is a library under its own name, unbuilt, in this clone', () => {
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', IMPORT_ALL], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(JSON.parse(said)).toEqual(rooms.map((room) => [room, true]));
});

test('the lock file names every package of every platform, without which npm ci refuses a fresh clone', () => {
  interface Locked {
    readonly optionalDependencies?: { readonly [name: string]: string };
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: { readonly [path: string]: Locked };
  };
  const has = (path: string) => Object.hasOwn(lock.packages, path);
  const missing = Object.entries(lock.packages).flatMap(([path, locked]) =>
    Object.keys(locked.optionalDependencies ?? {})
      .filter((name) => !has(`node_modules/${name}`) && !has(`${path}/node_modules/${name}`))
      .map((name) => `${path} wants ${name}`),
  );
  expect(missing).toEqual([]);
});

test('the command says its version, which is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(run(root, join(root, 'bin/nearcast'), '--version').trim()).toBe(version);
});

test.skipIf(!process.env['NEARCAST_PACKAGE'])(
  'the package that is published installs into an empty folder, and works there as a command and as a library',
  () => {
    const tarball = run(root, process.execPath, 'scripts/pack.mjs').trim();
    const folder = mkdtempSync(join(tmpdir(), 'nearcast-package-'));
    folders.push(folder);
    writeFileSync(join(folder, 'package.json'), '{"name":"stranger","private":true,"type":"module"}');
    run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball);

    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(run(folder, 'npx', 'nearcast', '--version').trim()).toBe(version);
    const [decoded] = run(folder, 'npx', 'nearcast', 'decode').trim().split('\n');
    expect(JSON.parse(decoded as string)).toMatchObject({ ok: true, type: 'keepalive' });
    expect(run(folder, 'npx', 'nearcast', 'hello')).toContain('has the route 203.0.113.0/24');
    expect(JSON.parse(run(folder, process.execPath, '--input-type=module', '-e', IMPORT_ALL))).toEqual(
      [...rooms].map((room) => [room, true]),
    );

    // What an installation and an editor need is in it, and says what the command says.
    const inside = (path: string) => readFileSync(join(folder, 'node_modules/nearcast', path), 'utf8');
    expect(inside('network.schema.json')).toBe(run(folder, 'npx', 'nearcast', 'check', '--schema'));
    expect(inside('packaging/systemd/nearcast-agent@.service')).toContain('ExecStart=');

    // Nothing in it needs TypeScript to run, and a user of TypeScript gets types.
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n');
    expect(files.filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((f) => /\.test\.|node_modules|tsbuildinfo/.test(f))).toEqual([]);
    writeFileSync(
      join(folder, 'use.ts'),
      `import { decodeMessage, type Message } from 'nearcast/wire';
       import { parsePrefix } from 'nearcast/base';
       const decoded = decodeMessage(new Uint8Array(19), { asn4: true, extendedMessage: false, addPath: [] });
       export const kind: Message['kind'] | undefined = decoded.ok ? decoded.message.kind : undefined;
       // @ts-expect-error: a number is no text
       export const prefix = parsePrefix(7);`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', ''];
    run(folder, process.execPath, tsc, ...flags, 'use.ts');
  },
  240_000,
);
