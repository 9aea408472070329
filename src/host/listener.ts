/** Incoming TCP: one address and port, open to those peers only that were let in. */
import net from 'node:net';
import {
  type Address,
  addressBytes,
  familyOf,
  formatPrefix,
  hostPrefix,
  type IpFamily,
  isLinkLocal,
  type Prefix,
  prefixFamily,
  prefixLength,
} from '../base/index.ts';
import { type Connection, type ConnectionHandlers, endOf, handleOf, TcpConnection } from './connection.ts';
import { ROUTING_CLASS } from './dial.ts';
import { endpoint, HostError, listenError } from './error.ts';
import { type Libc, libc } from './libc.ts';
import { intOf, LINUX, sockaddr } from './options.ts';
import {
  bindToInterface,
  leastTtl,
  type Protection,
  protectionComplaint,
  scopeOf,
  setLeastTtl,
  setPassword,
  setSendTtl,
  setTtls,
} from './protection.ts';

export interface ListenAt {
  /** `0.0.0.0` and `::` are all addresses of their IP version; `::` does not include IPv4. */
  readonly address: Address;
  /** 0 lets the system choose; see {@link Listener.port}. */
  readonly port: number;
  /** Connections through other interfaces do not reach us. A link-local address needs it. */
  readonly interface?: string;
  /** Listen at an address that no interface has yet. */
  readonly freebind?: boolean;
}

/** Who may connect: one address (`hostPrefix`) or a network of them, and how they are protected. */
export interface Guest extends Protection {
  readonly from: Prefix;
  /** For link-local addresses, which several interfaces may have alike: on this one only. */
  readonly interface?: string;
}

export interface ListenHandlers {
  /** A guest connected. The handlers that come back hear of the connection; without any it is cut. */
  accepted(connection: Connection, guest: Guest): ConnectionHandlers | undefined;
  /** One sentence about connections that were refused; at most one in {@link LOG_EVERY_MS}. */
  refused?(sentence: string): void;
}

export interface Listener {
  readonly address: Address;
  readonly port: number;
  /** Connections cut because nobody knows their address. */
  readonly strangers: number;
  /** Connections of guests cut because too many stood already, or because a protection could not be set on them. */
  readonly turnedAway: number;
  /**
   * Lets a guest in, or changes how one is protected; holds from the next connection on. Throws a {@link HostError} of kind
   * `protection` when the protection cannot be set, and then the guest is not let in.
   */
  admit(guest: Guest): void;
  /** The guest may not connect any more; connections that stand are left alone. */
  dismiss(from: Prefix, interfaceName?: string): void;
  /** Listens no more. Connections that stand are left alone. */
  close(): Promise<void>;
}

/** Connections of one remote address that may stand at once; a router has one or, in a collision, two. */
export const CONNECTIONS_PER_REMOTE = 4;
/** Connections of all guests together that may stand at once. */
export const CONNECTIONS_IN_ALL = 16_384;
/** How often refusals are spoken of. */
export const LOG_EVERY_MS = 10_000;
/** Connections the kernel holds ready before we take them. */
const BACKLOG = 511;

/** Listens, with every option set before the first connection can come. Throws a {@link HostError}. */
export async function listen(at: ListenAt, handlers: ListenHandlers): Promise<Listener> {
  const listener = new TcpListener(at, handlers);
  await listener.start();
  return listener;
}

class TcpListener implements Listener {
  readonly address: Address;
  readonly #at: ListenAt;
  readonly #family: IpFamily;
  readonly #handlers: ListenHandlers;
  readonly #server: net.Server;
  /** By prefix and interface. */
  readonly #guests = new Map<string, Guest>();
  /** Lengths of the guests' prefixes, longest first: how a remote address is looked up. */
  #lengths: number[] = [];
  /** How many connections stand, by remote address and zone. */
  readonly #standing = new Map<string, number>();
  #standingInAll = 0;
  #port: number;
  #strangers = 0;
  #turnedAway = 0;
  #silentUntil = 0;
  #unspoken = 0;
  #leastTtl = 0;
  /** So many of the next connections may have been made before a password was set: nobody asked them for a signature. */
  #early = 0;

  constructor(at: ListenAt, handlers: ListenHandlers) {
    this.#at = at;
    this.address = at.address;
    this.#family = familyOf(at.address);
    this.#port = at.port;
    this.#handlers = handlers;
    // Accepted sockets stay silent, because their handles go to sockets of our own.
    this.#server = net.createServer({ pauseOnConnect: true }, (socket) => this.#onConnection(socket));
  }

  get port(): number {
    return this.#port;
  }

  get strangers(): number {
    return this.#strangers;
  }

  get turnedAway(): number {
    return this.#turnedAway;
  }

  async start(): Promise<void> {
    const { address, port } = this.#at;
    const where = endpoint(address, port, isLinkLocal(address) ? this.#at.interface : undefined);
    try {
      const options = this.#options();
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ ...options, backlog: BACKLOG }, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      throw listenError(where, port, error);
    }
    this.#port = (this.#server.address() as net.AddressInfo).port;
    this.#server.on('error', (error) =>
      this.#say(`accepting connections at ${where} fails: ${error.message}`),
    );
  }

  admit(guest: Guest): void {
    const complaint = protectionComplaint(guest);
    if (complaint !== undefined) throw new HostError('protection', complaint);
    if (prefixFamily(guest.from) !== this.#family)
      throw new HostError(
        'address',
        `${guest.from} cannot connect to ${this.address}: not the same IP version`,
      );
    const c = libc();
    if (
      'missing' in c &&
      (guest.password !== undefined || guest.gtsmHops !== undefined || guest.ttl !== undefined)
    )
      throw new HostError('protection', `the protection of ${guest.from} is not possible here: ${c.missing}`);
    const key = keyOf(guest.from, guest.interface);
    const before = this.#guests.get(key);
    // The kernel finds a key by its address alone.
    if (this.#namesakes(guest).some((other) => other.password !== guest.password))
      throw new HostError(
        'protection',
        `${guest.from} is a peer on several interfaces with different passwords; listen at each interface by itself`,
      );
    const fd = this.#fd();
    if (guest.password !== undefined && guest.password !== before?.password) {
      this.#setKey(fd, guest.from, guest.password);
      this.#early = waiting(c as Libc, fd);
    } else if (guest.password === undefined && before?.password !== undefined)
      this.#setKey(fd, guest.from, undefined);
    this.#guests.set(key, guest);
    try {
      this.#guestsChanged(fd);
    } catch (error) {
      this.dismiss(guest.from, guest.interface);
      throw error;
    }
  }

  dismiss(from: Prefix, interfaceName?: string): void {
    const key = keyOf(from, interfaceName);
    const guest = this.#guests.get(key);
    if (guest === undefined) return;
    this.#guests.delete(key);
    if (!this.#server.listening) return;
    const fd = this.#fd();
    if (guest.password !== undefined && this.#namesakes(guest).length === 0)
      this.#setKey(fd, from, undefined);
    this.#guestsChanged(fd);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }

  /** A descriptor of our own with all options where the C library is there, else what Node can do. */
  #options(): net.ListenOptions & { fd?: number } {
    const { address, port } = this.#at;
    if (isLinkLocal(address) && this.#at.interface === undefined)
      throw new HostError('interface', `${address} is link-local: say which interface it is on`);
    const c = libc();
    if ('missing' in c) {
      if (this.#at.freebind || (this.#at.interface !== undefined && !isLinkLocal(address)))
        throw new HostError('platform', `listening that way is not possible here: ${c.missing}`);
      const zone = isLinkLocal(address) ? `%${this.#at.interface}` : '';
      return { host: `${address}${zone}`, port, ipv6Only: true };
    }
    const fd = c.socket(this.#family, 'stream');
    try {
      this.#setUp(c, fd);
    } catch (error) {
      c.close(fd);
      throw error;
    }
    return { fd };
  }

  #setUp(c: Libc, fd: number): void {
    const { address, port, interface: name, freebind } = this.#at;
    c.setNumber(fd, LINUX.SOL_SOCKET, LINUX.SO_REUSEADDR, 1);
    if (this.#family === 6) {
      c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_V6ONLY, 1);
      c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_TCLASS, ROUTING_CLASS);
      if (freebind) c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_FREEBIND, 1);
    } else {
      c.setNumber(fd, LINUX.IPPROTO_IP, LINUX.IP_TOS, ROUTING_CLASS);
      if (freebind) c.setNumber(fd, LINUX.IPPROTO_IP, LINUX.IP_FREEBIND, 1);
    }
    if (name !== undefined) bindToInterface(c, fd, name);
    c.bind(fd, sockaddr(address, port, scopeOf(c, address, name)));
  }

  #fd(): number {
    return (this.#server.listening ? handleOf(this.#server)?.fd : undefined) ?? -1;
  }

  #setKey(fd: number, from: Prefix, password: string | undefined): void {
    const address = from.slice(0, from.indexOf('/')) as Address;
    setPassword(fd, address, password, prefixLength(from));
  }

  /**
   * The listening socket itself answers the handshake. It must send with TTL 255 as soon as one guest uses GTSM; and it can
   * demand a TTL only so far as every guest keeps it.
   */
  #guestsChanged(fd: number): void {
    this.#lengths = [...new Set([...this.#guests.values()].map((g) => prefixLength(g.from)))].sort(
      (a, b) => b - a,
    );
    const guests = [...this.#guests.values()];
    const c = libc();
    if ('missing' in c) return;
    if (guests.some((g) => g.gtsmHops !== undefined)) setSendTtl(c, fd, this.#family, 255);
    const least = guests.length === 0 ? 0 : Math.min(...guests.map(leastTtl));
    if (least !== this.#leastTtl) setLeastTtl(c, fd, this.#family, least);
    this.#leastTtl = least;
  }

  /** Guests with the same prefix on other interfaces. */
  #namesakes(guest: Guest): Guest[] {
    return [...this.#guests.values()].filter((g) => g.from === guest.from && g.interface !== guest.interface);
  }

  /** The guest of an address: its own entry, else that of the longest network it is in. */
  #guestOf(address: Address, zone: string | undefined): Guest | undefined {
    const bytes = addressBytes(address) as Uint8Array;
    for (const length of this.#lengths) {
      const prefix = formatPrefix(bytes, length);
      const guest = this.#guests.get(keyOf(prefix, zone)) ?? this.#guests.get(keyOf(prefix, undefined));
      if (guest !== undefined) return guest;
    }
    return undefined;
  }

  #onConnection(accepted: net.Socket): void {
    const early = this.#early > 0;
    if (early) this.#early--;
    const remote = endOf(accepted.remoteAddress);
    const guest = remote && this.#guestOf(remote.address, remote.zone);
    if (remote === undefined || guest === undefined) {
      accepted.resetAndDestroy();
      this.#strangers++;
      this.#say(
        `refused a connection from ${accepted.remoteAddress ?? 'somebody'}, which is no configured peer`,
      );
      return;
    }
    if (early && guest.password !== undefined) {
      accepted.resetAndDestroy();
      this.#turnedAway++;
      this.#say(`refused a connection from ${remote.address}: it came before its password was set`);
      return;
    }
    const key = `${remote.address}%${remote.zone ?? ''}`;
    const standing = this.#standing.get(key) ?? 0;
    if (standing >= CONNECTIONS_PER_REMOTE || this.#standingInAll >= CONNECTIONS_IN_ALL) {
      accepted.resetAndDestroy();
      this.#turnedAway++;
      this.#say(`refused a connection from ${remote.address}: ${standing} of its connections stand already`);
      return;
    }
    const connection = this.#adopt(accepted, guest);
    if (connection === undefined) return;
    this.#standing.set(key, standing + 1);
    this.#standingInAll++;
    connection.socket.once('close', () => {
      this.#standingInAll--;
      const left = (this.#standing.get(key) as number) - 1;
      if (left > 0) this.#standing.set(key, left);
      else this.#standing.delete(key);
    });
    const handlers = connection.stand() ? this.#handlers.accepted(connection, guest) : undefined;
    if (handlers === undefined) connection.abort();
    else connection.open(handlers);
  }

  /**
   * Moves an accepted handle into a socket of our own, with its guest's TTLs. Between the handshake and this moment the
   * kernel takes segments of any TTL, unless all guests use GTSM; what gets in then still had to complete a handshake.
   */
  #adopt(accepted: net.Socket, guest: Guest): TcpConnection | undefined {
    const handle = handleOf(accepted);
    try {
      if (handle === undefined)
        throw new HostError('platform', 'this Node keeps the handles of sockets elsewhere');
      setTtls(handle.fd ?? -1, this.#family, guest);
    } catch (error) {
      accepted.resetAndDestroy();
      this.#turnedAway++;
      this.#say(`refused a connection from ${accepted.remoteAddress}: ${(error as Error).message}`);
      return undefined;
    }
    (accepted as unknown as { _handle: unknown })._handle = null;
    accepted.destroy();
    return new TcpConnection({ handle });
  }

  /** At most one sentence in a while, with the number of those that were not said. */
  #say(sentence: string): void {
    const now = performance.now();
    if (now < this.#silentUntil) {
      this.#unspoken++;
      return;
    }
    const more =
      this.#unspoken === 0 ? '' : ` (and ${this.#unspoken} more refusals since the last such line)`;
    this.#silentUntil = now + LOG_EVERY_MS;
    this.#unspoken = 0;
    this.#handlers.refused?.(sentence + more);
  }
}

/** How many connections the kernel has completed that we have not accepted: `tcpi_unacked` of a socket that listens. */
function waiting(c: Libc, fd: number): number {
  return intOf(c.getBytes(fd, LINUX.IPPROTO_TCP, LINUX.TCP_INFO, 28).subarray(24));
}

function keyOf(from: Prefix, interfaceName: string | undefined): string {
  return interfaceName === undefined ? from : `${from}%${interfaceName}`;
}

/** The guest that is exactly one address. */
export function guestAt(address: Address, protection: Protection = {}, interfaceName?: string): Guest {
  return {
    from: hostPrefix(address),
    ...protection,
    ...(interfaceName === undefined ? {} : { interface: interfaceName }),
  };
}
