import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectControl } from './control-client.ts';
import { CLIENTS, type ControlHandler, serveControl } from './control-server.ts';
import { ControlError, controlPath, Lines, REQUEST_LIMIT } from './control-socket.ts';

let folder = '';
let path = '';
const cleanup: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nc-ctl-'));
  path = join(folder, 'run', 'a.sock');
});
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function serving(handle: ControlHandler) {
  const server = await serveControl(path, handle);
  cleanup.push(() => server.close());
  return server;
}

async function client(timeoutMs = 3000) {
  const c = await connectControl(path, { timeoutMs });
  cleanup.push(() => c.close());
  return c;
}

const refused = (promise: Promise<unknown>): Promise<ControlError> =>
  promise.then(
    () => Promise.reject(new Error('it was answered')),
    (error) => error,
  );

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 4000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Writes raw bytes and returns all lines that come until the server hangs up. */
function raw(text: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(path, () => socket.end(text));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(
        answer
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      ),
    );
  });
}

test('a request is answered with its result, or with the handler’s error and exit code', async () => {
  await serving((verb, args) => {
    if (verb === 'refuse') throw new ControlError('the guard refuses', 3);
    if (verb === 'break') return Promise.reject(new Error('oops'));
    if (verb === 'odd') return { n: 1n };
    return { verb, args };
  });
  const c = await client();
  expect(await c.call('show', { what: 'peers' })).toEqual({ verb: 'show', args: { what: 'peers' } });
  expect(await refused(c.call('refuse'))).toMatchObject({ message: 'the guard refuses', exit: 3 });
  expect(await refused(c.call('break'))).toMatchObject({ message: 'oops', exit: 1 });
  expect((await refused(c.call('odd'))).message).toMatch(/the answer is no JSON/);
  expect(await c.call('hello')).toEqual({ pid: process.pid });
});

test('several requests are under way at once, and the quick one does not wait for the slow one', async () => {
  let release: (value: string) => void = () => {};
  await serving((verb) =>
    verb === 'slow'
      ? new Promise((resolve) => {
          release = resolve;
        })
      : 'quick',
  );
  const c = await client();
  const slow = c.call('slow');
  expect(await c.call('quick')).toBe('quick');
  release('slow');
  expect(await slow).toBe('slow');
});

test('a generator’s items come one by one, in order, and its error after them', async () => {
  await serving(function* (verb) {
    for (let i = 0; i < 5000; i++) yield { i };
    if (verb === 'bad') throw new ControlError('in the middle', 4);
  });
  const c = await client();
  const seen: unknown[] = [];
  for await (const item of c.stream('good')) seen.push(item);
  expect(seen.length).toBe(5000);
  expect(seen[4999]).toEqual({ i: 4999 });
  const all = async () => {
    for await (const item of c.stream('bad')) seen.push(item);
  };
  expect(await refused(all())).toMatchObject({ message: 'in the middle', exit: 4 });
  expect(seen.length).toBe(10_000);
});

test('a slow stream’s items are not held back until there are many', async () => {
  await serving(async function* () {
    yield 'first';
    await new Promise(() => {});
  });
  const c = await client();
  const items = c.stream('follow');
  expect((await items.next()).value).toBe('first');
  await items.return();
});

test('a long answer that nobody reads stops being made, and the event loop goes on meanwhile', async () => {
  let made = 0;
  await serving(function* () {
    for (let i = 0; i < 1_000_000; i++) {
      made++;
      yield { prefix: '203.0.113.0/24', path: '64500 64501 64502', i };
    }
  });
  const socket = net.connect(path);
  cleanup.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.write('{"id":1,"verb":"routes"}\n');
  await until(() => made > 0, 'the first items');
  let [before, still] = [-1, 0];
  await until(() => {
    still = made === before ? still + 1 : 0;
    before = made;
    return still > 10;
  }, 'the pause');
  expect(made).toBeLessThan(100_000);
  let read = 0;
  socket.on('data', (chunk) => {
    read += chunk.length;
  });
  socket.resume();
  await until(() => made > 100_000, 'more items');
  expect(read).toBeGreaterThan(1_000_000);
});

test('a client that leaves, and one that leaves a loop, end their requests', async () => {
  const ended: string[] = [];
  await serving((verb, _args, signal) => {
    signal.addEventListener('abort', () => ended.push(`${verb} aborted`));
    if (verb === 'wait') return new Promise(() => {});
    return (async function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        ended.push(`${verb} returned`);
      }
    })();
  });
  const c = await client();
  for await (const item of c.stream('count')) if (item === 10) break;
  await until(() => ended.length === 2, 'the cancelled stream');
  expect(ended.sort()).toEqual(['count aborted', 'count returned']);
  const open = c.call('wait').catch((error) => error);
  await c.call('hello');
  c.close();
  await until(() => ended.includes('wait aborted'), 'the abort');
  expect(String(await open)).toMatch(/closed here/);
});

test('a client that sends no more but still reads gets its answer', async () => {
  await serving(async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return 'late';
  });
  expect(await raw('{"id":1,"verb":"x"}\n')).toEqual([{ id: 1, ok: true, result: 'late' }]);
});

test('bad requests get a defined answer, and those after them are still served', async () => {
  await serving(() => 'fine');
  const answers = await raw(
    'nonsense\n[]\n{"id":"x","verb":"y"}\n{"id":1,"verb":"y","args":[1]}\n{"id":1.5,"verb":"y"}\n\n{"id":7,"verb":"y"}\n',
  );
  expect(answers.length).toBe(6);
  for (const answer of answers.slice(0, 5))
    expect(answer).toMatchObject({ id: null, ok: false, error: { exit: 2 } });
  expect(answers[5]).toEqual({ id: 7, ok: true, result: 'fine' });
});

test('a request beyond 1 MiB is refused and the client cut', async () => {
  await serving(() => 'fine');
  const [answer, ...rest] = await raw('x'.repeat(REQUEST_LIMIT + 1));
  expect(answer).toMatchObject({
    id: null,
    ok: false,
    error: { message: `a request has at most ${REQUEST_LIMIT} bytes` },
  });
  expect(rest).toEqual([]);
});

test('more requests or clients than may be are refused', async () => {
  await serving((verb) => (verb === 'wait' ? new Promise(() => {}) : 'fine'));
  const c = await client();
  for (let i = 0; i < 64; i++) c.call('wait').catch(() => {});
  expect((await refused(c.call('more'))).message).toMatch(/64 requests are under way/);
  for (let i = 1; i < CLIENTS; i++) await client();
  const last = await client();
  expect((await refused(last.call('more'))).message).toMatch(
    /64 clients are connected already|closed the connection/,
  );
});

test('only its user may open the socket, and closing removes it', async () => {
  const server = await serving(() => 'fine');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test('a live server is not displaced, and the sentence names its process', async () => {
  await serving(() => 'fine');
  await expect(serveControl(path, () => 'other')).rejects.toThrow(
    `another nearcast is running there: pid ${process.pid} listens at ${path}`,
  );
  expect(await (await client()).call('x')).toBe('fine');
});

test('the socket of a dead process is replaced; a file that is none is left alone', async () => {
  const stale = join(folder, 'stale.sock');
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await new Promise((resolve) => child.once('exit', resolve));
  expect(existsSync(stale)).toBe(true);
  path = stale;
  await serving(() => 'alive');
  expect(await (await client()).call('x')).toBe('alive');
  const file = join(folder, 'file.sock');
  writeFileSync(file, 'precious');
  await expect(serveControl(file, () => 'x')).rejects.toThrow(/exists and is no socket/);
});

test('a client that finds nobody, or nobody who answers, says so with exit 5', async () => {
  expect(await refused(connectControl(path))).toMatchObject({
    message: `nothing listens at ${path}; is \`nearcast agent\` or \`nearcast speak\` running?`,
    exit: 5,
  });
  expect((await refused(connectControl(join(folder, 'agent-fra.sock')))).message).toMatch(
    /is `nearcast agent PLAN --site fra` running\?$/,
  );
  await serving(() => new Promise(() => {}));
  const c = await client(80);
  expect(await refused(c.call('x'))).toMatchObject({
    message: expect.stringMatching(/does not answer 'x' within 0.08 s/),
    exit: 5,
  });
});

test('a server that goes away ends what is under way with exit 5', async () => {
  const server = await serving(() => new Promise(() => {}));
  const c = await client();
  const open = refused(c.call('x'));
  await c.call('hello');
  await server.close();
  expect(await open).toMatchObject({ exit: 5 });
});

describe('where the socket is', () => {
  const user = { uid: 1000, runtimeDir: '/run/user/1000', temporary: '/tmp' };

  test('depends on who runs it', () => {
    expect(controlPath('fra', { ...user, uid: 0 })).toBe('/run/nearcast/fra.sock');
    expect(controlPath('fra', user)).toBe('/run/user/1000/nearcast/fra.sock');
    expect(controlPath('fra', { ...user, runtimeDir: undefined })).toBe('/tmp/nearcast-1000/fra.sock');
  });

  test('is never outside its folder', () => {
    for (const name of ['', '.', '../x', 'a/b', 'a b', '.hidden', 'x'.repeat(65)])
      expect(() => controlPath(name, user)).toThrow(/cannot name a control socket/);
  });

  test('may not be longer than the system takes', async () => {
    const long = join(folder, 'x'.repeat(120));
    await expect(serveControl(long, () => 1)).rejects.toThrow(/at most 10\d bytes/);
    await expect(connectControl(long)).rejects.toThrow(/at most 10\d bytes/);
  });
});

test('lines are the same however the bytes were cut', () => {
  const text = '{"a":1}\n\n  \nzwei „ü“\nlast\n';
  for (let size = 1; size < 12; size++) {
    const seen: string[] = [];
    const lines = new Lines(
      100,
      (line) => seen.push(line),
      () => seen.push('too long'),
    );
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
    expect(seen).toEqual(['{"a":1}', 'zwei „ü“', 'last']);
  }
});
