// Makes the package that is published. In a clone the sources run as they are; under node_modules Node takes no TypeScript,
// so what is published is JavaScript with declarations, built into dist/, with a package.json of its own.
//   npm run pack               dist/package and dist/nearcast-VERSION.tgz; prints the path of the tarball
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const out = join(dist, 'package');
const SCHEMA = 'network.schema.json';

/** Runs a program and stops with its words when it fails. */
function run(program, args, cwd) {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (done.status === 0) return done.stdout;
  console.error(
    `${program} ${args.join(' ')} failed:\n${done.stdout ?? ''}${done.stderr ?? done.error ?? ''}`,
  );
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// Composite projects check; this one only writes. Tests and what serves only them stay out.
const config = {
  extends: '../tsconfig.base.json',
  compilerOptions: {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    rootDir: '../src',
    outDir: 'package/src',
    types: ['node'],
  },
  include: ['../src/**/*.ts'],
  exclude: ['../src/**/*.test.ts', '../src/**/*.test-support.ts', '../src/**/*.interop.ts'],
};
writeFileSync(join(dist, 'tsconfig.json'), JSON.stringify(config, null, 2));
run(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(dist, 'tsconfig.json')],
  root,
);

// The page is made once, here: who installs the package builds nothing.
run(process.execPath, [join(root, 'scripts/build-dashboard.mjs'), '--always'], root);
cpSync(join(root, 'dashboard/dist'), join(out, 'dashboard/dist'), { recursive: true });

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const rooms = readdirSync(join(root, 'src')).filter((room) =>
  existsSync(join(root, 'src', room, 'index.ts')),
);
const exported = Object.fromEntries(
  rooms.sort().map((room) => {
    const index = `./src/${room}/index`;
    return [`./${room}`, { types: `${index}.d.ts`, default: `${index}.js` }];
  }),
);
const { devDependencies: _d, scripts: _s, allowScripts: _a, files: _f, ...rest } = manifest;
const published = {
  ...rest,
  exports: { ...exported, './package.json': './package.json', [`./${SCHEMA}`]: `./${SCHEMA}` },
  files: ['bin', 'src', 'dashboard', 'examples', 'docs', 'packaging', SCHEMA, 'CHANGELOG.md'],
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);

mkdirSync(join(out, 'bin'));
const bin = readFileSync(join(root, 'bin/nearcast'), 'utf8');
if (!bin.includes('../src/cli/main.ts'))
  throw new Error('bin/nearcast does not start ../src/cli/main.ts any more');
writeFileSync(join(out, 'bin/nearcast'), bin.replace('../src/cli/main.ts', '../src/cli/main.js'), {
  mode: 0o755,
});
// For editors: `# yaml-language-server: $schema=…` names it.
writeFileSync(
  join(out, SCHEMA),
  run(process.execPath, [join(root, 'bin/nearcast'), 'check', '--schema'], root),
);
for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'examples', 'docs', 'packaging'])
  if (existsSync(join(root, name))) cpSync(join(root, name), join(out, name), { recursive: true });

const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', dist], out));
console.log(join(dist, packed.filename));
