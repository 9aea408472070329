/** Corrections kept beside a plan: who was seen to land where, of which data and when, used by later predictions. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { type Prefix, parsePrefix } from '../base/index.ts';
import { MOST_OBSERVATIONS, type Observation } from '../predict/index.ts';
import { unmarked } from '../topology/index.ts';
import { Failure } from './failure.ts';
import { printable } from './table.ts';
import { writeWhole } from './whole-file.ts';

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

/** What was seen of a prefix's clients before, nothing when nothing is kept; and words for what it was learnt from and where it is. */
export function correctionsKept(
  plan: string,
  prefix: Prefix,
): { readonly observations: readonly Observation[]; readonly sources: string } {
  const file = correctionsFile(plan);
  const kept = readKept(file)?.catchments.find((c) => c.prefix === prefix);
  return {
    observations: (kept?.observations ?? []).map(fromRow),
    sources: sourcesOf(kept?.learnt ?? [], file),
  };
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
  writeWhole(file, text);
  return [
    `saved: ${file} now knows ${observations.length} clients of ${prefix}; later predictions of this plan use them`,
    ...notKept(seen.length - named.length, named.length - new Set(named.map((o) => o.id)).size),
  ].join('; ');
}

/** What of the lines of a file was not kept, as parts of a sentence. */
function notKept(unnamed: number, again: number): readonly string[] {
  return [
    ...(unnamed > 0
      ? [`${unnamed} were left out, whose site has no name or one of more than ${LONGEST_NAME} letters`]
      : []),
    ...(again > 0
      ? [
          `${again} more lines are of clients that stand in it already: the last of each counts, and those without a probe or prefix are one for each network, country and place`,
        ]
      : []),
  ];
}

const isName = (text: string) => text.length > 0 && text.length <= LONGEST_NAME;

/** The last files that were learnt from and when, and where it is kept. */
function sourcesOf(learnt: Catchment['learnt'], file: string): string {
  const last = learnt.slice(-3).map((l) => `${l.file}, ${l.saved.slice(0, 10)}`);
  const more = learnt.length - last.length;
  return `${last.join('; ')}${more > 0 ? ` and ${more} before` : ''} (${file})`;
}

function fromRow([id, asn, cc, lat, lon, prefix, site]: Catchment['observations'][number]): Observation {
  const at = lat === null || lon === null ? undefined : { lat, lon };
  return { id, asn: asn ?? undefined, cc, at, prefix: prefix ?? undefined, site };
}
