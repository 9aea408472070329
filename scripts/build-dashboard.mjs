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
/** Whatever the page may be made of. All of `src`: a build takes two seconds, and a list of its rooms would be a second one to keep. */
const SOURCES = ['dashboard', 'src', 'package-lock.json', 'scripts/build-dashboard.mjs'];

/** When the newest file below a path was changed: tests, texts and what was built do not count. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return /(\.test\.tsx?|\.md)$/.test(path) ? 0 : stat.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'dist');
  return Math.max(0, ...names.map((name) => newest(join(path, name))));
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
