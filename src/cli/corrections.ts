/** Corrections kept beside a plan: who was seen to land where, of which data and when, used by later predictions. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { type Prefix, parsePrefix } from '../base/index.ts';
import {
  eachExpected,
  expectedAt,
  learn,
  MOST_OBSERVATIONS,
  type Nodes,
  type Observation,
  type Part,
  pointOf,
  summariseExpected,
} from '../predict/index.ts';
import { unmarked } from '../topology/index.ts';
import { Failure } from './failure.ts';
import type { Corrected } from './predict-answers.ts';
import { mapDraw } from './predict-pictures.ts';
import type { Stage } from './predict-stage.ts';
import { printable } from './table.ts';

export interface CorrectionOptions {
  /** False with --no-corrections. */
  readonly corrections?: boolean;
}

/** The largest file that is read. */
const MOST_BYTES = 64 * 1024 * 1024;
/** The most sources that are remembered; the oldest go first, and what was learnt from them stays. */
const MOST_SOURCES = 100;

/** The longest name of a client or a site that is kept. */
const LONGEST_NAME = 200;

const NAME = z.string().min(1).max(LONGEST_NAME);
const PREFIX = z.custom<Prefix>((text) => typeof text === 'string' && parsePrefix(text) === text, 'a prefix');
const FILE = z.object({
  schema: z.literal('nearcast.corrections/2'),
  network: z.string(),
  catchments: z
    .array(
      z.object({
        prefix: z.string(),
        learnt: z
          .array(
            z.object({ file: z.string(), sha256: z.string(), clients: z.number().int(), saved: z.string() }),
          )
          .max(MOST_SOURCES),
        /** Client, AS number, country, latitude, longitude, prefix, site. */
        observations: z
          .array(
            z.tuple([
              NAME,
              z.number().int().min(0).max(0xffff_ffff).nullable(),
              z.string().regex(/^([A-Z]{2})?$/, 'a country in two capital letters, or nothing'),
              z.number().min(-90).max(90).nullable(),
              z.number().min(-180).max(180).nullable(),
              PREFIX.nullable(),
              NAME,
            ]),
          )
          .max(MOST_OBSERVATIONS),
      }),
    )
    .max(1000),
});

type Kept = z.infer<typeof FILE>;
type Catchment = Kept['catchments'][number];

/** `network.yaml` keeps its corrections in `network.corrections.json`. */
function correctionsFile(plan: string): string {
  return `${plan.replace(/\.ya?ml$/, '')}.corrections.json`;
}

function readKept(file: string): Kept | undefined {
  if (!existsSync(file)) return undefined;
  const refuse = (why: string) =>
    new Failure(`${file} cannot be used: ${why}; mend or remove it, or say --no-corrections`);
  if (statSync(file).size > MOST_BYTES) throw refuse(`it has more than ${MOST_BYTES} bytes`);
  let raw: unknown;
  try {
    raw = JSON.parse(unmarked(readFileSync(file, 'utf8')));
  } catch (error) {
    throw refuse(printable((error as Error).message));
  }
  const { schema } = (raw ?? {}) as { schema?: unknown };
  if (schema !== 'nearcast.corrections/2')
    throw refuse(
      `its schema is ${JSON.stringify(schema) ?? 'missing'}, this program reads nearcast.corrections/2`,
    );
  const parsed = FILE.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  return parsed.data;
}

/** What was seen of a prefix's clients before; nothing when nothing is kept. */
export function observationsKept(plan: string, prefix: Prefix): readonly Observation[] {
  const kept = readKept(correctionsFile(plan))?.catchments.find((c) => c.prefix === prefix);
  return (kept?.observations ?? []).map(fromRow);
}

/** Adds what a file of observations says to what is kept. A client seen again counts once, as it was seen last. Returns a sentence. */
export function saveCorrections(
  plan: string,
  network: string,
  prefix: Prefix,
  source: { readonly file: string; readonly bytes: Uint8Array },
  seen: readonly Observation[],
  now: Date = new Date(),
): string {
  const file = correctionsFile(plan);
  const kept = readKept(file) ?? { schema: 'nearcast.corrections/2' as const, network, catchments: [] };
  const before = kept.catchments.find((c) => c.prefix === prefix);
  const byClient = new Map((before?.observations ?? []).map((row) => [row[0], row]));
  // What a server calls itself may be anything; what could not be read again is not written.
  const named = seen.filter(({ id, site }) => isName(id) && isName(site));
  for (const o of named) {
    byClient.delete(o.id);
    byClient.set(o.id, [
      o.id,
      o.asn ?? null,
      o.cc,
      o.at?.lat ?? null,
      o.at?.lon ?? null,
      o.prefix ?? null,
      o.site,
    ]);
  }
  const observations = [...byClient.values()].slice(-MOST_OBSERVATIONS);
  const sha256 = createHash('sha256').update(source.bytes).digest('hex');
  const learnt = [
    ...(before?.learnt ?? []).filter((l) => l.sha256 !== sha256),
    { file: basename(source.file), sha256, clients: named.length, saved: now.toISOString() },
  ].slice(-MOST_SOURCES);
  const catchments = [
    ...kept.catchments.filter((c) => c.prefix !== prefix),
    { prefix, learnt, observations },
  ];
  const text = `${JSON.stringify({ ...kept, network, catchments })}\n`;
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new Failure(`${file} would have more than ${MOST_BYTES} bytes: nothing was saved`);
  try {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new Failure(`cannot write ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  const left = seen.length - named.length;
  return `saved: ${file} now knows ${observations.length} clients of ${prefix}; later predictions of this plan use them${left > 0 ? `; ${left} were left out, whose site has no name or one of more than ${LONGEST_NAME} letters` : ''}`;
}

const isName = (text: string) => text.length > 0 && text.length <= LONGEST_NAME;

/** The prediction of a plan with what is kept beside it; undefined when nothing is, or it is not wanted. */
export function correctionsFor(plan: string, s: Stage, options: CorrectionOptions): Corrected | undefined {
  if (options.corrections === false) return undefined;
  const file = correctionsFile(plan);
  const kept = readKept(file)?.catchments.find((c) => c.prefix === s.prefix);
  if (!kept || kept.observations.length === 0) return undefined;
  const here = kept.observations.map(fromRow).filter((o) => s.prediction.sites.includes(o.site));
  if (here.length === 0) return undefined;
  const learned = learn(s.prediction, here);
  function* clients() {
    const found: { at: { lat: number; lon: number }; weight: number; parts: [number, number][] }[] = [];
    eachExpected(learned, (node, weight, parts) => {
      const at = pointOf(s.ground, node);
      if (at)
        found.push({
          at,
          weight,
          parts: [...(parts ?? [])].flatMap((p, k) => (p > 0 ? [[k, p] as [number, number]] : [])),
        });
    });
    yield* found;
  }
  return {
    summary: summariseExpected(learned),
    said: `corrected by ${here.length} clients that were seen: ${sourcesText(kept)} (${file}); --no-corrections leaves them out`,
    map: mapDraw(s.prediction, { clients, title: 'Who lands where, corrected by what was seen' }),
  };
}

function sourcesText(kept: Catchment): string {
  const last = kept.learnt.slice(-3).map((l) => `${l.file}, ${l.saved.slice(0, 10)}`);
  const more = kept.learnt.length - last.length;
  return `${last.join('; ')}${more > 0 ? ` and ${more} before` : ''}`;
}

function fromRow([id, asn, cc, lat, lon, prefix, site]: Catchment['observations'][number]): Observation {
  const at = lat === null || lon === null ? undefined : { lat, lon };
  return { id, asn: asn ?? undefined, cc, at, prefix: prefix ?? undefined, site };
}

/** Where a group of networks is expected to land by what is kept beside the plan; undefined when nothing is. */
export function expectedParts(plan: string, s: Stage, nodes: Nodes): readonly Part[] | undefined {
  const seen = observationsKept(plan, s.prefix).filter((o) => s.prediction.sites.includes(o.site));
  if (seen.length === 0) return undefined;
  const learned = learn(s.prediction, seen);
  const whole = new Float64Array(s.prediction.sites.length);
  let sum = 0;
  for (const node of nodes) {
    const weight = (s.ground.nodeWeight[node] as number) || 1e-9;
    for (const [k, p] of expectedAt(learned, node)?.entries() ?? []) {
      whole[k]! += weight * p;
      sum += weight * p;
    }
  }
  return [...whole.entries()]
    .filter(([, w]) => w > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([k, w]) => ({ site: s.prediction.sites[k] as string, part: w / sum }));
}
