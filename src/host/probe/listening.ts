/**
 * Ports of this machine that something listens at, looked at so often that nobody has to wait for the next probe when it ends.
 * The kernel is asked for the very socket that a packet to that address and port would reach (NETLINK_SOCK_DIAG): it needs no
 * rights, costs microseconds however many connections there are, and the service does not notice. What is not seen here, such as
 * a service on another machine or in another network namespace, is not watched. Linux only; elsewhere nothing is.
 */
import { addressBytes, after, type Clock, familyOf, millis } from '../../base/index.ts';
import type { Endpoint } from './spec.ts';
import { probeCalls } from './system.ts';

export interface ListenerWatch {
  /** Watches for the end of whatever listens there. `gone` is called when it has ended, once for each time that it was seen. */
  add(at: Endpoint, over: 'udp' | 'tcp', gone: () => void): PortWatch;
  stop(): void;
}

export interface PortWatch {
  /** The port has just answered: from now on its end is noticed, if it is of this machine. */
  answered(): void;
  end(): void;
}

/**
 * How often seen listeners are looked at: often enough that half of all ends are noticed within 25 ms; and with many of them less
 * often, because each look costs.
 */
const LOOK_MS = 50;
const LOOK_EACH_MS = 5;
/** Whether something listens there; undefined when the kernel does not say. */
export type Look = (at: Endpoint, over: 'udp' | 'tcp') => boolean | undefined;

/** One port, however many probes ask it. */
interface Port {
  readonly at: Endpoint;
  readonly over: 'udp' | 'tcp';
  readonly gone: Set<() => void>;
  seen: boolean;
}

export function watchListeners(clock: Clock, look: Look = kernelLook): ListenerWatch {
  const ports = new Map<string, Port>();
  let cancel: (() => void) | undefined;

  const arm = (): void => {
    cancel?.();
    cancel = undefined;
    const seen = [...ports.values()].filter((p) => p.seen).length;
    if (seen === 0) return;
    const wait = Math.max(LOOK_MS, LOOK_EACH_MS * seen);
    cancel = clock.wake(after(clock.now(), millis(wait)), turn);
  };
  const turn = (): void => {
    for (const p of [...ports.values()]) {
      if (!p.seen) continue;
      p.seen = look(p.at, p.over) ?? true;
      if (!p.seen) for (const gone of [...p.gone]) gone();
    }
    arm();
  };
  return {
    add: (at, over, gone) => {
      const key = `${over} ${at.address} ${at.port}`;
      const port = ports.get(key) ?? { at, over, gone: new Set(), seen: false };
      ports.set(key, port);
      // A function of its own, so that the same one may be given twice.
      const own = () => gone();
      port.gone.add(own);
      return {
        answered: () => {
          if (port.seen || look(at, over) !== true) return;
          port.seen = true;
          arm();
        },
        end: () => {
          port.gone.delete(own);
          if (port.gone.size > 0 || ports.get(key) !== port) return;
          ports.delete(key);
          arm();
        },
      };
    },
    stop: () => {
      ports.clear();
      arm();
    },
  };
}

const UDP = 17;
const TCP = 6;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const ENOENT = 2;
const HEAD = 16;
/** Of struct inet_diag_req_v2, after the message's head: where the sockets' ends begin. */
const ENDS = HEAD + 8;

let descriptor: number | undefined;
let serial = 0;
/** Not from Node's pool: numbers in it are read as words. */
const ANSWER = Buffer.from(new ArrayBuffer(4096));

/** Asks the kernel now. Undefined where it cannot be asked. */
export const kernelLook: Look = (at, over) => {
  const calls = probeCalls();
  if ('missing' in calls) return undefined;
  try {
    descriptor ??= calls.diagnosisSocket();
    const number = ++serial >>> 0;
    calls.send(descriptor, question(at, over, number));
    for (;;) {
      const size = calls.receive(descriptor, ANSWER);
      if (size === undefined || size < HEAD + 4) return undefined;
      const { kind, count } = headOf(ANSWER);
      // The answer to a question that was given up.
      if (count !== number) continue;
      if (kind === SOCK_DIAG_BY_FAMILY) return true;
      return kind === NLMSG_ERROR && word(ANSWER, HEAD) === -ENOENT ? false : undefined;
    }
  } catch {
    return undefined;
  }
};

/** Of struct nlmsghdr, in the machine's own order of bytes as all of netlink is. */
function headOf(bytes: Buffer): { readonly kind: number; readonly count: number } {
  const [kind] = new Uint16Array(bytes.buffer, bytes.byteOffset + 4, 1);
  const [count] = new Uint32Array(bytes.buffer, bytes.byteOffset + 8, 1);
  return { kind: kind as number, count: count as number };
}

function word(bytes: Buffer, at: number): number {
  return new Int32Array(bytes.buffer, bytes.byteOffset + at, 1)[0] as number;
}

/** struct nlmsghdr and struct inet_diag_req_v2: who would get a packet to this address and port? */
function question({ address, port }: Endpoint, over: 'udp' | 'tcp', number: number): Uint8Array {
  const bytes = new Uint8Array(ENDS + 48);
  const longs = new Uint32Array(bytes.buffer);
  const shorts = new Uint16Array(bytes.buffer);
  longs[0] = bytes.length;
  shorts[2] = SOCK_DIAG_BY_FAMILY;
  shorts[3] = NLM_F_REQUEST;
  longs[2] = number;
  bytes[HEAD] = familyOf(address) === 4 ? 2 : 10;
  bytes[HEAD + 1] = over === 'udp' ? UDP : TCP;
  // Any state.
  longs[(HEAD + 4) / 4] = 0xffff_ffff;
  // Our end is the source for TCP and, for historical reasons, the destination for UDP.
  const [portAt, addressAt] = over === 'udp' ? [ENDS + 2, ENDS + 20] : [ENDS, ENDS + 4];
  bytes[portAt] = port >> 8;
  bytes[portAt + 1] = port & 255;
  bytes.set(addressBytes(address) as Uint8Array, addressAt);
  // No cookie: whichever socket it is.
  longs[(ENDS + 40) / 4] = 0xffff_ffff;
  longs[(ENDS + 44) / 4] = 0xffff_ffff;
  return bytes;
}
