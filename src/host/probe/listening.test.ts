import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Address, after, type Clock, type Instant, instant, millis } from '../../base/index.ts';
import { realClock } from '../clock.ts';
import { kernelLook, type ListenerWatch, watchListeners } from './listening.ts';
import { probeTask } from './probe.ts';
import { schedule } from './schedule.ts';
import type { ProbeAnswer, ProbeSpec } from './spec.ts';

const linux = process.platform === 'linux';
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Time that passes only when told to. */
class Steps implements Clock {
  #now = instant(0);
  #waiting: { at: Instant; run: () => void }[] = [];
  now = (): Instant => this.#now;
  wake = (at: Instant, run: () => void): (() => void) => {
    const entry = { at, run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((e) => e !== entry);
    };
  };
  run(ms: number): void {
    const until = after(this.#now, millis(ms));
    for (;;) {
      const [next] = this.#waiting.filter((e) => e.at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#waiting = this.#waiting.filter((e) => e !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
  get asleep(): boolean {
    return this.#waiting.length === 0;
  }
}

const at = (port: number, address = '127.0.0.1') => ({ address: address as Address, port });

function watched(open: Set<number>) {
  const clock = new Steps();
  const looks: number[] = [];
  const watch = watchListeners(clock, ({ port }) => {
    looks.push(port);
    return open.has(port);
  });
  return { clock, looks, watch };
}

test('a listener that has answered and ends is told of within a twentieth of a second, once, and again after it has answered anew', () => {
  const open = new Set([80]);
  const { clock, watch } = watched(open);
  let gone = 0;
  const port = watch.add(at(80), 'tcp', () => gone++);
  port.answered();
  clock.run(5000);
  expect(gone).toBe(0);
  open.clear();
  clock.run(50);
  expect(gone).toBe(1);
  clock.run(5000);
  expect(gone).toBe(1);
  open.add(80);
  port.answered();
  open.clear();
  clock.run(50);
  expect(gone).toBe(2);
});

test('what answers from another machine is not watched and never told of, and what has not answered is not looked at', () => {
  const { clock, looks, watch } = watched(new Set());
  const far = watch.add(at(80), 'tcp', () => expect.unreachable());
  far.answered();
  watch.add(at(81), 'tcp', () => expect.unreachable());
  clock.run(10_000);
  expect(looks).toEqual([80]);
  expect(clock.asleep).toBe(true);
});

test('many listeners are looked at less often each, and when all watches have ended nothing is', () => {
  const open = new Set(Array.from({ length: 100 }, (_, i) => i + 1));
  const { clock, looks, watch } = watched(open);
  const all = [...open].map((port) => watch.add(at(port), 'tcp', () => {}));
  for (const port of all) port.answered();
  looks.length = 0;
  clock.run(1000);
  expect(looks.length).toBe(200);
  for (const port of all) port.end();
  expect(clock.asleep).toBe(true);
});

test('two probes of one port cost one look, and both hear of its end', () => {
  const open = new Set([80]);
  const { clock, looks, watch } = watched(open);
  const heard: string[] = [];
  const both = ['a', 'b'].map((name) => watch.add(at(80), 'tcp', () => heard.push(name)));
  for (const port of both) port.answered();
  looks.length = 0;
  clock.run(1000);
  expect(looks).toHaveLength(20);
  open.clear();
  clock.run(50);
  expect(heard).toEqual(['a', 'b']);
});

test('when the kernel does not say, what was seen last is believed', () => {
  const clock = new Steps();
  let answer: boolean | undefined = true;
  let gone = 0;
  const port = watchListeners(clock, () => answer).add(at(80), 'tcp', () => gone++);
  port.answered();
  answer = undefined;
  clock.run(2000);
  expect(gone).toBe(0);
  answer = false;
  clock.run(50);
  expect(gone).toBe(1);
});

test.runIf(linux)(
  'the kernel knows who listens at an address, over TCP and UDP, also for all addresses of both versions',
  async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    expect(kernelLook(at(port), 'tcp')).toBe(true);
    expect(kernelLook(at(port), 'udp')).toBe(false);
    expect(kernelLook(at(port, '127.0.0.9'), 'tcp')).toBe(false);
    server.close();
    await once(server, 'close');
    expect(kernelLook(at(port), 'tcp')).toBe(false);

    const socket = dgram.createSocket('udp6').bind(0, '::');
    await once(socket, 'listening');
    ends.push(() => socket.close());
    const udp = socket.address().port;
    expect([kernelLook(at(udp), 'udp'), kernelLook(at(udp, '::1'), 'udp')]).toEqual([true, true]);
  },
);

const SERVICE = `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

async function service(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, ['-e', SERVICE], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(text.toString()) };
}

/** A probe that runs once an hour: whatever is heard after the first answer was asked for by the watch. */
function hourly(port: number, listeners: ListenerWatch, watch?: boolean): { next(): Promise<ProbeAnswer> } {
  const heard: ProbeAnswer[] = [];
  let wake = () => {};
  const probe: ProbeSpec = {
    kind: 'tcp',
    target: '127.0.0.1' as Address,
    port,
    every: millis(3_600_000),
    timeout: millis(2000),
    ...(watch === undefined ? {} : { watch }),
  };
  const clock = realClock();
  const running = schedule([], {
    clock,
    seed: 1,
    onResult: (_, answer) => {
      heard.push(answer);
      wake();
    },
  });
  running.add(probeTask('web/tcp', probe, { addresses: [], clock, listeners }));
  ends.push(() => running.stop());
  return {
    next: async () => {
      for (;;) {
        const answer = heard.shift();
        if (answer) return answer;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

test.runIf(linux)(
  'a service that is killed is asked at once, and its refusal is heard though the next probe is an hour away',
  async () => {
    const { child, port } = await service();
    const probe = hourly(port, watchListeners(realClock()));
    expect((await probe.next()).outcome).toBe('good');
    child.kill('SIGKILL');
    expect(await probe.next()).toMatchObject({ outcome: 'dead', detail: expect.stringMatching(/refuses/) });
  },
);

test('a probe of the plan that does not want it is not watched', () => {
  let asked = 0;
  const add = () => {
    asked++;
    return { answered: () => {}, end: () => {} };
  };
  const listeners: ListenerWatch = { add, stop: () => {} };
  hourly(1, listeners, false);
  expect(asked).toBe(0);
  hourly(1, listeners);
  expect(asked).toBe(1);
});
