/**
 * The system's C library, for what Node has no call for: socket options that must be set before a connection is made or
 * awaited. Loaded when first asked for; where it cannot be had, everything else of this room still works.
 */
import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
import { getSystemErrorName } from 'node:util';
import { HostError } from './error.ts';
import { FILTER_HEAD, type FilterStep, intBytes, intOf, LINUX, writeFilter } from './options.ts';

/** The calls we use, as functions of numbers and bytes. Each throws a {@link SystemError} where C would return −1. */
export interface Libc {
  /** A new non-blocking socket that child processes do not inherit. */
  socket(family: 4 | 6, kind: 'stream' | 'datagram'): number;
  bind(fd: number, sockaddr: Uint8Array): void;
  close(fd: number): void;
  setOption(fd: number, level: number, option: number, value: Uint8Array): void;
  setNumber(fd: number, level: number, option: number, value: number): void;
  getNumber(fd: number, level: number, option: number): number;
  /** The first `length` bytes of a structure that the kernel gives. */
  getBytes(fd: number, level: number, option: number, length: number): Uint8Array;
  /** Attaches a packet filter; packets that came before are not looked at again. */
  attachFilter(fd: number, filter: readonly FilterStep[]): void;
  /** Sends without waiting: how many of the first `length` bytes the kernel took; negative when none, for whatever reason. */
  send(fd: number, bytes: Uint8Array, length: number): number;
  /** Whether something can be written there without waiting, or never will be; waits for it at most so long. */
  writable(fd: number, waitMs: number): boolean;
  /** The index of a network interface; undefined when there is none of that name. */
  interfaceIndex(name: string): number | undefined;
}

/** A call of the C library failed; `code` is errno's name, such as `EADDRINUSE`. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** Architectures whose constants are those of `options.ts` (MIPS and SPARC number theirs differently). */
const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64', 's390x'];

let loaded: Libc | { readonly missing: string } | undefined;

/** The C library, or one sentence why it cannot be had here. */
export function libc(): Libc | { readonly missing: string } {
  loaded ??= load();
  return loaded;
}

/** The C library; throws a {@link HostError} that says what it was wanted for when it cannot be had. */
export function needLibc(purpose: string): Libc {
  const c = libc();
  if ('missing' in c) throw new HostError('platform', `${purpose} is not possible here: ${c.missing}`);
  return c;
}

function load(): Libc | { readonly missing: string } {
  if (platform !== 'linux') return { missing: `it needs Linux, and this is ${platform}` };
  if (!ARCHITECTURES.includes(arch))
    return { missing: `the socket constants of ${arch} are not known to us` };
  try {
    return open();
  } catch (error) {
    return { missing: `koffi, which calls the C library, does not load (${(error as Error).message})` };
  }
}

function open(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  // The C library is already in the process; by name it is called differently on glibc and musl.
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const bind = library.func('int bind(int, const void *, uint32_t)');
  const close = library.func('int close(int)');
  const send = library.func('int send(int, const void *, size_t, int)');
  const setsockopt = library.func('int setsockopt(int, int, int, const void *, uint32_t)');
  const getsockopt = library.func('int getsockopt(int, int, int, void *, void *)');
  const poll = library.func('int poll(void *, uint64_t, int)');
  const ifNameToIndex = library.func('uint32_t if_nametoindex(const char *)');

  const checked = (call: string, result: number): number => {
    if (result < 0) throw new SystemError(call, koffi.errno());
    return result;
  };
  const setOption = (fd: number, level: number, option: number, value: Uint8Array): void => {
    checked('setsockopt', setsockopt(fd, level, option, value, value.length));
  };
  return {
    socket: (family, kind) => {
      const type = kind === 'stream' ? LINUX.SOCK_STREAM : LINUX.SOCK_DGRAM;
      const domain = family === 4 ? LINUX.AF_INET : LINUX.AF_INET6;
      return checked('socket', socket(domain, type | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC, 0));
    },
    bind: (fd, sockaddr) => {
      checked('bind', bind(fd, sockaddr, sockaddr.length));
    },
    close: (fd) => {
      close(fd);
    },
    send: (fd, bytes, length) => send(fd, bytes, length, LINUX.MSG_DONTWAIT | LINUX.MSG_NOSIGNAL) as number,
    setOption,
    setNumber: (fd, level, option, value) => setOption(fd, level, option, intBytes(value)),
    getNumber: (fd, level, option) => {
      const value = intBytes(0);
      checked('getsockopt', getsockopt(fd, level, option, value, intBytes(4)));
      return intOf(value);
    },
    getBytes: (fd, level, option, length) => {
      const value = new Uint8Array(length);
      checked('getsockopt', getsockopt(fd, level, option, value, intBytes(length)));
      return value;
    },
    attachFilter: (fd, filter) => {
      const memory = Buffer.alloc(FILTER_HEAD + filter.length * 8);
      writeFilter(memory, koffi.address(memory), filter);
      const result = setsockopt(fd, LINUX.SOL_SOCKET, LINUX.SO_ATTACH_FILTER, memory, FILTER_HEAD);
      checked('setsockopt', result);
    },
    writable: (fd, waitMs) => {
      const set = new Uint8Array(8);
      set.set(intBytes(fd));
      // `events` and `revents` are shorts behind the descriptor, in the machine's own order of bytes.
      new Uint16Array(set.buffer)[2] = LINUX.POLLOUT;
      return (poll(set, 1, waitMs) as number) > 0;
    },
    interfaceIndex: (name) => (ifNameToIndex(name) as number) || undefined,
  };
}
