/**
 * What systemd wants to hear of a service (sd_notify): ready, reloading, stopping, alive. One datagram each, to the Unix socket
 * that NOTIFY_SOCKET names. Node has no such sockets, so the C library sends them; outside of systemd nothing is loaded.
 */
import { createRequire } from 'node:module';
import type { Clock } from '../base/index.ts';
import { after, millis } from '../base/index.ts';

export interface Notify {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  status(text: string): void;
  close(): void;
}

const SILENT: Notify = { ready() {}, reloading() {}, stopping() {}, status() {}, close() {} };

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Silent when nobody listens. `trouble` hears once why nothing can be sent. */
export function sdNotify(
  env: { readonly [name: string]: string | undefined },
  clock: Clock,
  trouble: (why: string) => void,
): Notify {
  const socket = env['NOTIFY_SOCKET'];
  if (!socket || process.platform !== 'linux') return SILENT;
  let send: (text: string) => void;
  let close: () => void;
  try {
    [send, close] = sender(socket);
  } catch (error) {
    trouble(`systemd cannot be told anything: ${(error as Error).message}`);
    return SILENT;
  }
  // Half of the time after which systemd would take us for dead; for this process only (sd_watchdog_enabled).
  const watchdog = Number(env['WATCHDOG_USEC'] ?? 0) / 1000;
  const forUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === process.pid;
  let cancel: (() => void) | undefined;
  const alive = () => {
    send('WATCHDOG=1');
    cancel = clock.wake(after(clock.now(), millis(watchdog / 2)), alive);
  };
  return {
    ready: (status) => {
      send(`READY=1\nSTATUS=${line(status)}`);
      if (watchdog > 0 && forUs && !cancel) alive();
    },
    reloading: () => send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send('STOPPING=1'),
    status: (text) => send(`STATUS=${line(text)}`),
    close: () => {
      cancel?.();
      close();
    },
  };
}

function line(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 400);
}

function sender(path: string): readonly [(text: string) => void, () => void] {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const sendto = library.func('int64_t sendto(int, const void *, uint64_t, int, const void *, uint32_t)');
  const closeFd = library.func('int close(int)');
  const name = Buffer.from(path);
  if (name.length > 107) throw new Error('NOTIFY_SOCKET is too long');
  // An `@` stands for the nought of an abstract name.
  if (name[0] === 0x40) name[0] = 0;
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number;
  if (fd < 0) throw new Error('no Unix socket can be had');
  let open = true;
  return [
    (text) => {
      const bytes = Buffer.from(text);
      if (open) sendto(fd, bytes, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT, address, address.length);
    },
    () => {
      if (open) closeFd(fd);
      open = false;
    },
  ];
}
