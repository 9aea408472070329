/** Who may ask: this machine's own pages and tools, never a page from elsewhere that a browser here happens to show. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What speaks against a request, as a sentence; undefined when nothing does. */
export function intruder(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  // A name that leads here although it is somebody else's (DNS rebinding) is still their name.
  if (host === undefined || !isLoopback(host))
    return `this answers to localhost and 127.0.0.1 only, and was asked for ${quote(host)}`;
  if (origin !== undefined && origin !== `http://${host}`)
    return `a page of ${quote(origin)} may not ask here`;
  if (headers['sec-fetch-site'] === 'cross-site') return 'a page from elsewhere may not ask here';
  return undefined;
}

/** Compares in constant time. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}

function quote(text: string | undefined): string {
  return text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 80));
}

/** On every answer. Scripts, styles and data come from here alone; a map draws in workers that it makes itself. */
export const HEADERS: { readonly [name: string]: string } = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};
