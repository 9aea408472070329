/** Outgoing TCP: a connection with its protections in place before the first packet leaves. */
import { type Address, familyOf, isLinkLocal } from '../base/index.ts';
import { type Connection, type ConnectionHandlers, TcpConnection } from './connection.ts';
import { dialError, endpoint, HostError } from './error.ts';
import { type Libc, libc } from './libc.ts';
import { LINUX, sockaddr } from './options.ts';
import {
  bindToInterface,
  type Protection,
  protectionComplaint,
  scopeOf,
  setPassword,
  setTtls,
} from './protection.ts';

export interface Target extends Protection {
  readonly address: Address;
  readonly port: number;
  /** Our end; the system chooses what is absent. */
  readonly localAddress?: Address;
  readonly localPort?: number;
  /** The connection leaves through this interface only. Link-local addresses need it. */
  readonly interface?: string;
  /** How long the connection may take to stand; {@link DIAL_LIMIT_MS} when absent. */
  readonly timeoutMs?: number;
}

export interface DialHandlers {
  /** The connection stands; the handlers that come back hear of it from now on. */
  up(connection: Connection): ConnectionHandlers;
  /** It does not, and why: one sentence. Called at most once, never before `dial` has returned, never after `up`. */
  failed(error: HostError): void;
}

/** How long a dial waits when the target names no time. */
export const DIAL_LIMIT_MS = 30_000;

/** DSCP CS6, internetwork control: the class routers keep for routing protocols (RFC 4594 §3.1). */
export const ROUTING_CLASS = 0xc0;

/**
 * Opens a connection; the function that comes back gives the attempt up (after which neither handler is called), and does
 * nothing once one of them was.
 */
export function dial(target: Target, handlers: DialHandlers): () => void {
  const where = endpoint(target.address, target.port, target.interface);
  let connection: TcpConnection;
  try {
    connection = prepare(target);
  } catch (error) {
    const failure = dialError(where, target.localAddress, error);
    let cancelled = false;
    process.nextTick(() => cancelled || handlers.failed(failure));
    return () => {
      cancelled = true;
    };
  }

  const { socket } = connection;
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (error: unknown): void => {
    if (!settle()) return;
    connection.abort();
    handlers.failed(dialError(where, target.localAddress, error));
  };
  const limit = target.timeoutMs ?? DIAL_LIMIT_MS;
  const timer = setTimeout(
    () => fail(new HostError('unreachable', `${where} does not answer within ${limit / 1000} s`)),
    limit,
  );
  socket.once('error', fail);
  socket.once('connect', () => {
    if (!connection.stand()) return fail({ code: 'ECONNRESET' });
    if (settle()) connection.open(handlers.up(connection));
  });
  const zone = isLinkLocal(target.address) ? `%${target.interface}` : '';
  socket.connect({ host: `${target.address}${zone}`, port: target.port, ...withoutLibc(target) });
  return () => {
    if (settle()) connection.abort();
  };
}

/** The socket with all its options, not connected yet. */
function prepare(target: Target): TcpConnection {
  const complaint = protectionComplaint(target);
  if (complaint !== undefined) throw new HostError('protection', complaint);
  if (isLinkLocal(target.address) && target.interface === undefined)
    throw new HostError('interface', `${target.address} is link-local: say which interface it is on`);
  if (target.localAddress !== undefined && familyOf(target.localAddress) !== familyOf(target.address))
    throw new HostError(
      'address',
      `${target.localAddress} and ${target.address} are of different IP versions`,
    );
  const c = libc();
  if ('missing' in c) {
    const wants = wish(target);
    if (wants !== undefined) throw new HostError('protection', `${wants} is not possible here: ${c.missing}`);
    return new TcpConnection({});
  }
  const fd = c.socket(familyOf(target.address), 'stream');
  try {
    setUp(c, fd, target);
    return new TcpConnection({ fd });
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/** All options of the descriptor, then its local address. */
function setUp(c: Libc, fd: number, target: Target): void {
  const family = familyOf(target.address);
  if (target.interface !== undefined) bindToInterface(c, fd, target.interface);
  if (target.password !== undefined) setPassword(fd, target.address, target.password);
  setTtls(fd, family, target);
  if (family === 4) c.setNumber(fd, LINUX.IPPROTO_IP, LINUX.IP_TOS, ROUTING_CLASS);
  else c.setNumber(fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_TCLASS, ROUTING_CLASS);
  if (target.localAddress === undefined && target.localPort === undefined) return;
  const any = (family === 4 ? '0.0.0.0' : '::') as Address;
  const local = target.localAddress ?? any;
  if (target.localPort !== undefined) c.setNumber(fd, LINUX.SOL_SOCKET, LINUX.SO_REUSEADDR, 1);
  // The port is chosen at connect, so that many connections from one address do not run out of ports.
  else c.setNumber(fd, LINUX.IPPROTO_IP, LINUX.IP_BIND_ADDRESS_NO_PORT, 1);
  c.bind(fd, sockaddr(local, target.localPort ?? 0, scopeOf(c, local, target.interface)));
}

/** What the target asks for that plain Node cannot do; undefined when it can do all. */
function wish(target: Target): string | undefined {
  if (target.password !== undefined) return 'a TCP MD5 password';
  if (target.gtsmHops !== undefined) return 'GTSM';
  if (target.ttl !== undefined) return 'a TTL of its own';
  if (target.interface !== undefined && !isLinkLocal(target.address))
    return 'tying a session to an interface';
  return undefined;
}

/** Without the C library Node binds the socket itself. */
function withoutLibc(target: Target): { localAddress?: string; localPort?: number } {
  if (!('missing' in libc())) return {};
  return {
    ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
    ...(target.localPort === undefined ? {} : { localPort: target.localPort }),
  };
}
