/** The control socket's server: a running nearcast answers questions on a Unix socket that only its user may open. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { connectControl } from './control-client.ts';
import {
  type Answer,
  type Args,
  ControlError,
  HELLO,
  type Hello,
  Lines,
  pathComplaint,
  REQUEST_LIMIT,
} from './control-socket.ts';
import { codeOf, HostError } from './error.ts';
import { makeFolder } from './folder.ts';

/**
 * Answers one request: with a value, a promise of one, or an iterator (generator) whose items go out one by one, as
 * quickly as the client takes them. `signal` aborts when the client is gone or has had enough; an iterator is then
 * returned. What is thrown is the answer too: a {@link ControlError} with its exit code.
 */
export type ControlHandler = (verb: string, args: Args, signal: AbortSignal) => unknown;

export interface ControlServer {
  readonly path: string;
  /** Aborts what is under way, closes all connections and removes the socket. */
  close(): Promise<void>;
}

/** Clients connected at once. */
export const CLIENTS = 64;
/** Requests of one client under way at once. */
export const REQUESTS_PER_CLIENT = 64;
/** Answers gather to about so many characters, or for one turn of the event loop. */
const BATCH = 64 * 1024;
/** How often a client that sends no more is tried for being there. */
const PROBE_MS = 1000;
/** A client that leaves so many bytes unread is not listened to until it reads. */
const UNREAD_LIMIT = 1024 * 1024;

/**
 * Listens at `path`, whose folder is made if need be (mode 0700); the socket has mode 0600. A socket that a dead process
 * left is replaced; a live one refuses. Throws a {@link HostError}.
 */
export async function serveControl(path: string, handle: ControlHandler): Promise<ControlServer> {
  const complaint = pathComplaint(path);
  if (complaint !== undefined) throw new HostError('other', complaint);
  const clients = new Set<Client>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const client = new Client(socket, handle, () => clients.delete(client));
    if (clients.size >= CLIENTS) client.refuse(`${CLIENTS} clients are connected already`);
    else clients.add(client);
  });
  try {
    makeFolder(dirname(path));
    await bindPath(server, path);
  } catch (error) {
    if (error instanceof HostError) throw error;
    const denied = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM';
    throw new HostError(
      denied ? 'permission' : 'other',
      `cannot listen at ${path}: ${denied ? 'its folder is not writable for this user' : codeOf(error)}`,
      error,
    );
  }
  server.on('error', () => {});
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.drop();
        // Closing removes the file as well.
        server.close(() => resolve());
      }),
  };
}

async function bindPath(server: net.Server, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await listenPrivately(server, path);
      await chmod(path, 0o600);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || attempt >= 3) throw error;
      await removeStale(path);
    }
  }
}

/** The file is made while `listen` runs, so it never exists with another mode. Worker threads cannot; `chmod` follows. */
function listenPrivately(server: net.Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = isMainThread ? process.umask(0o177) : undefined;
    try {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      if (before !== undefined) process.umask(before);
    }
  });
}

/** Removes the socket of a process that is no more; throws when one lives, or when it is something else. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new HostError('in-use', `${path} exists and is no socket; choose another path`);
  const pid = await whoListens(path);
  if (pid === undefined) {
    await unlink(path).catch(() => {});
    return;
  }
  throw new HostError(
    'in-use',
    pid === 0
      ? `another program listens at ${path}, and it is no nearcast that answers`
      : `another nearcast is running there: pid ${pid} listens at ${path}`,
  );
}

/** The process that listens at `path`: 0 when it does not say, undefined when nobody does. */
async function whoListens(path: string): Promise<number | undefined> {
  try {
    const client = await connectControl(path, { timeoutMs: 1000 });
    try {
      return ((await client.call(HELLO)) as Hello).pid;
    } catch {
      return 0;
    } finally {
      client.close();
    }
  } catch (error) {
    return codeOf((error as Error).cause) === 'ECONNREFUSED' ? undefined : 0;
  }
}

/** One connected client and its requests. */
class Client {
  readonly #socket: net.Socket;
  readonly #handle: ControlHandler;
  readonly #underWay = new Map<number, AbortController>();
  #out: string[] = [];
  #outSize = 0;
  #flushPlanned: NodeJS.Immediate | undefined;
  #noMoreRequests = false;
  #probing: NodeJS.Timeout | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: net.Socket, handle: ControlHandler, gone: () => void) {
    this.#socket = socket;
    this.#handle = handle;
    const lines = new Lines(
      REQUEST_LIMIT,
      (text) => this.#onLine(text),
      () => this.refuse(`a request has at most ${REQUEST_LIMIT} bytes`),
    );
    socket.on('data', (chunk) => lines.push(chunk as Buffer));
    socket.on('end', () => {
      this.#noMoreRequests = true;
      this.#endIfDone();
      this.#probe();
      this.#probing = setInterval(() => this.#probe(), PROBE_MS).unref();
    });
    socket.on('error', () => {});
    socket.on('drain', () => {
      this.#release();
      if (!this.#noMoreRequests) socket.resume();
    });
    socket.on('close', () => {
      for (const controller of this.#underWay.values()) controller.abort();
      this.#underWay.clear();
      clearImmediate(this.#flushPlanned);
      clearInterval(this.#probing);
      this.#out = [];
      this.#release();
      gone();
    });
  }

  /** Says why, and hangs up. */
  refuse(message: string): void {
    this.#noMoreRequests = true;
    this.#answer({ id: null, ok: false, error: { message, exit: 1 } });
    this.#flush();
    this.#socket.end();
    // The client may never take it: then it is cut.
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  drop(): void {
    this.#socket.destroy();
  }

  #onLine(text: string): void {
    if (this.#noMoreRequests) return;
    const request = parse(text);
    if (request === undefined) {
      this.#fail(
        null,
        new ControlError('a request is one line of JSON: {"id": NUMBER, "verb": TEXT, "args": {…}}', 2),
      );
    } else if ('cancel' in request) {
      this.#underWay.get(request.id)?.abort();
    } else if (this.#underWay.has(request.id)) {
      this.#fail(request.id, new ControlError(`a request with the id ${request.id} is under way`, 2));
    } else if (this.#underWay.size >= REQUESTS_PER_CLIENT) {
      this.#fail(
        request.id,
        new ControlError(`${REQUESTS_PER_CLIENT} requests are under way; wait for one to end`),
      );
    } else {
      const controller = new AbortController();
      this.#underWay.set(request.id, controller);
      void this.#serve(request.id, request.verb, request.args, controller.signal).finally(() => {
        if (this.#underWay.get(request.id) === controller) this.#underWay.delete(request.id);
        this.#endIfDone();
      });
    }
    if (this.#socket.writableLength > UNREAD_LIMIT) this.#socket.pause();
  }

  async #serve(id: number, verb: string, args: Args, signal: AbortSignal): Promise<void> {
    try {
      const result = await (verb === HELLO
        ? ({ pid: process.pid } satisfies Hello)
        : this.#handle(verb, args, signal));
      const iterator = iteratorOf(result);
      if (iterator === undefined) this.#answer({ id, ok: true, result });
      else {
        await this.#stream(id, iterator, signal);
        this.#answer({ id, ok: true });
      }
    } catch (error) {
      this.#fail(id, error);
    }
  }

  /** Item after item; each batch waits until the client has taken the one before, and lets others have their turn. */
  async #stream(
    id: number,
    iterator: AsyncIterator<unknown> | Iterator<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    let stop: () => void = () => {};
    const aborted = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      while (!signal.aborted) {
        const next = iterator.next();
        const step = next instanceof Promise ? await Promise.race([next, aborted]) : next;
        if (step === undefined) {
          // Nobody waits for this item any more; its failure is nobody's.
          (next as Promise<unknown>).catch(() => {});
          break;
        }
        if (step.done) return;
        this.#answer({ id, more: true, item: step.value ?? null });
        if (this.#outSize >= BATCH) await this.#turn();
      }
      throw new ControlError('cancelled');
    } finally {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }

  /** Sends the batch and comes back when there is room for the next, at the earliest in the loop's next turn. */
  async #turn(): Promise<void> {
    const room = this.#flush();
    await new Promise<void>((resolve) => {
      if (room || this.#socket.destroyed) setImmediate(resolve);
      else this.#waiting.push(resolve);
    });
  }

  #fail(id: number | null, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#answer({ id, ok: false, error: { message, exit: error instanceof ControlError ? error.exit : 1 } });
  }

  #answer(answer: Answer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    let line: string;
    try {
      line = `${JSON.stringify(answer)}\n`;
    } catch (error) {
      const message = `the answer is no JSON: ${(error as Error).message}`;
      line = `${JSON.stringify({ id: answer.id, ok: false, error: { message, exit: 1 } })}\n`;
    }
    this.#out.push(line);
    this.#outSize += line.length;
    this.#flushPlanned ??= setImmediate(() => this.#flush());
  }

  /** False when the client has not taken all of it yet. */
  #flush(): boolean {
    clearImmediate(this.#flushPlanned);
    this.#flushPlanned = undefined;
    if (this.#out.length === 0 || this.#socket.destroyed) return !this.#socket.writableNeedDrain;
    const text = this.#out.join('');
    this.#out = [];
    this.#outSize = 0;
    return this.#socket.write(text);
  }

  /**
   * A client that sends no more may still read, or be gone: from here both look alike. An empty line, which no reader of
   * JSON lines minds, fails when it is gone.
   */
  #probe(): void {
    if (!this.#socket.writableEnded && !this.#socket.destroyed && !this.#socket.writableNeedDrain)
      this.#socket.write('\n');
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** A client that said all it wanted and has all its answers is bid farewell. */
  #endIfDone(): void {
    if (!this.#noMoreRequests || this.#underWay.size > 0 || this.#socket.writableEnded) return;
    clearInterval(this.#probing);
    this.#flush();
    this.#socket.end();
  }
}

type Parsed =
  | { readonly id: number; readonly verb: string; readonly args: Args }
  | { readonly id: number; readonly cancel: true };

function parse(text: string): Parsed | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, verb, args, cancel } = value as { [name: string]: unknown };
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (cancel === true) return { id, cancel };
  if (typeof verb !== 'string') return undefined;
  if (args !== undefined && (typeof args !== 'object' || args === null || Array.isArray(args)))
    return undefined;
  return { id, verb, args: (args ?? {}) as Args };
}

/** Arrays are values; generators and whatever is asynchronously iterable are answered item by item. */
function iteratorOf(result: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  if (Symbol.asyncIterator in result) return (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  if (Symbol.iterator in result && 'next' in result) return (result as Iterable<unknown>)[Symbol.iterator]();
  return undefined;
}
