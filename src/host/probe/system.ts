/** Calls of the C library that only probes need, beside those of `libc.ts`: ICMP sockets and watching processes. Linux only. */
import { createRequire } from 'node:module';
import { libc, SystemError } from '../libc.ts';

/** Each throws a {@link SystemError} where C would return −1. */
export interface ProbeCalls {
  /** A non-blocking ICMP socket: the unprivileged kind, or a raw one. */
  icmpSocket(family: 4 | 6, kind: 'ping' | 'raw'): number;
  /** A non-blocking socket that the kernel answers questions about sockets at (sock_diag(7)). */
  diagnosisSocket(): number;
  connect(fd: number, sockaddr: Uint8Array): void;
  send(fd: number, bytes: Uint8Array): void;
  /** The next packet, or undefined when none is waiting. */
  receive(fd: number, into: Uint8Array): number | undefined;
  /** A descriptor that becomes readable when the process ends. */
  openProcess(pid: number): number;
  /** A counter that becomes readable when it is written to. */
  eventCounter(): number;
  /** Sets a counter back to nothing. */
  resetCounter(fd: number): void;
  /** True when the descriptor is readable now. */
  readable(fd: number): boolean;
  /** Calls back when one of the descriptors is readable, or the time is over. Occupies a thread of the pool meanwhile. */
  awaitReadable(fds: readonly number[], timeoutMs: number, ready: () => void): void;
  close(fd: number): void;
}

const AF_INET = 2;
const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const NONBLOCK_CLOEXEC = 0o2004000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const MSG_NOSIGNAL = 0x4000;
const EFD_FLAGS = NONBLOCK_CLOEXEC;
/** The same on every architecture, as all calls from 424 on are. */
const SYS_PIDFD_OPEN = 434;
const POLLIN = 1;

let loaded: ProbeCalls | { readonly missing: string } | undefined;

/** The calls, or one sentence why they cannot be had here. */
export function probeCalls(): ProbeCalls | { readonly missing: string } {
  loaded ??= open();
  return loaded;
}

function open(): ProbeCalls | { readonly missing: string } {
  // Whether this machine is one whose constants are known is decided there.
  const c = libc();
  if ('missing' in c) return c;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const connect = library.func('int connect(int, const void *, uint32_t)');
  const send = library.func('int64_t send(int, const void *, uint64_t, int)');
  const recv = library.func('int64_t recv(int, void *, uint64_t, int)');
  const read = library.func('int64_t read(int, void *, uint64_t)');
  const syscall = library.func('int64_t syscall(int64_t, int64_t, int64_t)');
  const eventfd = library.func('int eventfd(uint32_t, int)');
  const poll = library.func('int poll(void *, uint64_t, int)');

  const checked = (call: string, result: number | bigint): number => {
    if (result < 0) throw new SystemError(call, koffi.errno());
    return Number(result);
  };
  const pollSet = (fds: readonly number[]): Buffer => {
    const set = Buffer.alloc(8 * fds.length);
    fds.forEach((fd, i) => {
      set.writeInt32LE(fd, 8 * i);
      set.writeInt16LE(POLLIN, 8 * i + 4);
    });
    return set;
  };
  return {
    icmpSocket: (family, kind) => {
      const type = (kind === 'ping' ? SOCK_DGRAM : SOCK_RAW) | NONBLOCK_CLOEXEC;
      const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
      return checked('socket', socket(domain, type, protocol));
    },
    diagnosisSocket: () =>
      checked('socket', socket(AF_NETLINK, SOCK_RAW | NONBLOCK_CLOEXEC, NETLINK_SOCK_DIAG)),
    connect: (fd, sockaddr) => {
      checked('connect', connect(fd, sockaddr, sockaddr.length));
    },
    send: (fd, bytes) => {
      checked('send', send(fd, bytes, bytes.length, MSG_NOSIGNAL));
    },
    receive: (fd, into) => {
      const result = Number(recv(fd, into, into.length, 0));
      if (result >= 0) return result;
      const error = new SystemError('recv', koffi.errno());
      if (error.code === 'EAGAIN') return undefined;
      throw error;
    },
    openProcess: (pid) => checked('pidfd_open', syscall(SYS_PIDFD_OPEN, pid, 0)),
    eventCounter: () => checked('eventfd', eventfd(0, EFD_FLAGS)),
    resetCounter: (fd) => {
      read(fd, Buffer.alloc(8), 8);
    },
    readable: (fd) => {
      const set = pollSet([fd]);
      return poll(set, 1, 0) > 0;
    },
    awaitReadable: (fds, timeoutMs, ready) => {
      const set = pollSet(fds);
      // The closure keeps the set alive while the call fills it in.
      poll.async(set, fds.length, timeoutMs, () => {
        set.fill(0);
        ready();
      });
    },
    close: (fd) => c.close(fd),
  };
}
