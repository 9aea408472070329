/**
 * What keeps strangers out of a TCP session, and how packets are to leave: set on a socket before it connects or listens,
 * and read back. A protection that cannot be set refuses the session; there is never one that is silently unprotected.
 */
import { type Address, familyOf, type IpFamily, isLinkLocal, toUtf8 } from '../base/index.ts';
import { codeOf, HostError } from './error.ts';
import { type Libc, needLibc } from './libc.ts';
import { LINUX, LONGEST_PASSWORD, md5Signature } from './options.ts';

export interface Protection {
  /** The shared secret of TCP MD5 (RFC 2385): 1 to 80 bytes of UTF-8. */
  readonly password?: string;
  /**
   * GTSM (RFC 5082): the peer is at most this many hops away, 1 being a neighbour on the link; we send with TTL 255 and
   * take nothing that arrives with a TTL below 256 − hops.
   */
  readonly gtsmHops?: number;
  /** The TTL or hop limit of what we send, without GTSM (1 keeps a session on its link). The system's default when absent. */
  readonly ttl?: number;
}

/** What is wrong with a protection before any socket is asked; undefined when nothing is. */
export function protectionComplaint(protection: Protection): string | undefined {
  const { password, gtsmHops, ttl } = protection;
  if (password !== undefined) {
    const length = toUtf8(password).length;
    if (length === 0) return 'an empty TCP MD5 password protects nothing';
    if (length > LONGEST_PASSWORD)
      return `a TCP MD5 password has at most ${LONGEST_PASSWORD} bytes, and this one has ${length}`;
  }
  if (gtsmHops !== undefined && !(Number.isInteger(gtsmHops) && gtsmHops >= 1 && gtsmHops <= 255))
    return `GTSM takes 1 to 255 hops, not ${gtsmHops}`;
  if (ttl !== undefined && !(Number.isInteger(ttl) && ttl >= 1 && ttl <= 255))
    return `a TTL is 1 to 255, not ${ttl}`;
  if (ttl !== undefined && gtsmHops !== undefined)
    return 'GTSM always sends with TTL 255; give its hops or a TTL, not both';
  return undefined;
}

/** The least TTL that GTSM takes; 0 takes all. */
export function leastTtl(protection: Protection): number {
  return protection.gtsmHops === undefined ? 0 : 256 - protection.gtsmHops;
}

/** Sets the TTLs of a socket and reads them back. Throws a {@link HostError} of kind `protection`. */
export function setTtls(fd: number, family: IpFamily, protection: Protection): void {
  if (protection.gtsmHops === undefined && protection.ttl === undefined) return;
  const c = needLibc('a TTL of its own for a session');
  if (protection.gtsmHops === undefined) {
    setSendTtl(c, fd, family, protection.ttl as number);
  } else {
    setSendTtl(c, fd, family, 255);
    setLeastTtl(c, fd, family, leastTtl(protection));
  }
}

/** Sets what TTL we send with, and reads it back. */
export function setSendTtl(c: Libc, fd: number, family: IpFamily, ttl: number): void {
  if (family === 4) setAndVerify(c, fd, LINUX.IPPROTO_IP, LINUX.IP_TTL, ttl, `TTL ${ttl}`);
  else setAndVerify(c, fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_UNICAST_HOPS, ttl, `hop limit ${ttl}`);
}

/** Sets the least TTL a TCP socket takes (0: all), and reads it back. */
export function setLeastTtl(c: Libc, fd: number, family: IpFamily, least: number): void {
  const what = `GTSM with a least TTL of ${least}`;
  if (family === 4) setAndVerify(c, fd, LINUX.IPPROTO_IP, LINUX.IP_MINTTL, least, what);
  else setAndVerify(c, fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_MINHOPCOUNT, least, what);
}

/**
 * Sets the TCP MD5 key for one peer, or for a network of peers when `prefixLength` is shorter than an address; an undefined
 * password removes the key. The kernel does not show keys, so its yes to the call is what we have to go by.
 */
export function setPassword(
  fd: number,
  peer: Address,
  password: string | undefined,
  prefixLength?: number,
): void {
  const c = needLibc('TCP MD5 (RFC 2385)');
  const whole = familyOf(peer) === 4 ? 32 : 128;
  const network = prefixLength === undefined || prefixLength === whole ? undefined : prefixLength;
  const key = password === undefined ? new Uint8Array() : toUtf8(password);
  const option = network === undefined ? LINUX.TCP_MD5SIG : LINUX.TCP_MD5SIG_EXT;
  try {
    c.setOption(fd, LINUX.IPPROTO_TCP, option, md5Signature(peer, key, network));
  } catch (error) {
    // No such key to remove: then it is removed.
    if (password === undefined && codeOf(error) === 'ENOENT') return;
    throw new HostError(
      'protection',
      codeOf(error) === 'ENOPROTOOPT'
        ? 'this kernel has no TCP MD5 (CONFIG_TCP_MD5SIG), so a session with a password cannot be started'
        : `the kernel does not take the TCP MD5 password for ${peer}: ${codeOf(error)}`,
      error,
    );
  }
}

/** Ties a socket to an interface: nothing enters or leaves through another. */
export function bindToInterface(c: Libc, fd: number, name: string): void {
  const bytes = new Uint8Array(name.length + 1);
  bytes.set(toUtf8(name).subarray(0, name.length));
  try {
    c.setOption(fd, LINUX.SOL_SOCKET, LINUX.SO_BINDTODEVICE, bytes);
  } catch (error) {
    throw new HostError(
      'interface',
      codeOf(error) === 'ENODEV'
        ? `there is no interface ${name} here`
        : `a socket cannot be tied to interface ${name}: ${codeOf(error)}`,
      error,
    );
  }
}

/** The interface index that belongs in a socket address: only link-local IPv6 has one, and it needs one. */
export function scopeOf(c: Libc, address: Address, interfaceName: string | undefined): number {
  if (!isLinkLocal(address)) return 0;
  if (interfaceName === undefined)
    throw new HostError('interface', `${address} is link-local: say which interface it is on`);
  const index = c.interfaceIndex(interfaceName);
  if (index === undefined) throw new HostError('interface', `there is no interface ${interfaceName} here`);
  return index;
}

function setAndVerify(c: Libc, fd: number, level: number, option: number, value: number, what: string): void {
  let found: number;
  try {
    c.setNumber(fd, level, option, value);
    found = c.getNumber(fd, level, option);
  } catch (error) {
    throw new HostError('protection', `the kernel does not set ${what}: ${codeOf(error)}`, error);
  }
  if (found !== value)
    throw new HostError('protection', `the kernel was asked for ${what} and has ${found} instead`);
}
