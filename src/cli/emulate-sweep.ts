/** Many seeds, one after the other or on several threads, until one breaks something. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Break, formatTimeline } from '../emulate/index.ts';
import { type EmulateOptions, type Planted, type Player, playerOf, type Range } from './emulate-play.ts';
import { EXIT } from './failure.ts';

/** What one seed came to. */
export interface Swept {
  readonly seed: number;
  /** Virtual milliseconds. */
  readonly lasted: number;
  readonly breaks: readonly Break[];
}

export interface Output {
  write(text: string): void;
  /** What only a terminal sees. */
  progress(text: string): void;
}

/** Stops at the lowest seed that breaks something, however many threads there are, and says how to have it again. */
export async function sweep(
  file: string,
  options: EmulateOptions,
  range: Range,
  out: Output,
  planted: Planted = {},
): Promise<void> {
  const { from, to } = range;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let [done, virtual] = [0, 0];
  let broken: Swept | undefined;
  const all = to - from + 1;
  const take = (swept: Swept) => {
    done++;
    virtual += swept.lasted / 1000;
    if (swept.breaks.length > 0 && (broken === undefined || swept.seed < broken.seed)) broken = swept;
    if (done % 10 === 0 || done === all)
      out.progress(`\r\x1b[K${done} of ${all} seeds, ${(done / seconds()).toFixed(1)} a second`);
    return broken?.seed ?? Number.POSITIVE_INFINITY;
  };
  const workers = Math.min(options.workers, Math.ceil(all / CHUNK));
  // A function cannot be handed to a thread.
  if (workers > 1 && Object.keys(planted).length === 0) await onThreads(workers, file, options, range, take);
  else here(playerOf(file, options, planted), range, take);
  out.progress('\r\x1b[K');
  tell(broken, { done, all, virtual, seconds: seconds(), range, json: options.json === true }, out);
  if (broken) process.exitCode = EXIT.error;
}

interface Summary {
  readonly done: number;
  readonly all: number;
  readonly virtual: number;
  readonly seconds: number;
  readonly range: Range;
  readonly json: boolean;
}

function tell(broken: Swept | undefined, sum: Summary, out: Output): void {
  const s = Math.round(sum.seconds * 10) / 10;
  if (sum.json)
    out.write(
      `${JSON.stringify({
        kind: 'sweep',
        ...sum.range,
        seeds: sum.done,
        seconds: s,
        virtualSeconds: Math.round(sum.virtual),
        ...(broken ? { broken: broken.seed } : {}),
        breaks: broken?.breaks ?? [],
      })}\n`,
    );
  else if (broken)
    out.write(
      `${formatTimeline(broken.breaks).join('\n')}\nseed ${broken.seed} broke an invariant; ${broken.seed - sum.range.from} before it did not\n`,
    );
  else
    out.write(
      `${sum.all} seeds, no invariant broke: ${Math.round(sum.virtual / 360) / 10} hours of faults in ${s} s, ${(sum.all / Math.max(s, 0.001)).toFixed(1)} seeds a second\n`,
    );
}

/** Takes what a seed came to, and answers which seed is the lowest that broke something so far. */
type Take = (swept: Swept) => number;

function here({ play }: Player, { from, to }: Range, take: Take): void {
  for (let seed = from; seed <= to; seed++) {
    const { lasted, breaks } = play(seed, true);
    if (take({ seed, lasted, breaks }) <= seed) return;
  }
}

/** Seeds that a thread is handed at once. */
const CHUNK = 10;

/** Each thread asks for more when it is done; nothing above the lowest broken seed is handed out any more. */
async function onThreads(
  count: number,
  file: string,
  options: EmulateOptions,
  { from, to }: Range,
  take: Take,
): Promise<void> {
  let next = from;
  let lowest = Number.POSITIVE_INFINITY;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(`./emulate-worker${extname(import.meta.url)}`, import.meta.url), {
        workerData: { file, options },
      });
      const more = () => {
        if (next > to || next > lowest) {
          void worker.terminate();
          resolve();
          return;
        }
        const last = Math.min(to, next + CHUNK - 1);
        worker.postMessage({ from: next, to: last });
        next = last + 1;
      };
      worker.on('message', (swept: readonly Swept[]) => {
        for (const s of swept) lowest = take(s);
        more();
      });
      worker.once('error', reject);
      more();
    });
  await Promise.all(Array.from({ length: count }, one));
}
