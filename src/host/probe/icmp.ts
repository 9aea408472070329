/**
 * Echo request and reply (RFC 792, RFC 4443 §4). Through a ping socket where the system lets this group have one, otherwise
 * through a raw one, which needs CAP_NET_RAW.
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { familyOf } from '../../base/index.ts';
import { codeOf, HostError } from '../error.ts';
import { sockaddr } from '../options.ts';
import type { Attempt, Over } from './attempt.ts';
import type { Endpoint, IcmpProbe } from './spec.ts';
import { type ProbeCalls, probeCalls } from './system.ts';

const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
/** Type, code, checksum, identifier, sequence; then sixteen random bytes that show whose reply it is. */
const HEADER = 8;
const PAYLOAD = 16;
/** How often a raw socket is looked at while a reply is awaited. */
const LOOK_MS = 1;

export function askIcmp(a: Attempt, _probe: IcmpProbe, to: Endpoint): Over {
  const calls = probeCalls();
  if ('missing' in calls) return a.bad(`ICMP is not possible here: ${calls.missing}`);
  const family = familyOf(to.address);
  const request = echoRequest(family);
  const { fd, kind } = icmpSocket(calls, family);
  a.waiting = 'no echo reply';
  if (kind === 'ping') askByPing(a, calls, fd, family, to, request);
  else askByRaw(a, calls, fd, family, to, request);
}

/** The kernel fills in checksum and identifier, and gives us the replies to our own requests alone. */
function askByPing(
  a: Attempt,
  calls: ProbeCalls,
  fd: number,
  family: 4 | 6,
  to: Endpoint,
  request: Buffer,
): void {
  const socket = dgram.createSocket(family === 4 ? 'udp4' : 'udp6');
  let taken = false;
  a.atEnd(() => {
    socket.close();
    // Until the socket has taken it over, it is ours to close.
    if (!taken) calls.close(fd);
  });
  socket.on('error', (error) => a.failed(error));
  socket.on('message', (message) => hear(a, family, message, request));
  socket.bind({ fd }, () => {
    taken = true;
    // There are no ports; the number is for Node's own check.
    socket.send(request, 1, to.address, (error) => {
      if (error) a.failed(error);
    });
  });
}

/** Connected, so that the kernel keeps other hosts' packets from us. */
function askByRaw(
  a: Attempt,
  calls: ProbeCalls,
  fd: number,
  family: 4 | 6,
  to: Endpoint,
  request: Buffer,
): void {
  a.atEnd(() => calls.close(fd));
  calls.connect(fd, sockaddr(to.address, 0));
  calls.send(fd, request);
  const room = Buffer.alloc(2048);
  const look = setInterval(() => {
    try {
      for (let n = calls.receive(fd, room); n !== undefined && !a.over; n = calls.receive(fd, room)) {
        // IPv4 raw sockets show the IP header, IPv6 ones do not.
        const skip = family === 4 ? ((room[0] as number) & 15) * 4 : 0;
        hear(a, family, room.subarray(skip, n), request);
      }
    } catch (error) {
      a.failed(error);
    }
  }, LOOK_MS);
  a.atEnd(() => clearInterval(look));
}

function hear(a: Attempt, family: 4 | 6, message: Buffer, request: Buffer): void {
  if (message[0] !== ECHO[family].reply) return;
  if (message.subarray(HEADER).equals(request.subarray(HEADER))) a.good('answers echo requests');
}

function icmpSocket(
  calls: ProbeCalls,
  family: 4 | 6,
): { readonly fd: number; readonly kind: 'ping' | 'raw' } {
  for (const kind of ['ping', 'raw'] as const)
    try {
      return { fd: calls.icmpSocket(family, kind), kind };
    } catch (error) {
      if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error;
    }
  throw new HostError(
    'permission',
    'ICMP is not permitted: put this group into the range of `sysctl net.ipv4.ping_group_range`, or give CAP_NET_RAW',
  );
}

function echoRequest(family: 4 | 6): Buffer {
  const request = Buffer.concat([Buffer.alloc(HEADER), randomBytes(PAYLOAD)]);
  request[0] = ECHO[family].request;
  randomBytes(2).copy(request, 4);
  request.writeUInt16BE(1, 6);
  // For IPv6 the kernel does it, with addresses that are not known yet (RFC 3542 §3.1).
  if (family === 4) request.writeUInt16BE(checksum(request), 2);
  return request;
}

/** RFC 1071. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
