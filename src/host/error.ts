/** What the machine refuses, in sentences an operator can act on. */
import type { Address } from '../base/index.ts';

/**
 * - `protection`: a protection that was asked for cannot be set, so nothing was started
 * - `platform`: this machine or this Node cannot do it at all
 * - `permission`, `in-use`, `address`, `interface`: the system's refusal
 * - `unreachable`: nobody answers
 * - `other`: anything else the system said
 */
export type HostErrorKind =
  | 'protection'
  | 'platform'
  | 'permission'
  | 'in-use'
  | 'address'
  | 'interface'
  | 'unreachable'
  | 'other';

/** The message is one whole sentence without a full stop, in the operator's words. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly kind: HostErrorKind;

  constructor(kind: HostErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** `192.0.2.1 port 179`, `2001:db8::1 port 179`, `fe80::1%eth0 port 179`. */
export function endpoint(address: Address, port: number, zone?: string): string {
  return `${address}${zone === undefined ? '' : `%${zone}`} port ${port}`;
}

/** errno's name in whatever was thrown; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Why we cannot listen at `where`, and what to do. */
export function listenError(where: string, port: number, error: unknown): HostError {
  if (error instanceof HostError) return error;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new HostError(
        'in-use',
        `cannot listen at ${where}: another program listens there (\`ss -lnp sport = :${port}\` names it); stop it, or choose another address or port`,
        error,
      );
    case 'EACCES':
    case 'EPERM':
      return new HostError(
        'permission',
        port < 1024
          ? `cannot listen at ${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE (\`setcap cap_net_bind_service=+ep\` on the node binary, or \`AmbientCapabilities=\` in the unit); or choose a port from 1024`
          : `cannot listen at ${where}: the system does not permit it`,
        error,
      );
    case 'EADDRNOTAVAIL':
      return new HostError('address', `cannot listen at ${where}: no interface here has that address`, error);
    case 'EAFNOSUPPORT':
      return new HostError('platform', `cannot listen at ${where}: this machine has no IPv6`, error);
    default:
      return new HostError('other', `cannot listen at ${where}: ${wordOf(error)}`, error);
  }
}

/** Why a connection to `where` was not made. */
export function dialError(where: string, from: string | undefined, error: unknown): HostError {
  if (error instanceof HostError) return error;
  const by = from === undefined ? '' : ` from ${from}`;
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return new HostError('unreachable', `${where} refuses connections: nothing listens there`, error);
    case 'ETIMEDOUT':
      return new HostError('unreachable', `${where} does not answer`, error);
    case 'EHOSTUNREACH':
      return new HostError(
        'unreachable',
        `${where} cannot be reached: the host does not answer on its link`,
        error,
      );
    case 'ENETUNREACH':
      return new HostError('unreachable', `${where} cannot be reached: there is no route to it`, error);
    case 'ECONNRESET':
      return new HostError('unreachable', `${where} reset the connection while it was being made`, error);
    case 'EADDRNOTAVAIL':
      return new HostError(
        'address',
        from === undefined
          ? `no local address or port is free for a connection to ${where}`
          : `cannot connect to ${where} from ${from}: no interface here has that address`,
        error,
      );
    case 'EADDRINUSE':
      return new HostError(
        'in-use',
        `cannot connect to ${where}${by}: the local address and port are taken`,
        error,
      );
    case 'EACCES':
    case 'EPERM':
      return new HostError('permission', `cannot connect to ${where}: the system does not permit it`, error);
    case 'EINVAL':
      return new HostError(
        'address',
        `cannot connect to ${where}${by}: the addresses do not fit together`,
        error,
      );
    default:
      return new HostError('other', `cannot connect to ${where}: ${wordOf(error)}`, error);
  }
}

/** Why a standing connection ended, in the words of a log line. */
export function lossReason(error: unknown): string {
  switch (codeOf(error)) {
    case 'ECONNRESET':
      return 'the peer reset the connection';
    case 'EPIPE':
      return 'the peer closed the connection while we were sending';
    case 'ETIMEDOUT':
      return 'the peer no longer acknowledges what we send';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'the peer can no longer be reached';
    default:
      return `the system ended the connection (${wordOf(error)})`;
  }
}

function wordOf(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error));
}
