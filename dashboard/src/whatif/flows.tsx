/** Who would go from where to where. */
import { shareText } from '../data/format.ts';
import { SiteName } from '../ui/state.tsx';
import type { Summed } from './what-if.ts';

const MOST = 8;

export interface Flow {
  /** Undefined: nowhere. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly share: number;
}

/** The biggest first; below a thousandth of all people nothing is said. */
export function flowsIn({ flows, sites }: Pick<Summed, 'flows' | 'sites'>): readonly Flow[] {
  const width = sites.length + 1;
  return [...flows.keys()]
    .map((i) => ({ from: sites[Math.floor(i / width)], to: sites[i % width], share: flows[i] as number }))
    .filter((f) => f.share >= 0.001)
    .sort((a, b) => b.share - a.share);
}

export function Flows({ sums }: { readonly sums: Summed }) {
  const all = flowsIn(sums);
  if (all.length === 0) return null;
  return (
    <ul class="flows small">
      {all.slice(0, MOST).map((f) => (
        <li key={`${f.from} ${f.to}`}>
          <SiteName site={f.from} /> → <SiteName site={f.to} /> <span>{shareText(f.share)}</span>
        </li>
      ))}
      {all.length > MOST && <li class="dim">and {all.length - MOST} smaller ones</li>}
    </ul>
  );
}
