/**
 * What happens, one value each. An event carries the whole new piece (`is`) and, where a reader wants it, what was before
 * (`was`); so applying events needs nothing but the snapshot before.
 */
import { z } from 'zod';
import {
  announcement,
  decision,
  drain,
  fault,
  freeze,
  guard,
  landing,
  load,
  name,
  process,
  requests,
  session,
  text,
  ticket,
  verdict,
} from './pieces.ts';
import { orderSchema, outcome } from './request.ts';
import { position, worldSchema } from './snapshot.ts';

const site = { site: name };

/** Everything but the position. */
const bodies = [
  /** A run begins, with all there is; what was before means nothing any more. */
  z.object({ kind: z.literal('start'), is: worldSchema }),
  /** The process of a site's agent started or ended. */
  z.object({ kind: z.literal('process'), ...site, was: process.shape.standing, is: process }),
  z.object({
    kind: z.literal('verdict'),
    ...site,
    service: name,
    was: verdict.shape.phase.optional(),
    is: verdict,
  }),
  z.object({ kind: z.literal('drain'), ...site, was: drain.shape.phase, is: drain }),
  /** Frozen, or thawed when `is` is absent. */
  z.object({ kind: z.literal('freeze'), ...site, is: freeze.optional() }),
  z.object({
    kind: z.literal('decision'),
    ...site,
    scope: name,
    was: decision.shape.level.optional(),
    is: decision,
  }),
  /** Whether a site may leave, as the site knows it. */
  z.object({
    kind: z.literal('ticket'),
    ...site,
    scope: name,
    was: ticket.shape.ticket.optional(),
    is: ticket,
  }),
  /** How the guard sees a scope. */
  z.object({ kind: z.literal('guard'), scope: name, is: guard }),
  z.object({
    kind: z.literal('session'),
    ...site,
    upstream: name,
    was: session.shape.state,
    is: session,
  }),
  /** Absent `is`: the site does not speak of this prefix to this upstream any more. */
  z.object({
    kind: z.literal('announcement'),
    ...site,
    upstream: name,
    prefix: z.string(),
    was: announcement.pick({ expected: true, actual: true }).optional(),
    is: announcement.optional(),
  }),
  /** A vantage lands elsewhere, or goes another way: the client moved when `was.site` is not `is.site`. */
  z.object({
    kind: z.literal('landing'),
    vantage: name,
    was: landing.pick({ site: true, upstream: true, rttMs: true, path: true }),
    is: landing,
  }),
  /** Counts, at most once a second: only vantages and sites whose numbers changed. */
  z.object({
    kind: z.literal('traffic'),
    vantages: z.record(z.string(), requests),
    sites: z.record(z.string(), load),
  }),
  z.object({ kind: z.literal('fault'), id: name, is: fault }),
  z.object({ kind: z.literal('healed'), id: name, was: fault }),
  /** Somebody asked for something, and this came of it. */
  z.object({
    kind: z.literal('order'),
    order: orderSchema,
    outcome,
    say: z.array(text),
  }),
  z.object({ kind: z.literal('note'), level: z.enum(['info', 'warning']), say: text }),
] as const;

const bodySchema = z.discriminatedUnion('kind', bodies);
/** What happened, before it has a number. */
export type Body = z.infer<typeof bodySchema>;
export type Kind = Body['kind'];
export const KINDS = bodies.map((b) => b.shape.kind.value) as readonly Kind[];

export const eventSchema = z
  .discriminatedUnion(
    'kind',
    bodies.map((b) => b.extend(position)) as unknown as [
      (typeof bodies)[number],
      ...(typeof bodies)[number][],
    ],
  )
  .meta({ id: 'Event' });
/** Numbered without gaps; `at` never goes back. */
export type Event = Body & { readonly run: string; readonly seq: number; readonly at: number };
