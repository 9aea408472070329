import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const SIGNALS = new URL('./signals.ts', import.meta.url).href;

test('SIGHUP is heard once it can be, and ends the process neither before nor afterwards', () => {
  const code = `
import { hangups } from ${JSON.stringify(SIGNALS)};
const again = () => new Promise((resolve) => setTimeout(resolve, 20));
const up = hangups(() => console.log('heard'));
process.kill(process.pid, 'SIGHUP');
process.kill(process.pid, 'SIGHUP');
await again();
console.log('begin');
up.begin();
process.kill(process.pid, 'SIGHUP');
await again();
up.end();
process.kill(process.pid, 'SIGHUP');
await again();
console.log('goodbye');`;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code]);
  expect(signal).toBeNull();
  expect(stdout.toString().trim().split('\n')).toEqual(['begin', 'heard', 'heard', 'goodbye']);
});
