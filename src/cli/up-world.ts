/** The AS graph that the page of a running `up` predicts with: the embedded internet's own, or a packed one that somebody gives. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openWorld } from '../topology/index.ts';
import { EXIT, Failure } from './failure.ts';

/** What the thread that makes it needs to know. */
export interface UpWorldMade {
  /** The plan's file. */
  readonly file: string;
  readonly ases: number;
  readonly seed: number;
}

/** Reads a packed world. Throws a {@link Failure} when it is none. */
export function readUpWorld(file: string): Uint8Array {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(readFileSync(file));
  } catch (error) {
    throw new Failure(`${file}: ${(error as Error).message}`, EXIT.usage);
  }
  const world = openWorld(bytes.buffer);
  if ('refused' in world) throw new Failure(`${file}: ${world.refused}`, EXIT.usage);
  return bytes;
}

/**
 * Gives the world of the embedded internet when it is first asked for. It is made in a thread of its own: half a second in which
 * packets of clients go on. Rejects when the thread fails; who asks again has it tried again.
 */
export function upWorldOf(made: UpWorldMade): () => Promise<Uint8Array> {
  let asked: Promise<Uint8Array> | undefined;
  return () => {
    asked ??= makeInThread(made).catch((error) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

function makeInThread(workerData: UpWorldMade): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(`./up-world-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData,
    });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that makes the world ended with ${code}`)));
    // Whoever ends `up` does not wait for it.
    thread.unref();
  });
}
