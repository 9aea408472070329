import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type LoggerOptions, logger, REDACTED, redact } from './logger.ts';

function spoken(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const log = logger({ write: (line) => lines.push(line), time: () => 0, form: 'json', ...options });
  return { log, lines };
}

test('each event is one line of JSON with its time, level, sentence and facts', () => {
  const { log, lines } = spoken();
  log.with({ peer: '192.0.2.1' }).warn('the session ended', { why: 'hold timer' });
  expect(lines).toEqual([
    '{"level":"warn","at":"1970-01-01T00:00:00.000Z","peer":"192.0.2.1","why":"hold timer","say":"the session ended"}\n',
  ]);
});

test('at a terminal it is a line for a person, and control characters cannot play tricks', () => {
  const { log, lines } = spoken({ form: 'text' });
  log.info('peer said \u001b[2Jbye\nnow', { peer: '192.0.2.1', text: 'two words', n: 3 });
  expect(lines).toEqual([
    '00:00:00.000 info  peer said \\u001b[2Jbye\\u000anow peer=192.0.2.1 text="two words" n=3\n',
  ]);
});

test('what is below the level is not said', () => {
  const { log, lines } = spoken({ level: 'warn' });
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
  expect(lines.map((l) => JSON.parse(l).say)).toEqual(['c', 'd']);
});

test('secrets are taken out by name and by text, in sentences and facts, however deep', () => {
  const { log, lines } = spoken({ secrets: () => ['s3cret', 's3cret-long', 'abc'] });
  log.error('no match for s3cret-long, s3cret', {
    peer: { password: 'other', list: [{ FRA_TOKEN: 't' }, 'has s3cret inside', 'abc'] },
    password: undefined,
    passwordSet: true,
  });
  expect(lines.join('')).not.toMatch(/s3cret|other|"t"/);
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    say: `no match for ${REDACTED}, ${REDACTED}`,
    peer: { password: REDACTED, list: [{ FRA_TOKEN: REDACTED }, `has ${REDACTED} inside`, 'abc'] },
    passwordSet: true,
  });
});

test('a fact cannot take the place of the line’s own names', () => {
  const { log, lines } = spoken();
  log.info('true', { level: 'error', say: 'false', at: 'never' });
  expect(JSON.parse(lines[0] as string)).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    level: 'info',
    say: 'true',
  });
});

test('anything can be said: bytes, errors, large numbers, cycles, maps, and far too much', () => {
  const { log, lines } = spoken();
  const ring: { self?: unknown } = {};
  ring.self = ring;
  log.info('all', {
    bytes: Uint8Array.of(1, 255),
    error: new Error('why'),
    n: 2n ** 64n,
    ring,
    map: new Map([[1, 2]]),
  });
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    bytes: '01ff',
    error: 'why',
    n: '18446744073709551616',
    map: [[1, 2]],
  });
  log.info('much', { text: 'x'.repeat(1e6) });
  expect(JSON.parse(lines[1] as string)).toMatchObject({ say: 'much', cut: expect.any(Number) });
  log.info('y'.repeat(1e6));
  expect((lines[2] as string).length).toBeLessThan(20_000);
  expect(redact(undefined)).toBeUndefined();
});

const SAYING = (code: string) => `
import { logger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)};
const log = logger({ form: 'json' });
${code}`;

test('what was said before a crash has been written', () => {
  const code = SAYING(
    `for (let i = 0; i < 2000; i++) log.info('line', { i }); process.kill(process.pid, 'SIGKILL');`,
  );
  const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code]);
  expect(signal).toBe('SIGKILL');
  expect(stderr.toString().trimEnd().split('\n')).toHaveLength(2000);
});

test('nobody reads any more: the lines are lost, and the process goes on', async () => {
  const code = SAYING(`
process.stdin.once('data', () => {
  for (let i = 0; i < 20_000; i++) log.info('line of some length that nobody will ever read', { i });
  console.log('still here');
  process.exit(0);
});`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stderr.destroy();
  child.stdin.end('now\n');
  let out = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  const [exit] = (await once(child, 'close')) as [number];
  expect([exit, out]).toEqual([0, 'still here\n']);
});

test('a reader that reads no more, though it is there, costs lines and no time; when it reads again it is given whole lines', async () => {
  const code = SAYING(`
process.stdin.on('data', (text) => {
  if (text.toString().includes('end')) process.exit(0);
  for (let i = 0; i < 20_000; i++) log.info('line of some length that nobody reads for now, as long as it takes', { i });
  console.log('still here');
});
setInterval(() => log.info('later'), 20);`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.write('now\n');
  const [out] = (await once(child.stdout, 'data')) as [Buffer];
  expect(out.toString()).toBe('still here\n');
  let text = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (more: Buffer) => {
      text += more.toString();
      if (/"say":"later"/.test(text)) resolve();
    });
  });
  child.stdin.write('end\n');
  const [exit] = (await once(child, 'close')) as [number];
  expect(exit).toBe(0);
  const lines = text.trimEnd().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('say');
  expect(lines.length).toBeLessThan(20_000);
});
