/** The control socket's client: asks a running nearcast. */
import { lstat } from 'node:fs/promises';
import net from 'node:net';
import { basename } from 'node:path';
import { type Answer, type Args, ControlError, Lines, pathComplaint } from './control-socket.ts';
import { codeOf } from './error.ts';

export interface ControlClient {
  /** The result of a request. Rejects with a {@link ControlError}: the server's, or exit 5 when no answer comes in time. */
  call(verb: string, args?: Args): Promise<unknown>;
  /** The items of a long answer, read as quickly as they are taken; leaving the loop cancels the request. */
  stream(verb: string, args?: Args): AsyncGenerator<unknown, void, void>;
  close(): void;
}

export interface ClientOptions {
  /** How long to wait for the connection, and for the answer of a `call`; {@link ANSWER_LIMIT_MS} when absent. */
  readonly timeoutMs?: number;
}

export const ANSWER_LIMIT_MS = 10_000;
/** The longest answer line taken, in bytes. */
const ANSWER_LIMIT = 256 * 1024 * 1024;
/** Items read ahead of a slow consumer; then the socket waits, and with it everything else on this connection. */
const READ_AHEAD = 4096;

/** Connects to the server at `path`. Rejects with a {@link ControlError} of exit 5 when nobody is there. */
export async function connectControl(path: string, options: ClientOptions = {}): Promise<ControlClient> {
  const timeoutMs = options.timeoutMs ?? ANSWER_LIMIT_MS;
  const complaint = pathComplaint(path);
  if (complaint !== undefined) throw new ControlError(complaint, 2);
  await distrust(path);
  const socket = net.connect(path);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ControlError(`${path} does not answer within ${timeoutMs / 1000} s`, 5));
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(unreachable(path, error));
    });
  });
  return new SocketClient(socket, path, timeoutMs);
}

/** Whoever may write to the folder could put a socket there; only our own and root's are believed. */
async function distrust(path: string): Promise<void> {
  const me = process.getuid?.();
  const found = await lstat(path).catch((error) => {
    throw unreachable(path, error);
  });
  if (me !== undefined && me !== 0 && found.uid !== me && found.uid !== 0)
    throw new ControlError(`${path} belongs to another user (uid ${found.uid}); it is not asked`, 5);
}

function unreachable(path: string, error: unknown): ControlError {
  const code = codeOf(error);
  const message =
    code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR'
      ? `nothing listens at ${path}; is ${whose(path)} running?`
      : code === 'EACCES' || code === 'EPERM'
        ? `this user may not open ${path}`
        : `cannot connect to ${path}: ${code ?? (error as Error).message}`;
  const failure = new ControlError(message, 5);
  failure.cause = error;
  return failure;
}

/** Sockets bear the names of those who open them, unless they were told otherwise. */
function whose(path: string): string {
  const agent = /^agent-(.+)\.sock$/.exec(basename(path));
  if (agent) return `\`nearcast agent PLAN --site ${agent[1]}\``;
  return basename(path) === 'speak.sock' ? '`nearcast speak`' : '`nearcast agent` or `nearcast speak`';
}

/** What waits for answers to one id. */
interface Pending {
  item(value: unknown): void;
  done(result: unknown): void;
  failed(error: ControlError): void;
}

class SocketClient implements ControlClient {
  readonly #socket: net.Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #lost: ControlError | undefined;

  constructor(socket: net.Socket, path: string, timeoutMs: number) {
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    const lines = new Lines(
      ANSWER_LIMIT,
      (text) => this.#onLine(text),
      () => this.#lose(new ControlError(`${path} sent an answer longer than ${ANSWER_LIMIT} bytes`)),
    );
    socket.on('data', (chunk) => lines.push(chunk as Buffer));
    socket.on('error', () => {});
    socket.on('close', () => this.#lose(new ControlError(`${path} closed the connection`, 5)));
  }

  call(verb: string, args: Args = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#cancel(id);
        reject(
          new ControlError(`${this.#path} does not answer '${verb}' within ${this.#timeoutMs / 1000} s`, 5),
        );
      }, this.#timeoutMs);
      const items: unknown[] = [];
      this.#ask(id, verb, args, {
        item: (value) => items.push(value),
        done: (result) => {
          clearTimeout(timer);
          resolve(items.length > 0 ? items : result);
        },
        failed: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  async *stream(verb: string, args: Args = {}): AsyncGenerator<unknown, void, void> {
    const id = this.#nextId++;
    let items: unknown[] = [];
    let end: 'no' | 'done' | ControlError = 'no';
    let wake: () => void = () => {};
    this.#ask(id, verb, args, {
      item: (value) => {
        items.push(value);
        if (items.length === READ_AHEAD) this.#socket.pause();
        wake();
      },
      // A server may answer in one piece what was asked as a stream.
      done: (result) => {
        if (result !== undefined) items.push(result);
        end = 'done';
        wake();
      },
      failed: (error) => {
        end = error;
        wake();
      },
    });
    const ended = (): boolean => end !== 'no';
    try {
      for (;;) {
        if (items.length === 0) {
          if (ended()) break;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const batch = items;
        items = [];
        this.#socket.resume();
        yield* batch;
      }
      if ((end as 'done' | ControlError) instanceof ControlError) throw end;
    } finally {
      if (!ended()) this.#cancel(id);
      this.#socket.resume();
    }
  }

  close(): void {
    this.#lose(new ControlError('the connection was closed here'));
  }

  #ask(id: number, verb: string, args: Args, pending: Pending): void {
    if (this.#lost) {
      pending.failed(this.#lost);
      return;
    }
    this.#pending.set(id, pending);
    this.#socket.write(`${JSON.stringify({ id, verb, args })}\n`);
  }

  #cancel(id: number): void {
    if (!this.#pending.delete(id) || this.#lost) return;
    this.#socket.write(`${JSON.stringify({ id, cancel: true })}\n`);
  }

  #onLine(text: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(text) as Answer;
    } catch {
      this.#lose(new ControlError(`${this.#path} answers something that is no JSON; is it a nearcast?`));
      return;
    }
    if (answer.id === null && 'error' in answer) {
      this.#lose(new ControlError(answer.error.message));
      return;
    }
    const id = answer.id as number;
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if ('more' in answer) {
      pending.item(answer.item);
      return;
    }
    this.#pending.delete(id);
    if (answer.ok) pending.done(answer.result);
    else pending.failed(new ControlError(answer.error.message, (answer.error.exit as 1) ?? 1));
  }

  #lose(error: ControlError): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#socket.destroy();
    for (const pending of this.#pending.values()) pending.failed(error);
    this.#pending.clear();
  }
}
