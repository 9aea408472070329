/** Secrets of a plan, read from the environment or from files when they are needed, and kept apart from everything that is shown. */
import { readFileSync, statSync } from 'node:fs';
import type { Path, Plan, Secret } from '../plan/index.ts';
import type { Passwords } from './upstreams.ts';

export type Environment = { readonly [name: string]: string | undefined };

/** A secret that cannot be had: where in the plan it is asked for, and why. No part of it is in either. */
export interface Missing {
  readonly path: Path;
  readonly why: string;
}

/** Larger files hold no password. */
const SIZE_LIMIT = 4096;

export function readSecret(
  secret: Secret,
  env: Environment,
): { readonly text: string } | { readonly why: string } {
  if (secret.from === 'env') {
    const text = env[secret.name];
    return text === undefined || text === '' ? { why: `no ${secret.name} in the environment` } : { text };
  }
  try {
    if (statSync(secret.path).size > SIZE_LIMIT) return { why: `${secret.path} is too large for a secret` };
    const text = readFileSync(secret.path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { why: `${secret.path} is empty` } : { text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const word = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'no permission' : code;
    return { why: `${secret.path}: ${word}` };
  }
}

/** The TCP MD5 passwords of a site's upstreams, by upstream (RFC 2385). */
export function readPasswords(
  plan: Plan,
  site: string,
  env: Environment,
): { readonly passwords: Passwords } | { readonly missing: readonly Missing[] } {
  const passwords = new Map<string, string>();
  const missing: Missing[] = [];
  for (const [name, { password }] of Object.entries(plan.sites[site]?.upstreams ?? {})) {
    if (!password) continue;
    const path = ['sites', site, 'upstreams', name, 'password'];
    const read = readSecret(password, env);
    if ('why' in read) missing.push({ path, why: read.why });
    else if (Buffer.byteLength(read.text) > 80)
      missing.push({ path, why: 'a TCP MD5 password has at most 80 bytes (RFC 2385)' });
    else passwords.set(name, read.text);
  }
  return missing.length > 0 ? { missing } : { passwords };
}
