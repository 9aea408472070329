/** What a TLS handshake shows: whether there is one, and whether the certificate is good and stays so long enough. */
import net from 'node:net';
import tls from 'node:tls';
import type { Attempt } from './attempt.ts';
import { connect } from './exchange.ts';
import type { Endpoint, ProbeSurroundings, TlsOptions, TlsProbe } from './spec.ts';

const DAY = 86_400_000;

export function askTls(a: Attempt, probe: TlsProbe, to: Endpoint, { ca }: ProbeSurroundings): void {
  connect(a, to, (raw) => {
    a.waiting = 'connected, but no TLS handshake';
    const socket = tls.connect({ socket: raw, ...handshakeOptions(probe, probe.name, to, ca) });
    a.atEnd(() => socket.destroy());
    socket.on('error', (error) => a.bad(tlsTrouble(error)));
    socket.once('secureConnect', () => {
      const { fault, note } = judgeCertificate(socket, probe);
      if (fault) a.bad(fault);
      else a.good(`${socket.getProtocol() ?? 'TLS'}${note}`);
    });
  });
}

/** How a handshake is asked for, so that its certificate is checked and we, not Node, say what follows from it. */
export function handshakeOptions(
  options: TlsOptions,
  name: string | undefined,
  to: Endpoint,
  ca: string | undefined,
): tls.ConnectionOptions {
  const asked = options.name ?? name;
  return {
    host: to.address,
    ...(asked === undefined || net.isIP(asked) !== 0 ? {} : { servername: asked }),
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca }),
  };
}

const FAULTS: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself and nobody here trusts it',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is issued by an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is issued by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate cannot be verified: the server does not send the certificates between it and the authority',
  CERT_REVOKED: 'the certificate was revoked',
};

/** What is wrong with the certificate of a finished handshake, and what is worth knowing of a good one. */
export function judgeCertificate(
  socket: tls.TLSSocket,
  options: TlsOptions,
): { readonly fault?: string; readonly note: string } {
  const certificate = socket.getPeerCertificate();
  const until = Date.parse(certificate.valid_to ?? '');
  if (!Number.isFinite(until)) return { fault: 'the server shows no certificate', note: '' };
  const days = Math.floor((until - Date.now()) / DAY);
  const ends = new Date(until).toISOString().slice(0, 10);
  if (options.verify && !socket.authorized) {
    const error = socket.authorizationError as unknown as string | Error;
    const code = error instanceof Error ? error.message : error;
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
      return { fault: `the certificate is for other names (${names(certificate)})`, note: '' };
    if (code === 'CERT_HAS_EXPIRED') return { fault: `the certificate expired on ${ends}`, note: '' };
    return { fault: FAULTS[code] ?? `the certificate is not good: ${code}`, note: '' };
  }
  if (options.certificateDays > 0 && days < options.certificateDays)
    return {
      fault:
        days < 0
          ? `the certificate expired on ${ends}`
          : `the certificate ends on ${ends}, in ${days} days; at least ${options.certificateDays} are asked for`,
      note: '',
    };
  return {
    note:
      days < 0
        ? `, the certificate expired on ${ends}`
        : `, the certificate ends on ${ends}, in ${days} days`,
  };
}

function names(certificate: tls.PeerCertificate): string {
  const all = certificate.subjectaltname ?? `CN ${certificate.subject?.CN ?? 'unknown'}`;
  return all.length > 120 ? `${all.slice(0, 117)}...` : all;
}

/** A failed handshake in a sentence. */
export function tlsTrouble(error: Error): string {
  const { code, reason } = error as Error & { readonly code?: string; readonly reason?: string };
  if (code === 'ECONNRESET') return 'reset the connection during the TLS handshake';
  if (code?.startsWith('ERR_SSL') || code === 'EPROTO')
    return `the TLS handshake failed: ${reason ?? /SSL routines:[^:]*:([^:]+)/.exec(error.message)?.[1] ?? code}`;
  return `the TLS handshake failed: ${code ?? error.message}`;
}
