/** Answers of the predictor as pictures. */
import { createRequire } from 'node:module';
import {
  attackPicture,
  failuresPicture,
  hijackPicture,
  type Land,
  movesPicture,
  reliabilityPicture,
  searchPicture,
  sharesPicture,
  tripLine,
  tripsPicture,
  versusPicture,
  type WorldClient,
  worldPicture,
} from '../picture/index.ts';
import {
  type Explanation,
  eachPart,
  type Failure,
  type Found,
  type Prediction,
  type Response,
  type Score,
  type Summary,
  tripBins,
  type Under,
  type UnderAttack,
} from '../predict/index.ts';
import type { Draw } from './picture-file.ts';

/** The land of Natural Earth; read when a map is drawn. */
function land(): Land {
  return createRequire(import.meta.url)('world-atlas/land-110m.json') as Land;
}

/** What each site can take as part of all clients' traffic, when the plan says; and what that means. */
export interface Marks {
  readonly parts: ReadonlyMap<string, number>;
  readonly means: string;
}

export function sharesDraw(summary: Summary, marks: Marks | undefined, title?: string): Draw {
  const total = summary.all.weight + summary.unreached;
  return (size, theme) =>
    sharesPicture(
      {
        ...(title !== undefined && { title }),
        sites: summary.sites.map((s, index) => {
          const mark = marks?.parts.get(s.site);
          return {
            site: s.site,
            index,
            share: s.share,
            certain: s.certain,
            ...(mark !== undefined && { mark }),
          };
        }),
        ...(marks && { mark: marks.means }),
        unreached: total > 0 ? summary.unreached / total : 0,
      },
      size,
      theme,
    );
}

export function tripsDraw(prediction: Prediction): Draw {
  return (size, theme) => {
    const bins = tripBins(prediction);
    const lines = [
      tripLine('all sites', bins[prediction.sites.length] as Float64Array),
      ...prediction.sites.map((site, k) => tripLine(site, bins[k] as Float64Array, k)),
    ].filter((l) => l !== undefined);
    return tripsPicture({ lines }, { ...size, height: size.width * 0.55 }, theme);
  };
}

/** Every client network of a prediction where its cities are. */
export function* clientsOf(prediction: Prediction): Generator<WorldClient> {
  const { ground } = prediction;
  for (const [node, weight] of ground.nodeWeight.entries()) {
    const at = ground.terrain.at[ground.terrain.nodePlace[node] as number];
    if (!at || weight === 0) continue;
    const whole = new Map<number, number>();
    eachPart(prediction, node, (k, part) => whole.set(k, (whole.get(k) ?? 0) + part));
    yield { at, weight, parts: [...whole] };
  }
}

export function mapDraw(
  prediction: Prediction,
  more: {
    readonly title?: string;
    readonly note?: string;
    readonly clients?: () => Iterable<WorldClient>;
    readonly explanation?: Explanation | undefined;
  } = {},
): Draw {
  return (size, theme) => {
    const sites = prediction.sites.map((name, k) => ({ name, at: prediction.places[k] }));
    const { explanation } = more;
    const points = explanation
      ? [...explanation.hops.map((h) => h.place), explanation.announcement.place].filter(
          (p) => p !== undefined,
        )
      : [];
    return worldPicture(
      {
        ...(more.title !== undefined && { title: more.title }),
        ...(more.note !== undefined && { note: more.note }),
        land: land(),
        sites,
        clients: more.clients?.() ?? clientsOf(prediction),
        ...(explanation &&
          points.length > 1 && {
            ways: [
              {
                points,
                site: prediction.sites.indexOf(explanation.site),
                tip: `AS${explanation.asn} to ${explanation.site}`,
              },
            ],
          }),
      },
      size,
      theme,
    );
  };
}

export function failuresDraw(
  prediction: Prediction,
  base: Failure,
  failures: readonly Failure[],
  marks: Marks | undefined,
): Draw {
  const total = base.weights.reduce((a, b) => a + b, 0) + base.unreached || 1;
  const parts = (f: Failure) => Array.from(f.weights, (w) => w / total);
  return (size, theme) =>
    failuresPicture(
      {
        sites: prediction.sites,
        before: parts(base),
        rows: failures.map((f) => ({ without: f.without, after: parts(f), unreached: f.unreached / total })),
        ...(marks && {
          capacity: prediction.sites.map((s) => marks.parts.get(s)),
          capacityMeans: marks.means,
        }),
      },
      size,
      theme,
    );
}

export function movesDraw(
  sites: readonly string[],
  flows: readonly { readonly from: string; readonly to: string; readonly part: number }[],
): Draw {
  return (size, theme) => movesPicture({ sites, flows }, size, theme);
}

export function attackDraw(now: UnderAttack, size: number, responses: readonly Response[]): Draw {
  return (frame, theme) =>
    attackPicture(
      {
        size,
        sites: now.sites.map(({ site, load, capacity }) => ({ site, load, capacity })),
        served: now.served,
        responses: responses.map((r) => ({ name: `${r.do} ${r.site}`, served: r.outcome.served })),
      },
      frame,
      theme,
    );
}

export function hijackDraw(
  attacker: number,
  sites: readonly { readonly site: string; readonly part: number }[],
  defences: readonly { readonly name: string; readonly lost: number }[],
): Draw {
  return (size, theme) =>
    hijackPicture({ title: `AS${attacker} announces our prefix`, sites, defences }, size, theme);
}

export function reliabilityDraw(rule: string, score: Score): Draw {
  const rate = (part: number) => `${(100 * part).toFixed(1)} %`;
  return (size, theme) =>
    reliabilityPicture(
      {
        subtitle: `'${rule}' of ${score.count} clients: ${rate(score.exact.rate)} exact, ${rate(score.near.rate)} within 500 km, Brier ${score.brier.toFixed(3)}`,
        bins: score.reliability.map((b) => ({
          said: b.said,
          right: b.right.rate,
          low: b.right.low,
          high: b.right.high,
          count: b.count,
        })),
      },
      size,
      theme,
    );
}

export function versusDraw(
  found: readonly (Under & { readonly failover: { readonly words: string } })[],
  note: string,
): Draw {
  return (size, theme) =>
    versusPicture(
      {
        ways: found.map((u) => ({
          name: u.name,
          rtt: u.rtt,
          unreached: u.unreached,
          failover: u.failover.words,
        })),
        note,
      },
      size,
      theme,
    );
}

export function searchDraw(found: Found, goal: string): Draw {
  return (size, theme) => searchPicture({ goal, tries: found.trace }, size, theme);
}
