/** Sessions that clients still have with this site: established TCP connections to addresses of the plan, as the kernel lists them. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { type Address, addressBytes, parseAddress, toHex } from '../base/index.ts';
import type { ProbeKind } from '../plan/index.ts';
import type { Duties } from '../site/index.ts';

const TABLES = { 4: '/proc/net/tcp', 6: '/proc/net/tcp6' } as const;
/** Larger tables are not read while a site drains: 200 000 connections. */
const SIZE_LIMIT = 32 * 1024 * 1024;
const ESTABLISHED = '01';

/** Kinds of probes whose services speak TCP, so that their sessions can be counted. */
const WITH: readonly ProbeKind[] = ['http', 'https', 'tcp', 'tls'];
/** And those whose services do not. */
const WITHOUT: readonly ProbeKind[] = ['dns', 'udp', 'ntp'];

/**
 * The addresses whose sessions say whether the site is empty. None when a service here answers without connections, whose
 * clients nobody can count this way, or has its addresses on another machine.
 */
export function countable(duties: Duties): readonly Address[] {
  const services = duties.services.map((name) => duties.plan.services[name]!);
  const addresses = services.flatMap((s) => s.address);
  const connects = services.every((s) => {
    const kinds = Object.values(s.probes).map((p) => p.kind);
    return kinds.some((k) => WITH.includes(k)) && !kinds.some((k) => WITHOUT.includes(k));
  });
  return connects && addresses.every(isOurs) ? addresses : [];
}

function isOurs(address: Address): boolean {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.some((i) => parseAddress(i.address) === address);
}

/** How many connections are established to these addresses; undefined where the system does not say. */
export async function sessions(addresses: readonly Address[]): Promise<number | undefined> {
  const wanted = new Set(addresses.flatMap(kernelForms));
  let count = 0;
  for (const path of Object.values(TABLES)) {
    const table = await readFile(path, 'latin1').catch(() => undefined);
    if (table === undefined || table.length > SIZE_LIMIT) return undefined;
    count += established(table, wanted);
  }
  return count;
}

/** Lines such as `0: 507100CB:0050 0100007F:C350 01 …`: local address, remote address, state. */
export function established(table: string, wanted: ReadonlySet<string>): number {
  let count = 0;
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && wanted.has(local?.split(':')[0] ?? '')) count++;
  }
  return count;
}

/** An address as the kernel prints it: words of 32 bits in the machine's own order; an IPv4 one also as mapped into IPv6. */
export function kernelForms(address: Address): readonly string[] {
  const bytes = addressBytes(address) as Uint8Array;
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4)
    words.push(toHex(bytes.slice(at, at + 4).reverse()).toUpperCase());
  const own = words.join('');
  return bytes.length === 4 ? [own, `0000000000000000FFFF0000${own}`] : [own];
}
