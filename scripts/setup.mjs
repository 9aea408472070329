// Brings the toolchain: runs under whatever Node the machine has, installs the locked dependencies when
// they are missing or older than the lock file, and is silent when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = `${root}package-lock.json`;
const stamp = `${root}node_modules/.package-lock.json`;

if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) {
  console.log('nearcast: installing the locked dependencies (once, about 20 s) …');
  // `prepare` and the other life-cycle scripts of this package itself have nothing to add here.
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    console.error(
      'nearcast: "npm ci" failed; the lines above say why. Mend that, then run the command again.',
    );
    process.exit(1);
  }
}
