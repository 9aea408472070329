/**
 * The fuzzer: damaged messages against every target, for a given time, from a seed.
 *
 *   npm run fuzz -- --seconds 60 --seed 7            all targets
 *   npm run fuzz -- --target decode                  one
 *   npm run fuzz -- --target decode --case 1:ffff…   repeat one case
 *
 * A worker does the work, so that this thread can see it hang. Fails on a throw, on a case of more than {@link SLOW_MS}, on no progress for
 * {@link HANG_MS}, and when the heap after garbage collection keeps growing. Prints the case as hexadecimal and the command that repeats it.
 */

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { fromHex, Random, toHex } from '../src/base/index.ts';
import { type Agreed, encodeMessage, IPV4_UNICAST, IPV6_UNICAST } from '../src/wire/index.ts';
import { cases } from '../test/vectors/wire-arbitraries.ts';
import { vectors } from '../test/vectors/wire-vectors.ts';
import { mutated } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';

const SLOW_MS = 500;
const HANG_MS = 10_000;
/** How much larger the heap may be than after the first second. */
const GROWTH_MAX = 48 << 20;
/** Sound messages to start from. */
const CORPUS = 2000;
const CASE_MAX = 1 << 17;

interface Job {
  readonly seconds: number;
  readonly seed: number;
  readonly target: string | undefined;
  /** Number of cases done, number of the target at work, agreement, length of the case; then the case. */
  readonly shared: SharedArrayBuffer;
}

interface Failure {
  readonly target: string;
  readonly agreement: number;
  readonly hex: string;
  readonly why: string;
}

/** The agreements, told apart by the bits of a number: 1 4-octet AS, 2 extended messages, 4 ADD-PATH. */
function agreementOf(bits: number): Agreed {
  const addPath = bits & 4 ? [IPV4_UNICAST, IPV6_UNICAST] : [];
  return { asn4: (bits & 1) !== 0, extendedMessage: (bits & 2) !== 0, addPath };
}

/** A seed for what a target does by chance, from the bytes alone (FNV-1a). */
function seedOf(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193);
  return h;
}

if (isMainThread) await main();
else work(workerData as Job);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 0xffff_ffff)) },
      target: { type: 'string' },
      case: { type: 'string' },
    },
  });
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  const known = values.target === undefined || TARGETS.some((t) => t.name === values.target);
  if (!(seconds > 0) || !Number.isInteger(seed) || !known) {
    console.error('usage: fuzz [--seconds N] [--seed N] [--target NAME] [--case BITS:HEX]');
    console.error(`targets: ${TARGETS.map((t) => t.name).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  if (values.case !== undefined) return repeat(values.case, values.target);

  const shared = new SharedArrayBuffer(16 + CASE_MAX);
  const job: Job = { seconds, seed, target: values.target, shared };
  console.log(
    `fuzzing ${values.target ?? TARGETS.map((t) => t.name).join(', ')} for ${seconds} s, seed ${seed}`,
  );
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  const failure = await watched(worker, shared);
  if (!failure) return;
  console.error(`FAILED in target ${failure.target}: ${failure.why}`);
  console.error(
    `repeat: npm run fuzz -- --target ${failure.target} --case ${failure.agreement}:${failure.hex}`,
  );
  console.error(`found by: npm run fuzz -- --seconds ${seconds} --seed ${seed}`);
  process.exitCode = 1;
}

/** Waits for the worker; a worker that makes no progress is stopped and its case reported. */
function watched(worker: Worker, shared: SharedArrayBuffer): Promise<Failure | undefined> {
  const [state, bytes] = [new Int32Array(shared, 0, 4), new Uint8Array(shared, 16)];
  return new Promise((resolve, reject) => {
    let [done, since] = [-1, performance.now()];
    const timer = setInterval(() => {
      const now = performance.now();
      if (Atomics.load(state, 0) !== done) [done, since] = [Atomics.load(state, 0), now];
      else if (now - since > HANG_MS) {
        const hex = toHex(bytes.slice(0, state[3]));
        const target = TARGETS[state[1] as number]?.name ?? '?';
        end({ target, agreement: state[2] as number, hex, why: `no answer within ${HANG_MS} ms` });
      }
    }, 500);
    const end = (failure: Failure | undefined) => {
      clearInterval(timer);
      void worker.terminate().then(() => resolve(failure));
    };
    worker.on('message', (m: string | Failure | undefined) => {
      if (typeof m === 'string') console.log(m);
      else end(m);
    });
    worker.on('error', (e) => {
      clearInterval(timer);
      reject(e);
    });
  });
}

function repeat(text: string, name: string | undefined): void {
  const [bits, hex] = text.split(':');
  const bytes = fromHex(hex ?? '');
  const targets = TARGETS.filter((t) => t.name === name || name === undefined);
  if (!bytes || hex === undefined) throw new Error('a case is BITS:HEX');
  for (const t of targets) {
    const start = performance.now();
    t.run(bytes, agreementOf(Number(bits)), new Random(seedOf(bytes)));
    console.log(`${t.name}: nothing wrong, ${(performance.now() - start).toFixed(1)} ms`);
  }
}

/** In the worker. */
function work({ seconds, seed, target, shared }: Job): void {
  const [state, room] = [new Int32Array(shared, 0, 4), new Uint8Array(shared, 16)];
  const port = parentPort;
  if (!port) return;
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const random = new Random(seed);
  const corpus = seeds(seed);
  const chosen = TARGETS.filter((t) => target === undefined || t.name === target);
  const wheel: Target[] = chosen.flatMap((t) => new Array<Target>(t.weight).fill(t));
  const start = performance.now();
  let next = start + 1000;
  let [count, slowest, floor] = [0, 0, 0];
  for (let now = start; now - start < seconds * 1000; ) {
    const t = random.pick(wheel);
    const one = random.pick(corpus);
    const bits = random.chance(0.9) ? one.agreement : random.below(8);
    const bytes = random.chance(0.02) ? one.bytes : mutated(one.bytes, random.pick(corpus).bytes, random);
    room.set(bytes);
    state[1] = TARGETS.indexOf(t);
    state[2] = bits;
    state[3] = bytes.length;
    Atomics.store(state, 0, ++count);
    const fail = (why: string): void => {
      port.postMessage({ target: t.name, agreement: bits, hex: toHex(bytes), why } satisfies Failure);
    };
    const before = now;
    try {
      t.run(bytes, agreementOf(bits), new Random(seedOf(bytes)));
    } catch (e) {
      fail(e instanceof Error ? (e.stack ?? e.message) : String(e));
      return;
    }
    now = performance.now();
    slowest = Math.max(slowest, now - before);
    if (now - before > SLOW_MS) {
      // Once more in processor time, lest a pause of the machine is blamed on the case.
      const used = process.cpuUsage();
      t.run(bytes, agreementOf(bits), new Random(seedOf(bytes)));
      const again = process.cpuUsage(used).user / 1000;
      if (again > SLOW_MS) {
        fail(`took ${again.toFixed(0)} ms of processor time`);
        return;
      }
    }
    if (now < next) continue;
    next = now + Math.min(10_000, seconds * 250);
    gc();
    const heap = process.memoryUsage().heapUsed;
    if (floor === 0) floor = heap;
    if (heap > floor + GROWTH_MAX) {
      fail(`the heap grew from ${mb(floor)} to ${mb(heap)} (not this case alone)`);
      return;
    }
    const rate = Math.round(count / ((now - start) / 1000));
    port.postMessage(
      `${((now - start) / 1000).toFixed(0)} s: ${count} cases, ${rate}/s, heap ${mb(heap)}, slowest ${slowest.toFixed(1)} ms`,
    );
    now = performance.now();
  }
  port.postMessage(`clean: ${count} cases in ${seconds} s, seed ${seed}, slowest ${slowest.toFixed(1)} ms`);
  port.postMessage(undefined);
}

/** Sound messages of every kind, and the vectors. */
function seeds(seed: number): readonly { bytes: Uint8Array; agreement: number }[] {
  const made = fc.sample(cases, { numRuns: CORPUS, seed }).map(({ agreed, message }) => {
    const agreement =
      (agreed.asn4 ? 1 : 0) | (agreed.extendedMessage ? 2 : 0) | (agreed.addPath.length > 0 ? 4 : 0);
    return { bytes: encodeMessage(message, agreed), agreement };
  });
  const known = (['wire-messages', 'wire-errors', 'wire-daemons'] as const).flatMap(vectors);
  return [...made, ...known.map(({ bytes }) => ({ bytes, agreement: 1 }))];
}

function mb(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}
