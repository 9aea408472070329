import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Address, millis } from '../../base/index.ts';
import { realClock } from '../clock.ts';
import { ask, atEnd, HASTY, LOCAL, PATIENT, probe, tcp, udp } from './bench.test-support.ts';
import { checksum } from './icmp.ts';
import { probeTask } from './probe.ts';
import { alive, watchPid } from './process.ts';
import { schedule } from './schedule.ts';
import type { ProbeSpec } from './spec.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-probe-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** A program of a few lines of shell in the test's folder. */
function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A process that does nothing, ended with the test. */
function sleeper(): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  atEnd(() => child.kill('SIGKILL'));
  return child as ChildProcess & { readonly pid: number };
}

describe('a command', () => {
  const run = (text: string, nagios = true, timeout = PATIENT) =>
    ask({ kind: 'command', run: ['sh', '-c', text], nagios }, timeout);

  test.each([
    ['echo "OK - 3 ms | time=3"; exit 0', true, 'good: OK: OK - 3 ms'],
    ['echo slow; exit 1', true, 'good (warning): WARNING: slow'],
    ['echo down >&2; exit 2', true, 'bad: CRITICAL: down'],
    ['exit 3', true, 'bad: UNKNOWN'],
    ['exit 77', true, 'bad: exit 77, which is none of a monitoring plugin'],
    ['exit 0', false, 'good: exit 0'],
    ['exit 1', false, 'bad: exit 1'],
    ['kill -TERM $$', true, 'bad: ended by SIGTERM'],
  ])('%s', async (text, nagios, said) => {
    expect(await run(text, nagios)).toBe(said);
  });

  test('what cannot be run is a bad answer with the reason', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, 'text');
    const missing = join(folder, 'none');
    expect(await ask({ kind: 'command', run: [missing], nagios: true })).toBe(
      `bad: the program ${missing} was not found`,
    );
    expect(await ask({ kind: 'command', run: [file], nagios: true })).toBe(`bad: ${file} may not be run`);
  });

  test('one that hangs costs its timeout, and it and its children are killed', async () => {
    const pids = join(folder, 'pids');
    const text = `sleep 60 & echo $! > ${pids}; echo $$ >> ${pids}; trap '' TERM; sleep 60`;
    expect(await run(text, true, 300)).toBe('bad: sh did not end within 300 ms');
    const all = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(all).toHaveLength(2);
    await until(() => all.every((pid) => !alive(pid)));
  });

  test('children that a good one leaves behind do not keep it, and are killed', async () => {
    const pid = join(folder, 'pid');
    const began = performance.now();
    expect(await run(`sleep 60 & echo $! > ${pid}; echo fine`)).toBe('good: OK: fine');
    expect(performance.now() - began).toBeLessThan(PATIENT);
    await until(() => !alive(Number(readFileSync(pid, 'utf8'))));
  });

  test('megabytes of output are cut, and passwords of sessions are not in its environment', async () => {
    vi.stubEnv('FRA_MD5', 's3cret');
    expect(await run('yes | head -c 3000000')).toBe('good: OK: y');
    expect(await run('echo "x$FRA_MD5"')).toBe('good: OK: x');
  });
});

describe('a systemd unit', () => {
  const unit = () => ask({ kind: 'systemd', unit: 'named.service' });

  test.each([
    ['echo active; exit 0', 'good: named.service is active'],
    ['echo reloading; exit 0', 'good: named.service is reloading'],
    ['echo activating; exit 3', 'bad: named.service is activating'],
    ['echo failed; exit 3', 'dead: named.service is failed'],
    ['echo inactive; exit 3', 'dead: named.service is inactive'],
    ['echo inactive; exit 4', 'bad: systemd knows no unit named.service'],
    [
      'echo "System has not been booted with systemd as init system (PID 1)." >&2; exit 1',
      'bad: this host does not run systemd: System has not been booted with systemd as init system (P...',
    ],
  ])('systemctl that says: %s', async (text, said) => {
    script('systemctl', `[ "$1 $2 $3" = "is-active -- named.service" ] || exit 9\n${text}`);
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    expect(await unit()).toBe(said);
  });

  test('a host without systemctl', async () => {
    vi.stubEnv('PATH', folder);
    expect(await unit()).toBe('bad: systemctl is not on this host: it does not run systemd');
  });
});

describe("the service's addresses on this host", () => {
  test('where they are, and where they are not', async () => {
    const all = { addresses: [LOCAL, '192.0.2.99' as Address] };
    expect(await ask({ kind: 'address' })).toMatch(/^good: 127.0.0.1 is on lo/);
    expect(await ask({ kind: 'address' }, PATIENT, all)).toBe(
      'dead: 192.0.2.99 is on no interface that is up',
    );
    expect(await ask({ kind: 'address', interface: 'eth9' })).toMatch(
      /^dead: 127.0.0.1 is not on eth9, but on lo/,
    );
    expect(await ask({ kind: 'address' }, PATIENT, { addresses: [] })).toBe(
      'bad: the service has no address to look for',
    );
  });
});

describe('a process', () => {
  const pidFile = () => join(folder, 'daemon.pid');
  const look = () => ask({ kind: 'process', pidFile: pidFile() });

  test('by its pid file: alive, ended, and files that say nothing', async () => {
    expect(await look()).toBe(`bad: there is no pid file ${pidFile()}`);
    for (const text of ['', 'abc', '0', '-1', '12x', '99999999999']) {
      writeFileSync(pidFile(), text);
      expect(await look()).toBe(`bad: ${pidFile()} does not hold a process number`);
    }
    const child = sleeper();
    writeFileSync(pidFile(), ` ${child.pid}\nmore\n`);
    expect(await look()).toBe(`good: process ${child.pid} is alive`);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(await look()).toBe(`dead: process ${child.pid} of ${pidFile()} is not there`);
  });

  test('one that nobody has buried yet has ended', async () => {
    // The shell becomes a program that never asks after its child.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    atEnd(() => parent.kill('SIGKILL'));
    const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve)));
    await until(() => !alive(pid));
    writeFileSync(pidFile(), `${pid}`);
    expect(await look()).toMatch(/^dead/);
  });

  test.skipIf(process.platform !== 'linux')('its end is told within milliseconds', async () => {
    const took: number[] = [];
    for (let i = 0; i < 5; i++) {
      const child = sleeper();
      const ended = new Promise<void>((resolve) => watchPid(child.pid, resolve));
      await new Promise((resolve) => setTimeout(resolve, 5));
      const began = performance.now();
      child.kill('SIGKILL');
      await ended;
      took.push(performance.now() - began);
    }
    // The best of five, because other programs may have this machine's processors.
    expect(Math.min(...took)).toBeLessThan(10);
  });

  test('many watches share their thread; ended, left and unknown processes each get what is theirs', async () => {
    const children = Array.from({ length: 8 }, sleeper);
    const told: number[] = [];
    const leaves = children.map((c, i) => watchPid(c.pid, () => told.push(i)));
    leaves[3]?.();
    for (const i of [1, 3, 6]) children[i]?.kill('SIGKILL');
    await until(() => told.length >= 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([...told].sort()).toEqual([1, 6]);
    const gone = children[1]?.pid as number;
    await until(() => !alive(gone));
    await new Promise<void>((resolve) => watchPid(gone, resolve));
    for (const leave of leaves) leave();
  });

  test('scheduled: the end comes between two looks, once, and a new process is followed', async () => {
    const first = sleeper();
    writeFileSync(pidFile(), `${first.pid}`);
    const heard: string[] = [];
    const spec: ProbeSpec = {
      kind: 'process',
      pidFile: pidFile(),
      every: millis(3_600_000),
      timeout: millis(1000),
    };
    const s = schedule([probeTask('daemon', spec, { addresses: [] })], {
      clock: realClock(),
      seed: 1,
      onResult: (name, { outcome, detail }) => heard.push(`${name} ${outcome}: ${detail}`),
    });
    atEnd(s.stop);
    s.recheck('daemon');
    await until(() => heard.length === 1);
    first.kill('SIGKILL');
    await until(() => heard.length === 2);
    const second = sleeper();
    writeFileSync(pidFile(), `${second.pid}`);
    s.recheck('daemon');
    await until(() => heard.length === 3);
    second.kill('SIGKILL');
    await until(() => heard.length === 4);
    expect(heard).toEqual([
      `daemon good: process ${first.pid} is alive`,
      `daemon dead: process ${first.pid} ended`,
      `daemon good: process ${second.pid} is alive`,
      `daemon dead: process ${second.pid} ended`,
    ]);
  });
});

const permitted = !/not (permitted|possible)/.test(await ask({ kind: 'icmp' }));

describe('ICMP (RFC 792, RFC 4443)', () => {
  test.skipIf(!permitted)('this host answers itself, over IPv4 and IPv6', async () => {
    expect(await ask({ kind: 'icmp' })).toBe('good: answers echo requests');
    const v6 = await ask({ kind: 'icmp' }, PATIENT, { addresses: ['::1' as Address] });
    expect(v6).toMatch(/^good: answers echo requests$|IP version|no local address/);
  });

  test('where it is not permitted, the sentence says what to do', async () => {
    const said = await ask({ kind: 'icmp' });
    expect(said).toMatch(/^good|ping_group_range|needs Linux|koffi/);
  });

  test('checksum (RFC 1071)', () => {
    expect(checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
    expect(checksum(Uint8Array.of(0x01))).toBe(0xfeff);
  });
});

test.skipIf(process.platform !== 'linux')(
  'nothing is left open by two hundred probes that time out',
  async () => {
    const { readdirSync } = await import('node:fs');
    // It reads, or it would not hear that its clients are gone.
    const deaf = await tcp((s) => void s.resume());
    const deafUdp = await udp(() => {});
    const web = { path: '/', method: 'GET', status: [[200, 299]], verify: true, certificateDays: 0 } as const;
    const dns = { name: 'x', type: 'A', class: 'IN', rcode: 'NOERROR', answer: [], identity: true } as const;
    const round = () =>
      Promise.all([
        probe({ kind: 'tcp', port: deaf, expect: 'x' }, 10),
        probe({ kind: 'udp', port: deafUdp }, 10),
        probe({ kind: 'http', port: deaf, ...web }, 10),
        probe({ kind: 'https', port: deaf, ...web }, 10),
        probe({ kind: 'tls', port: deaf, verify: true, certificateDays: 0 }, 10),
        probe({ kind: 'dns', port: deaf, over: 'tcp', ...dns }, 10),
        probe({ kind: 'dns', port: deafUdp, over: 'udp', ...dns }, 10),
        probe({ kind: 'ntp', port: deafUdp, maxStratum: 4 }, 10),
        probe({ kind: 'icmp', target: '192.0.2.254' as Address }, 10),
      ]);
    const count = () => readdirSync('/proc/self/fd').length;
    await round();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = count();
    for (let i = 0; i < 22; i++)
      for (const { outcome } of await round()) expect(['bad', 'good']).toContain(outcome);
    // The servers' ends close when they have heard of it.
    await until(() => count() <= before + 2);
  },
);

test('the loop goes on while probes hang', async () => {
  const deaf = await udp(() => {});
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  await Promise.all(Array.from({ length: 50 }, () => probe({ kind: 'udp', port: deaf }, HASTY)));
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(3);
});

test('an answer that came while this process was busy still counts', async () => {
  const port = await udp((m, send) => send(m));
  const asked = ask({ kind: 'udp', port, send: 'x' }, 60);
  // The server and the probe live in this process, so each needs a turn of the loop before it is blocked.
  await new Promise((resolve) => setTimeout(resolve, 1));
  const end = performance.now() + 100;
  while (performance.now() < end);
  expect(await asked).toMatch(/^good/);
});
