/**
 * The page in Debian's Chromium, over networks that really run.
 *
 *     npm run web
 *     npm run web -- slider                      only files or titles with this word, as vitest takes it
 *     npm run web -- --pictures                  no tests: screenshots of every screen into docs/pictures/dashboard/
 *
 * Where there is no Chromium it says so, and that is no failure.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromiumHere } from './browser.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const args = process.argv.slice(2);

function run(file: string, ...rest: readonly string[]): number {
  return (
    spawnSync(process.execPath, [`${root}${file}`, ...rest], { cwd: root, stdio: 'inherit' }).status ?? 1
  );
}

if (chromiumHere() === undefined) {
  console.log(
    'npm run web was not tried: there is no Chromium here (apt-get install chromium; NEARCAST_CHROMIUM=/path/to/one)',
  );
  process.exit(0);
}
const built = run('scripts/build-dashboard.mjs');
if (built !== 0) process.exit(built);
process.exit(
  args[0] === '--pictures'
    ? run('test/web/pictures.ts', ...args.slice(1))
    : run('node_modules/vitest/vitest.mjs', 'run', '--config', 'test/web/vitest.config.ts', ...args),
);
