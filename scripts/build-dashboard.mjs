// Builds the page of the dashboard into dashboard/dist, when it is missing or older than what it is made of; silent when there
// is nothing to do.
//   node scripts/build-dashboard.mjs            as `npm start` does
//   node scripts/build-dashboard.mjs --always   as `npm run build:dashboard` does
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'dashboard/dist/index.html');
/** Whatever the page may be made of; the rooms that it may import are in test/rooms.test.ts. */
const SOURCES = ['dashboard', 'src', 'package-lock.json', 'scripts/build-dashboard.mjs'];
const ROOMS = [
  'base',
  'plan',
  'policy',
  'topology',
  'rpki',
  'predict',
  'control',
  'picture',
  'site',
  'observe',
  'wire',
];

/** When the newest file below a path was changed. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return path.endsWith('.test.ts') ? 0 : stat.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path)
      .filter(counts(path))
      .map((name) => newest(join(path, name))),
  );
}

function counts(folder) {
  if (folder === join(root, 'src')) return (name) => ROOMS.includes(name);
  return (name) => !(folder === join(root, 'dashboard') && name === 'dist') && !name.endsWith('.md');
}

const always = process.argv.includes('--always');
const built = existsSync(page) ? statSync(page).mtimeMs : 0;
if (always || SOURCES.some((source) => newest(join(root, source)) > built)) {
  if (!always) console.log('nearcast: building the dashboard (once, a few seconds) …');
  const { build } = await import('vite');
  try {
    await build({ configFile: join(root, 'dashboard/vite.config.ts'), logLevel: always ? 'info' : 'warn' });
    // What is served is packed once, here.
    const assets = join(root, 'dashboard/dist/assets');
    for (const name of readdirSync(assets))
      writeFileSync(join(assets, `${name}.gz`), gzipSync(readFileSync(join(assets, name)), { level: 9 }));
  } catch (error) {
    console.error(`nearcast: the dashboard could not be built: ${error.message}`);
    process.exit(1);
  }
}
