/** Whether the service's addresses are on this host: without them, a healthy daemon answers nobody. */
import os from 'node:os';
import { type Address, parseAddress } from '../../base/index.ts';
import type { Attempt, Over } from './attempt.ts';
import type { AddressProbe, ProbeSurroundings } from './spec.ts';

export function askAddress(a: Attempt, probe: AddressProbe, { addresses }: ProbeSurroundings): Over {
  const where = whereIs(os.networkInterfaces());
  const wanted = probe.interface;
  const on = (address: Address) =>
    (where.get(address) ?? []).filter(
      (i) => wanted === undefined || i === wanted || i.startsWith(`${wanted}:`),
    );
  const missing = addresses.filter((address) => on(address).length === 0);
  if (addresses.length === 0) return a.bad('the service has no address to look for');
  if (missing.length === 0)
    return a.good(addresses.map((address) => `${address} is on ${on(address).join(' and ')}`).join(', '));
  const place = wanted === undefined ? 'no interface that is up' : `not on ${wanted}`;
  const told = missing.map((address) => {
    const elsewhere = where.get(address);
    const is = wanted === undefined ? `is on ${place}` : `is ${place}`;
    return `${address} ${is}${elsewhere ? `, but on ${elsewhere.join(' and ')}` : ''}`;
  });
  a.dead(told.join(', '));
}

function whereIs(interfaces: ReturnType<typeof os.networkInterfaces>): Map<Address, string[]> {
  const where = new Map<Address, string[]>();
  for (const [name, entries] of Object.entries(interfaces))
    for (const entry of entries ?? []) {
      const address = parseAddress(entry.address);
      if (address === undefined) continue;
      const names = where.get(address);
      if (names) names.push(name);
      else where.set(address, [name]);
    }
  return where;
}
