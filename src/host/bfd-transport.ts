/**
 * The packets of BFD over UDP (RFC 5881 §4, RFC 5883 §2): bytes out with the right ports and TTL, and in only with a TTL
 * that is high enough. It knows nothing of what the bytes say.
 */
import dgram from 'node:dgram';
import { type Address, familyOf, isLinkLocal } from '../base/index.ts';
import { endOf } from './connection.ts';
import { ROUTING_CLASS } from './dial.ts';
import { endpoint, HostError, listenError } from './error.ts';
import { type Libc, needLibc } from './libc.ts';
import { LINUX, leastTtlFilter, sockaddr } from './options.ts';
import { bindToInterface, scopeOf, setSendTtl } from './protection.ts';

export interface BfdPath {
  readonly local: Address;
  readonly remote: Address;
  /** More than one hop lies between: port 4784 instead of 3784 (RFC 5883 §2). */
  readonly multihop?: boolean;
  /** Packets leave and enter through this interface only. Link-local addresses need it. */
  readonly interface?: string;
  /** The least TTL taken from a multihop peer; 1 when absent. A single hop always has to be 255 (RFC 5881 §5). */
  readonly leastTtl?: number;
}

/** One received packet. All paths of one local address share a receiver, so the discriminators say whose it is. */
export interface BfdArrival {
  readonly from: Address;
  readonly local: Address;
  readonly multihop: boolean;
  readonly interface?: string;
}

/** The sending side of one path, with a source port of its own. */
export interface BfdSocket {
  readonly sourcePort: number;
  /** Packets the system did not take: no route, no buffer, interface down. BFD sends again anyway. */
  readonly unsent: number;
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface BfdTransport {
  /** Opens a path; from then on what arrives for its local address is delivered. Rejects with a {@link HostError}. */
  open(path: BfdPath): Promise<BfdSocket>;
  /** Closes all paths and receivers. */
  close(): void;
}

export const SINGLE_HOP_PORT = 3784;
export const MULTIHOP_PORT = 4784;
/** RFC 5881 §4: the source port is in this range, and unique to the session. */
const FIRST_SOURCE_PORT = 49_152;
const LAST_SOURCE_PORT = 65_535;
/** The length field of a BFD packet has one byte, so nothing longer is one (RFC 5880 §4.1). */
const LONGEST_PACKET = 255;

/**
 * A transport that gives every packet with a good TTL to `onPacket`; the bytes are the receiver's to keep. The TTL is judged
 * in the kernel by a packet filter, because Node does not show it: a packet with a lower one is never seen here.
 */
export function bfdTransport(
  onPacket: (bytes: Uint8Array, arrival: BfdArrival) => void,
  ports: { readonly singleHop: number; readonly multihop: number } = {
    singleHop: SINGLE_HOP_PORT,
    multihop: MULTIHOP_PORT,
  },
): BfdTransport {
  return new UdpTransport(onPacket, ports);
}

interface Receiver {
  readonly socket: dgram.Socket;
  readonly ready: Promise<void>;
  users: number;
}

class UdpTransport implements BfdTransport {
  readonly #onPacket: (bytes: Uint8Array, arrival: BfdArrival) => void;
  readonly #ports: { readonly singleHop: number; readonly multihop: number };
  /** By local address, interface, kind and least TTL. */
  readonly #receivers = new Map<string, Receiver>();
  readonly #senders = new Set<BfdSocket>();
  #nextPort = FIRST_SOURCE_PORT;

  constructor(
    onPacket: (bytes: Uint8Array, arrival: BfdArrival) => void,
    ports: { readonly singleHop: number; readonly multihop: number },
  ) {
    this.#onPacket = onPacket;
    this.#ports = ports;
    // Sessions of two processes of one machine would otherwise all begin at the same port.
    this.#nextPort += Math.floor(Math.random() * (LAST_SOURCE_PORT - FIRST_SOURCE_PORT));
  }

  async open(path: BfdPath): Promise<BfdSocket> {
    const c = needLibc('BFD, which has to judge the TTL of packets,');
    if (familyOf(path.local) !== familyOf(path.remote))
      throw new HostError('address', `${path.local} and ${path.remote} are of different IP versions`);
    const key = [path.local, path.interface, path.multihop ? (path.leastTtl ?? 1) : 'single hop'].join(' ');
    const receiver = this.#receivers.get(key) ?? this.#receive(c, path, key);
    receiver.users++;
    const release = () => {
      if (--receiver.users > 0) return;
      if (this.#receivers.get(key) === receiver) this.#receivers.delete(key);
      shut(receiver.socket);
    };
    try {
      await receiver.ready;
      const sender = await this.#sender(c, path, release);
      this.#senders.add(sender);
      return sender;
    } catch (error) {
      release();
      throw error;
    }
  }

  close(): void {
    for (const sender of [...this.#senders]) sender.close();
  }

  #port(path: BfdPath): number {
    return path.multihop ? this.#ports.multihop : this.#ports.singleHop;
  }

  /** The socket that hears all sessions of one local address. */
  #receive(c: Libc, path: BfdPath, key: string): Receiver {
    const family = familyOf(path.local);
    const port = this.#port(path);
    const least = path.multihop ? (path.leastTtl ?? 1) : 255;
    let fd: number;
    try {
      fd = udpSocket(c, path, (fd) => {
        c.attachFilter(fd, leastTtlFilter(family, least));
        c.bind(fd, sockaddr(path.local, port, scopeOf(c, path.local, path.interface)));
      });
    } catch (error) {
      throw listenError(`${endpoint(path.local, port, path.interface)} (UDP, BFD)`, port, error);
    }
    const socket = dgram.createSocket(family === 4 ? 'udp4' : 'udp6');
    const arrivalBase = {
      local: path.local,
      multihop: path.multihop === true,
      ...(path.interface === undefined ? {} : { interface: path.interface }),
    };
    socket.on('message', (bytes, info) => {
      const from = endOf(info.address);
      if (from === undefined || bytes.length > LONGEST_PACKET) return;
      this.#onPacket(new Uint8Array(bytes), { ...arrivalBase, from: from.address });
    });
    const ready = adopt(socket, fd);
    const receiver: Receiver = { socket, ready, users: 0 };
    this.#receivers.set(key, receiver);
    return receiver;
  }

  async #sender(c: Libc, path: BfdPath, release: () => void): Promise<BfdSocket> {
    const family = familyOf(path.local);
    let sourcePort = 0;
    const fd = udpSocket(c, path, (fd) => {
      setSendTtl(c, fd, family, 255);
      sourcePort = this.#bindToFreePort(c, fd, path);
    });
    const socket = dgram.createSocket(family === 4 ? 'udp4' : 'udp6');
    await adopt(socket, fd);
    const to = isLinkLocal(path.remote) ? `${path.remote}%${path.interface}` : path.remote;
    const port = this.#port(path);
    let unsent = 0;
    const onSent = (error: Error | null): void => {
      if (error) unsent++;
    };
    let open = true;
    const senders = this.#senders;
    const sender: BfdSocket = {
      sourcePort,
      get unsent() {
        return unsent;
      },
      send: (bytes) => {
        // An address given as a number needs no look-up, so this is one call to the kernel.
        if (open) socket.send(bytes, port, to, onSent);
      },
      close: () => {
        if (!open) return;
        open = false;
        senders.delete(sender);
        shut(socket);
        release();
      },
    };
    return sender;
  }

  #bindToFreePort(c: Libc, fd: number, path: BfdPath): number {
    const scope = scopeOf(c, path.local, path.interface);
    const size = LAST_SOURCE_PORT - FIRST_SOURCE_PORT + 1;
    for (let i = 0; i < size; i++) {
      const port = this.#nextPort;
      this.#nextPort = FIRST_SOURCE_PORT + ((port + 1 - FIRST_SOURCE_PORT) % size);
      try {
        c.bind(fd, sockaddr(path.local, port, scope));
        return port;
      } catch (error) {
        const failure = listenError(`${endpoint(path.local, port, path.interface)} (UDP, BFD)`, port, error);
        if (failure.kind !== 'in-use') throw failure;
      }
    }
    throw new HostError(
      'in-use',
      `no UDP port of ${FIRST_SOURCE_PORT} to ${LAST_SOURCE_PORT} is free at ${path.local}`,
    );
  }
}

/** A datagram socket with what both directions need, closed again when `setUp` throws. */
function udpSocket(c: Libc, path: BfdPath, setUp: (fd: number) => void): number {
  const family = familyOf(path.local);
  const fd = c.socket(family, 'datagram');
  try {
    if (family === 6) {
      c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_V6ONLY, 1);
      c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_TCLASS, ROUTING_CLASS);
    } else c.setNumber(fd, LINUX.IPPROTO_IP, LINUX.IP_TOS, ROUTING_CLASS);
    if (path.interface !== undefined) bindToInterface(c, fd, path.interface);
    setUp(fd);
    return fd;
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/** Gives a bound descriptor to a socket of Node's. */
function adopt(socket: dgram.Socket, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ fd }, () => {
      socket.off('error', reject);
      // What the network says about single packets is no news to BFD: it has its own detection time.
      socket.on('error', () => {});
      resolve();
    });
  });
}

function shut(socket: dgram.Socket): void {
  try {
    socket.close();
  } catch {
    // It never was open.
  }
}
