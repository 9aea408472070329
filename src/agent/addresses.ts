/** Service addresses on this machine's interfaces: put there when the plan asks, looked at again, and taken away if they were ours. */
import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { type Address, addressBytes, formatAddress, hostPrefix, parseAddress } from '../base/index.ts';
import { HostError } from '../host/index.ts';
import type { Duties } from '../site/index.ts';
import type { Added } from './state-file.ts';

/** How long one `ip` may take. */
const IP_LIMIT = 5000;

/** Every address that the site's services want on an interface. */
export function wanted(duties: Duties): readonly Added[] {
  return duties.services.flatMap((name) => {
    const { address, addTo } = duties.plan.services[name]!;
    return addTo === undefined ? [] : address.map((a) => ({ address: a, interface: addTo }));
  });
}

/** True when the address is on the interface now. */
function isHere({ address, interface: name }: Added): boolean {
  return (networkInterfaces()[name] ?? []).some((i) => same(i.address, address));
}

/** Puts an address on an interface and looks. False when it was there already. Throws a {@link HostError}. */
export async function addAddress(added: Added): Promise<boolean> {
  if (isHere(added)) return false;
  const { address, interface: name } = added;
  await ip(['addr', 'add', hostPrefix(address), 'dev', name, ...quick(address)], added, 'put on');
  if (!isHere(added)) throw new HostError('address', `${address} was put on ${name} and is not there`);
  return true;
}

/** Takes an address away; one that is not there is no trouble. Throws a {@link HostError}. */
export async function removeAddress(added: Added): Promise<void> {
  if (!isHere(added)) return;
  await ip(['addr', 'del', hostPrefix(added.address), 'dev', added.interface], added, 'taken from');
}

/** Duplicate address detection would keep an anycast address unusable for a second, or for ever: others have it as well. */
function quick(address: Address): readonly string[] {
  return address.includes(':') ? ['nodad'] : [];
}

async function ip(args: readonly string[], { address, interface: name }: Added, done: string): Promise<void> {
  try {
    await promisify(execFile)('ip', [...args], { timeout: IP_LIMIT });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const why =
      code === 'ENOENT'
        ? 'there is no `ip` command (package iproute2)'
        : (stderr?.trim().split('\n')[0] ?? '') || String((error as Error).message);
    const hint = /not permitted/i.test(why) ? '; it needs CAP_NET_ADMIN' : '';
    throw new HostError('address', `${address} cannot be ${done} ${name}: ${why}${hint}`, error);
  }
}

function same(a: string, b: Address): boolean {
  const plain = parseAddress(a);
  if (plain === undefined) return false;
  const [x, y] = [addressBytes(plain), addressBytes(b)];
  return x !== undefined && y !== undefined && formatAddress(x) === formatAddress(y);
}
