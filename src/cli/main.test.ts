import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { placesOf } from './completion.ts';
import { VERBS } from './verbs.ts';

const BIN = fileURLToPath(new URL('../../bin/nearcast', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command as a user does. */
function nearcast(args: string, env: { readonly [name: string]: string } = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BIN, ...args.split(' ').filter((a) => a !== '')],
    {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, NO_COLOR: '1', NEARCAST_SOCKET: '/nonexistent/socket', ...env },
    },
  );
  return { status, stdout, stderr };
}

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };

test('--version, for people and as JSON', () => {
  expect(nearcast('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  expect(JSON.parse(nearcast('--version --json').stdout)).toEqual({ name: 'nearcast', version });
});

test.runIf(process.platform === 'linux').each(['/proc/none', '/dev/null', `${ROOT}package.json`])(
  'a cache folder that cannot be had (%s) is done without: Node by itself would look for it for ever',
  (folder) => {
    const seen = nearcast('--version', { XDG_CACHE_HOME: folder, NODE_COMPILE_CACHE: '' });
    expect(seen).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  },
);

test.runIf(process.platform === 'linux')(
  'a full disk behind standard output is said, without a stack, as an error',
  () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { status, stderr } = spawnSync(process.execPath, [BIN, '--version'], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: 'nearcast: cannot write the answer: ENOSPC\n',
      });
    } finally {
      closeSync(full);
    }
  },
);

test('--help lists every verb and gives examples; each verb has help of its own', () => {
  const { status, stdout } = nearcast('--help');
  expect(status).toBe(0);
  for (const { name, summary } of VERBS)
    expect(stdout).toMatch(new RegExp(`^  ${name} .*${summary.slice(0, 20)}`, 'm'));
  expect(stdout).toContain('Examples:');
  expect(nearcast('show routes --help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--longer'),
  });
  expect(nearcast('help show')).toMatchObject({ status: 0, stdout: expect.stringContaining('Examples:') });
});

test.each([
  ['shwo peers', /unknown command 'shwo'\n\(Did you mean show\?\)/],
  ['show peesr', /unknown command 'peesr'\n\(Did you mean (one of )?.*peers/],
  ['show peers --jsn', /unknown option '--jsn'\n\(Did you mean --json\?\)/],
  ['data pack', /required option '--graph <file>' not specified\nTry: nearcast data pack --help/],
  ['show peer', /missing required argument 'name'/],
  ['show peers --watch never', /seconds, from 0.1/],
  ['audit --last all', /a whole number from 1 to 1000/],
  [
    'show routes 10.0.0.1/8',
    /nearcast: '10.0.0.1\/8' is no prefix and no address; did you mean 10.0.0.0\/8\?/,
  ],
  ['', /Usage: nearcast/],
])('"%s" is wrong usage: exit 2 and what was meant', (args, said) => {
  const { status, stdout, stderr } = nearcast(args);
  expect(stderr).toMatch(said);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('nobody there is exit 5, said as JSON where JSON was asked for, with a stack only for those who debug', () => {
  const plain = nearcast('show peers');
  expect(plain).toMatchObject({ status: 5, stdout: '' });
  expect(plain.stderr).toBe(
    'nearcast: nothing listens at /nonexistent/socket; is `nearcast agent` or `nearcast speak` running?\n',
  );
  expect(JSON.parse(nearcast('show peers --json').stderr)).toMatchObject({ error: { exit: 5 } });
  expect(nearcast('show peers', { NEARCAST_DEBUG: '1' }).stderr).toMatch(/^\s+at /m);
});

test('a reader that goes away is no error', () => {
  const command = `'${process.execPath}' '${BIN}' completion bash | head -c 1; echo " \${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: '# 0\n', stderr: '' });
});

/** What bash would offer for these words; the last one is being typed. */
function offered(script: string, words: readonly string[]): readonly string[] {
  const list = words.map((w) => `'${w}'`).join(' ');
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _nearcast; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    { encoding: 'utf8', cwd: ROOT },
  );
  expect(stderr).toBe('');
  return stdout.split('\n').filter((l) => l !== '');
}

test('completion for bash offers verbs, options, choices and files where they belong', () => {
  const { stdout: script } = nearcast('completion bash');
  expect(offered(script, ['nearcast', 's'])).toContain('show');
  expect(offered(script, ['nearcast', '--v'])).toEqual(['--version']);
  expect(offered(script, ['nearcast', 'show', 'p'])).toEqual(['peers', 'peer']);
  expect(offered(script, ['nearcast', 'show', '--json', 'routes', '--l'])).toEqual(['--longer']);
  expect(offered(script, ['nearcast', 'completion', ''])).toEqual(
    expect.arrayContaining(['bash', 'zsh', 'fish']),
  );
  expect(offered(script, ['nearcast', 'decode', 'package.j'])).toEqual(['package.json']);
  expect(offered(script, ['nearcast', 'decode', '--from', 'h'])).toEqual(['hex']);
  expect(offered(script, ['nearcast', 'show', 'peers', '--socket', 'package.j'])).toEqual(['package.json']);
});

test('the other shells know the same verbs and options', async () => {
  const places = await placesOf(VERBS);
  const [zsh, fish] = [nearcast('completion zsh').stdout, nearcast('completion fish').stdout];
  expect(zsh).toMatch(/^#compdef nearcast/);
  for (const place of places)
    for (const { names } of place.options.filter(
      (o) => o.names.includes('--longer') || o.names.includes('--text'),
    )) {
      expect(zsh).toContain(names.at(-1));
      expect(fish).toContain(`-l ${names.at(-1)?.slice(2)}`);
    }
  for (const shell of [
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ] as const) {
    const script = shell[0] === 'zsh' ? zsh : fish;
    const { error, status, stderr } = spawnSync(shell[0], [shell[1]], { input: script, encoding: 'utf8' });
    // Not every machine has every shell.
    if (!error) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
});
