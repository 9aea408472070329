/** One TCP connection as the router's driver sees it: chunks in, bytes out, and one word when it is over. */
import net from 'node:net';
import { type Address, parseAddress } from '../base/index.ts';
import { lossReason } from './error.ts';
import { type Libc, libc } from './libc.ts';

/** What the owner of a connection wants to hear. None of these is called before the call that caused it has returned. */
export interface ConnectionHandlers {
  /** Bytes came. `chunk` is a window on a buffer that all connections share: it is only valid during this call. */
  data(chunk: Uint8Array): void;
  /** After `write` said false: there is room again. */
  drain?(): void;
  /** Bytes wait and the kernel takes no more of them (RFC 9687 §4). */
  blocked?(): void;
  /** After `blocked`: some of the bytes that waited have left. If others still wait, `blocked` follows. */
  sent?(): void;
  /** The connection ended, and not by our `close` or `abort`; called at most once, and nothing is called after it. */
  closed(why: string): void;
}

export interface Connection {
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  /** The interface of link-local addresses. */
  readonly zone?: string;
  /** Bytes given to `write` that the kernel has not taken yet. */
  readonly bytesQueued: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /**
   * Sends bytes; they are copied, so that the caller may use its buffer again at once. False asks to wait for `drain`. A
   * caller that does not wait loses the connection when {@link QUEUE_LIMIT} bytes have gathered.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Hands what was written to the kernel now, if it takes it; otherwise it leaves when this turn of the event loop is over,
   * as it does without this call. For a caller that has no more to write.
   */
  flush(): void;
  /** Stops reading, so that the peer's window shuts; data that is being delivered is delivered. */
  pause(): void;
  resume(): void;
  /**
   * Sends what was written, then FIN, and waits for the peer's; what it still sends is thrown away. After `limitMs` the
   * connection is cut. Resolves when nothing is left of it.
   */
  close(limitMs?: number): Promise<void>;
  /** Cuts the connection at once with a RST; what was written and has not left is lost. */
  abort(): void;
}

/** `write` says false from this many queued bytes on. */
export const HIGH_WATER = 512 * 1024;
/** … and `drain` is called when so few are left. */
export const LOW_WATER = 128 * 1024;
/** A connection with this many queued bytes is cut: its owner does not listen to `write`. */
export const QUEUE_LIMIT = 64 * 1024 * 1024;
/** How long `close` waits for the peer when the caller names no limit. */
export const CLOSE_LIMIT_MS = 5000;

/**
 * The kernel's bytes land here, for every connection of the process: libuv reads and delivers in one go, so no two
 * connections need it at once, and an idle connection holds no buffer at all. Larger is not faster, and libuv fills it
 * up to 32 times before another connection has its turn.
 */
const READ_BUFFER = new Uint8Array(64 * 1024);
/** Windows fills buffers behind our back, so each connection there has its own. */
const SHARED = process.platform !== 'win32';

/** Writes gather in chunks of this size: one call to the kernel for many small messages. */
const CHUNK = 64 * 1024;
/** Empty chunks kept for the next writer, by whichever connection. */
const SPARE: Buffer[] = [];
const SPARE_LIMIT = 16;

/** Internals of Node that have no public form: the handle of an accepted socket, which we give to a socket of our own. */
interface Handle {
  readonly fd?: number;
}

/** The handle under a socket or server; undefined when this Node keeps it elsewhere. */
export function handleOf(owner: net.Socket | net.Server): Handle | undefined {
  return (owner as unknown as { _handle?: Handle | null })._handle ?? undefined;
}

/** Sends to a descriptor without waiting, where the C library can be called. */
const SEND: Libc['send'] = (fd, bytes, length) => {
  const c = libc();
  return 'missing' in c ? -1 : c.send(fd, bytes, length);
};

function descriptorOf(socket: net.Socket): number {
  return 'missing' in libc() ? -1 : (handleOf(socket)?.fd ?? -1);
}

/** What a connection is made of: a descriptor that we opened, a handle that Node accepted, or nothing yet. */
export interface Origin {
  readonly fd?: number;
  readonly handle?: Handle;
}

/** A connection that may not stand yet. `dial` and `Listener` make it stand; its owner sees a {@link Connection}. */
export class TcpConnection implements Connection {
  readonly socket: net.Socket;
  local = '' as Address;
  localPort = 0;
  remote = '' as Address;
  remotePort = 0;
  zone?: string;
  #handlers: ConnectionHandlers | undefined;
  #phase: 'new' | 'open' | 'closing' | 'over' = 'new';
  /** Chunks that wait for the kernel; the first is with the socket when `#sending` holds. */
  readonly #queue: Buffer[] = [];
  /** The chunk that is being filled, and how far it is. */
  #filling: Buffer | undefined;
  #filled = 0;
  #queuedBytes = 0;
  #sending: Buffer | undefined;
  #flushPlanned = false;
  /** What the kernel knows the socket by; −1 when that cannot be used. */
  #descriptor: number | undefined;
  #full = false;
  #endAsked = false;
  #bytesRead = 0;
  #bytesWritten = 0;
  #over: (() => void)[] = [];
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(origin: Origin) {
    // `handle` is what Node's own code passes here; the declared options leave it out.
    const options: net.SocketConstructorOpts = {
      ...(origin as object),
      allowHalfOpen: true,
      readable: true,
      writable: true,
      onread: {
        buffer: SHARED ? READ_BUFFER : new Uint8Array(CHUNK),
        callback: (n, buffer) => this.#onData(n, buffer),
      },
    };
    this.socket = new net.Socket(options);
    this.socket.on('end', () => {
      // Once we are closing, the socket ends when both directions have.
      if (this.#phase === 'open') this.#lost('the peer closed the connection');
    });
    this.socket.on('error', (error) => this.#lost(lossReason(error)));
    this.socket.on('close', () => this.#gone());
  }

  get bytesQueued(): number {
    return this.#queuedBytes;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** The socket is connected: learns the addresses. False when the peer has left already, so that there are none. */
  stand(): boolean {
    const { localAddress, localPort, remoteAddress, remotePort } = this.socket;
    const local = endOf(localAddress);
    const remote = endOf(remoteAddress);
    if (!local || !remote || this.#phase !== 'new') return false;
    this.local = local.address;
    this.localPort = localPort as number;
    this.remote = remote.address;
    this.remotePort = remotePort as number;
    const zone = remote.zone ?? local.zone;
    if (zone !== undefined) this.zone = zone;
    this.socket.setNoDelay(true);
    return true;
  }

  /** From here on the owner hears what happens. */
  open(handlers: ConnectionHandlers): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'open';
    this.#handlers = handlers;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== 'open') return false;
    if (this.#queuedBytes + bytes.length > QUEUE_LIMIT) {
      this.#phase = 'closing';
      const why = `the peer does not read: ${this.#queuedBytes} bytes wait for it`;
      process.nextTick(() => this.#lost(why));
      return false;
    }
    let from = 0;
    while (from < bytes.length) {
      this.#filling ??= SPARE.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
      const n = Math.min(bytes.length - from, CHUNK - this.#filled);
      this.#filling.set(n === bytes.length ? bytes : bytes.subarray(from, from + n), this.#filled);
      this.#filled += n;
      from += n;
      if (this.#filled === CHUNK) this.#seal();
    }
    this.#queuedBytes += bytes.length;
    if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      process.nextTick(() => this.#flush());
    }
    if (this.#queuedBytes >= HIGH_WATER) this.#full = true;
    return !this.#full;
  }

  flush(): void {
    const chunk = this.#filling;
    if (
      chunk === undefined ||
      this.#phase !== 'open' ||
      this.#sending !== undefined ||
      this.#queue.length > 0
    )
      return;
    this.#descriptor ??= descriptorOf(this.socket);
    if (this.#descriptor < 0 || this.socket.destroyed) return;
    // A stream of Node's takes several times as long for a few bytes as the kernel does.
    const n = Math.max(0, SEND(this.#descriptor, chunk, this.#filled));
    this.#queuedBytes -= n;
    this.#bytesWritten += n;
    this.#filled -= n;
    if (this.#filled > 0) chunk.copyWithin(0, n, n + this.#filled);
    else {
      this.#filling = undefined;
      if (SPARE.length < SPARE_LIMIT) SPARE.push(chunk);
    }
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(limitMs = CLOSE_LIMIT_MS): Promise<void> {
    const done = new Promise<void>((resolve) => {
      if (this.#phase === 'over') resolve();
      else this.#over.push(resolve);
    });
    if (this.#phase === 'open' || this.#phase === 'new') {
      this.#phase = 'closing';
      this.#handlers = undefined;
      this.#closeTimer = setTimeout(() => this.socket.destroy(), limitMs);
      this.socket.resume();
      this.#flush();
    }
    return done;
  }

  abort(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'closing';
    this.#handlers = undefined;
    if (this.socket.connecting || this.socket.pending) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  #onData(n: number, buffer: Uint8Array): boolean {
    this.#bytesRead += n;
    this.#handlers?.data(n === buffer.length ? buffer : buffer.subarray(0, n));
    return true;
  }

  /** Puts the chunk that was being filled into the queue. */
  #seal(): void {
    if (this.#filling === undefined) return;
    this.#queue.push(this.#filled === CHUNK ? this.#filling : this.#filling.subarray(0, this.#filled));
    this.#filling = undefined;
    this.#filled = 0;
  }

  /** Hands chunk after chunk to the kernel until it takes no more. */
  #flush(): void {
    this.#flushPlanned = false;
    if (this.#sending !== undefined || this.#phase === 'over' || this.socket.destroyed) return;
    this.#seal();
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
      this.#sending = chunk;
      this.socket.write(chunk, this.#onWritten);
      // The stream counts what the kernel has not taken; nothing left means that the chunk is ours again already.
      if (this.socket.writableLength > 0) break;
      this.#taken(chunk);
    }
    if (this.#sending !== undefined) {
      this.#handlers?.blocked?.();
    } else if (this.#phase === 'closing' && !this.#endAsked) {
      this.#endAsked = true;
      this.socket.end();
    }
    if (this.#full && this.#queuedBytes <= LOW_WATER) {
      this.#full = false;
      this.#handlers?.drain?.();
    }
  }

  /** The kernel has the whole chunk. */
  #taken(chunk: Buffer): void {
    this.#sending = undefined;
    this.#queuedBytes -= chunk.length;
    this.#bytesWritten += chunk.length;
    if (SPARE.length < SPARE_LIMIT) SPARE.push(wholeChunk(chunk));
  }

  /** The stream's word for a chunk; for one that the kernel took at once this comes late and says nothing new. */
  readonly #onWritten = (error?: Error | null): void => {
    const chunk = this.#sending;
    if (error || chunk === undefined || this.socket.writableLength > 0) return;
    this.#taken(chunk);
    this.#handlers?.sent?.();
    this.#flush();
  };

  /** The connection ended by itself or by the peer. */
  #lost(why: string): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    if (this.#phase === 'open') this.#phase = 'closing';
    if (!this.socket.destroyed) this.socket.destroy();
    handlers?.closed(why);
  }

  #gone(): void {
    // A socket may close without an error, when Node itself gave it up.
    if (this.#phase === 'open') this.#lost('the connection was closed');
    this.#phase = 'over';
    clearTimeout(this.#closeTimer);
    this.#queue.length = 0;
    this.#filling = undefined;
    this.#sending = undefined;
    this.#queuedBytes = 0;
    for (const resolve of this.#over.splice(0)) resolve();
  }
}

/** The address and zone in what Node says, such as `fe80::1%eth0`. */
export function endOf(text: string | undefined): { address: Address; zone?: string } | undefined {
  const [ip, zone] = (text ?? '').split('%');
  const address = parseAddress(ip as string);
  if (address === undefined) return undefined;
  return zone === undefined ? { address } : { address, zone };
}

/** The chunk that a part of it was cut from. */
function wholeChunk(part: Buffer): Buffer {
  return part.length === CHUNK ? part : Buffer.from(part.buffer as ArrayBuffer);
}
