/** Client networks of the prediction as rows: the points of each network added up. Pure. */
import { NO_SITE, type Points } from '../whatif/protocol.ts';

export interface NetworkRow {
  readonly asn: number;
  /** Where most of its people would land; undefined: nowhere. */
  readonly site: string | undefined;
  /** All of them certainly there. */
  readonly sure: boolean;
  readonly weight: number;
}

interface Landed {
  readonly site: Uint8Array;
  readonly sure: Uint8Array;
  readonly sites: readonly string[];
}

/** The largest first. `query`: an AS number, the name of a site, `undecided` or `nowhere`; empty means all. */
export function networkRows(
  points: Pick<Points, 'count' | 'asn' | 'weight'>,
  landed: Landed,
  query: string,
): readonly NetworkRow[] {
  const found = new Map<number, { most: number; site: number; sure: boolean; weight: number }>();
  for (let i = 0; i < points.count; i++) {
    const asn = points.asn[i]!;
    const weight = points.weight[i]!;
    const [site, sure] = [landed.site[i]!, landed.sure[i] === 255];
    const row = found.get(asn);
    if (!row) found.set(asn, { most: weight, site, sure, weight });
    else {
      row.sure &&= sure && site === row.site;
      row.weight += weight;
      if (weight > row.most) [row.most, row.site] = [weight, site];
    }
  }
  const text = query.trim().toLowerCase();
  const asn = Number(/^(?:as)?\s?(\d{1,10})$/.exec(text)?.[1] ?? Number.NaN);
  return [...found]
    .map(([asn, { site, sure, weight }]) => ({
      asn,
      site: site === NO_SITE ? undefined : landed.sites[site],
      sure,
      weight,
    }))
    .filter(
      (row) =>
        text === '' ||
        row.asn === asn ||
        (row.site ?? 'nowhere') === text ||
        (text === 'undecided' && row.site !== undefined && !row.sure),
    )
    .sort((a, b) => b.weight - a.weight || a.asn - b.asn);
}
