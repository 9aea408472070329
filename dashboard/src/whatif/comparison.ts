/** What was predicted for the vantages beside where they land. Pure. */
import type { Snapshot } from '../../../src/control/index.ts';

export interface Comparison {
  /** Parts of the people at vantages, by site; undefined: nowhere. Sites where nobody is are left out. */
  readonly rows: readonly {
    readonly site: string | undefined;
    readonly predicted: number;
    readonly observed: number;
  }[];
  /** Vantages that land at a site that was thought possible for them, of how many. */
  readonly agree: number;
  readonly of: number;
}

export function comparison(
  { vantages }: Pick<Snapshot, 'vantages'>,
  sites: readonly string[],
  predicted: ReadonlyMap<string, Float32Array>,
): Comparison {
  const was = new Float64Array(sites.length + 1);
  const is = new Float64Array(sites.length + 1);
  let [agree, of, people] = [0, 0, 0];
  for (const [address, parts] of predicted) {
    const vantage = vantages[address];
    if (!vantage) continue;
    of++;
    people += vantage.users;
    const k = vantage.landing.site === undefined ? -1 : sites.indexOf(vantage.landing.site);
    let sum = 0;
    for (const [i, part] of parts.entries()) {
      was[i]! += part * vantage.users;
      sum += part;
    }
    was[sites.length]! += Math.max(0, 1 - sum) * vantage.users;
    is[k < 0 ? sites.length : k]! += vantage.users;
    if (k < 0 ? sum < 1e-6 : (parts[k] ?? 0) > 1e-6) agree++;
  }
  const all = Math.max(1, people);
  return {
    rows: [...sites, undefined]
      .map((site, i) => ({ site, predicted: was[i]! / all, observed: is[i]! / all }))
      .filter((r) => r.predicted > 1e-6 || r.observed > 0),
    agree,
    of,
  };
}
