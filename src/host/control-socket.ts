/**
 * What both ends of the control socket agree on: where it is, and how requests and answers look. One JSON object a line:
 *
 * - a request `{id, verb, args}`; `{id, cancel: true}` ends the request of that id
 * - an answer `{id, ok: true, result}` or `{id, ok: false, error: {message, exit}}`
 * - a long answer in pieces: `{id, more: true, item}` any number of times, then `{id, ok: true}` or an error
 *
 * Several requests may be under way at once; answers come in the order they are ready.
 */
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { HostError } from './error.ts';

/** Exit codes of the command line: error, usage, and nobody there. */
export type Exit = 1 | 2 | 3 | 4 | 5;

/** A request failed; the message is a sentence for the person who asked. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly exit: Exit;

  constructor(message: string, exit: Exit = 1) {
    super(message);
    this.exit = exit;
  }
}

/** Arguments of a request: plain JSON. */
export type Args = { readonly [name: string]: unknown };

export type Answer =
  | { readonly id: number; readonly ok: true; readonly result?: unknown }
  | {
      readonly id: number | null;
      readonly ok: false;
      readonly error: { readonly message: string; readonly exit: number };
    }
  | { readonly id: number; readonly more: true; readonly item: unknown };

/** The verb that every server answers itself, with {@link Hello}. */
export const HELLO = 'hello';

export interface Hello {
  readonly pid: number;
}

/** The longest request line, in bytes. */
export const REQUEST_LIMIT = 1024 * 1024;

/** `sockaddr_un` has room for so many bytes (Linux 107, macOS and the BSDs 103). */
const PATH_LIMIT = process.platform === 'linux' ? 107 : 103;

/** What the place of a socket depends on. */
export interface Surroundings {
  readonly uid: number;
  readonly runtimeDir: string | undefined;
  readonly temporary: string;
}

/** The surroundings of this process. */
export function surroundings(): Surroundings {
  const runtimeDir = process.env['XDG_RUNTIME_DIR'];
  return {
    uid: process.getuid?.() ?? -1,
    runtimeDir: runtimeDir === undefined || !isAbsolute(runtimeDir) ? undefined : runtimeDir,
    temporary: tmpdir(),
  };
}

/**
 * Where the control socket of the instance `name` is: `/run/nearcast` for root, else `nearcast` in the user's runtime
 * folder, else a folder of the user's own among the temporary files. Throws a {@link HostError} when the name cannot be a
 * file's.
 */
export function controlPath(name: string, around = surroundings()): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new HostError(
      'other',
      `'${name}' cannot name a control socket: letters, digits, '.', '_' and '-' can`,
    );
  const folder =
    around.uid === 0
      ? '/run/nearcast'
      : around.runtimeDir
        ? join(around.runtimeDir, 'nearcast')
        : join(around.temporary, `nearcast-${around.uid}`);
  return join(folder, `${name}.sock`);
}

/** Why the path cannot be a socket's; undefined when it can. */
export function pathComplaint(path: string): string | undefined {
  const length = Buffer.byteLength(path);
  if (length <= PATH_LIMIT) return undefined;
  return `the path of a socket has at most ${PATH_LIMIT} bytes, and ${path} has ${length}: choose a shorter one`;
}

/** Cuts a byte stream into lines. A line beyond the limit ends it: `tooLong` is called once, and nothing after it. */
export class Lines {
  readonly #limit: number;
  readonly #line: (text: string) => void;
  readonly #tooLong: () => void;
  #parts: Buffer[] = [];
  #length = 0;
  #ended = false;

  constructor(limit: number, line: (text: string) => void, tooLong: () => void) {
    this.#limit = limit;
    this.#line = line;
    this.#tooLong = tooLong;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (!this.#ended) {
      const to = chunk.indexOf(10, from);
      const part = chunk.subarray(from, to < 0 ? chunk.length : to);
      if (this.#length + part.length > this.#limit) {
        this.#ended = true;
        this.#parts = [];
        this.#tooLong();
        return;
      }
      if (to < 0) {
        if (part.length > 0) this.#parts.push(part);
        this.#length += part.length;
        return;
      }
      const text =
        this.#parts.length === 0 ? part.toString() : Buffer.concat([...this.#parts, part]).toString();
      this.#parts = [];
      this.#length = 0;
      from = to + 1;
      if (text.trim() !== '') this.#line(text);
    }
  }
}
