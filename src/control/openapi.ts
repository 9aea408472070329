/** The HTTP interface as data: who serves it goes by this table, and the OpenAPI document is made from it. */
import { z } from 'zod';
import { eventSchema } from './event.ts';
import { at } from './pieces.ts';
import { answerSchema, requestSchema } from './request.ts';
import { snapshotSchema } from './snapshot.ts';
import { VERSION } from './version.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly say: string;
  /** Needs `Authorization: Bearer TOKEN`. */
  readonly token: boolean;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** By status: what it means, and the body where it has one. */
  readonly answers: {
    readonly [status: number]: {
      readonly say: string;
      readonly type?: string;
      readonly schema?: z.ZodType;
    };
  };
}

const complaint = z.object({ error: z.string() }).meta({ id: 'Complaint' });

/** Events on one page of the history. */
export const PAGE = 1000;
export const PAGE_LIMIT = 5000;

const cursor = z
  .string()
  .regex(/^[^:\s]{1,64}:\d{1,15}$/)
  .describe('RUN:SEQ, as in the id of an event.');
/** Numbers in a query are text. */
const instant = z
  .string()
  .regex(/^\d{1,16}$/)
  .describe('Milliseconds since 1970, UTC.');

const historySchema = z
  .object({
    /** How things stood at `from`, or at the oldest instant that is kept. */
    keyframe: snapshotSchema,
    /** What happened after the keyframe, oldest first. */
    events: z.array(eventSchema),
    /** There is more: ask again with `after` of this. */
    next: z.string().optional(),
    /** The oldest instant that can be asked for. */
    oldest: at,
  })
  .meta({ id: 'History' });

const everywhere = {
  403: { say: 'It was asked by another web page, or for another host.', schema: complaint },
} as const;

export const ROUTES = {
  snapshot: {
    method: 'GET',
    path: '/api/v1/snapshot',
    say: 'All there is to see now.',
    token: false,
    answers: { 200: { say: 'The snapshot.', schema: snapshotSchema }, ...everywhere },
  },
  events: {
    method: 'GET',
    path: '/api/v1/events',
    say:
      'What happens from now on, as server-sent events. Each has `id: RUN:SEQ` and an Event as data. A reader resumes with Last-Event-ID, ' +
      'or with `after`; when what it asks for is not kept any more, or it reads too slowly, one event of type `reset` brings a whole Snapshot, and the stream goes on from there.',
    token: false,
    query: z.object({ after: cursor.optional() }),
    answers: {
      200: {
        say: 'The stream; each `data` is an Event, after `event: reset` a Snapshot.',
        type: 'text/event-stream',
        schema: z.string(),
      },
      400: { say: 'The cursor cannot be read.', schema: complaint },
      503: { say: 'Too many read already.', schema: complaint },
      ...everywhere,
    },
  },
  history: {
    method: 'GET',
    path: '/api/v1/history',
    say: 'What happened between two instants: a snapshot, and the events after it.',
    token: false,
    query: z.object({
      from: instant.optional(),
      to: instant.optional(),
      after: cursor.optional().describe('Goes on after this event; `from` counts no more.'),
      limit: z
        .string()
        .regex(/^\d{1,5}$/)
        .optional()
        .describe(`Events on a page, ${PAGE} unless said, at most ${PAGE_LIMIT}.`),
    }),
    answers: {
      200: { say: 'One page.', schema: historySchema },
      400: { say: 'The question cannot be read.', schema: complaint },
      410: { say: 'What was asked for is not kept any more.', schema: complaint },
      503: { say: 'Too many ask at once.', schema: complaint },
      ...everywhere,
    },
  },
  requests: {
    method: 'POST',
    path: '/api/v1/requests',
    say: 'Asks for something to be done, or considered.',
    token: true,
    body: requestSchema,
    answers: {
      200: { say: 'It was done, or considered.', schema: answerSchema },
      400: { say: 'The request cannot be read.', schema: complaint },
      401: { say: 'The token is missing or wrong.', schema: complaint },
      404: {
        say: 'There is nothing of that name; the nearest names are in the answer.',
        schema: answerSchema,
      },
      409: { say: 'Refused by the guard or a freeze.', schema: answerSchema },
      413: { say: 'The request is too long.', schema: complaint },
      415: { say: 'The request is no JSON.', schema: complaint },
      500: { say: 'It was tried, and did not work.', schema: answerSchema },
      ...everywhere,
    },
  },
  world: {
    method: 'GET',
    path: '/api/v1/world',
    say: 'The AS graph that predictions about this network are made with, as the file that `nearcast data pack` writes.',
    token: false,
    answers: {
      200: {
        say: 'The file.',
        type: 'application/octet-stream',
        schema: z.string().meta({ format: 'binary' }),
      },
      404: { say: 'There is none.', schema: complaint },
      ...everywhere,
    },
  },
  openapi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    say: 'This document.',
    token: false,
    answers: { 200: { say: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) }, ...everywhere },
  },
} as const satisfies { readonly [name: string]: Route };

export type RouteName = keyof typeof ROUTES;

type Json = { readonly [key: string]: unknown };

/** OpenAPI 3.1 of {@link ROUTES}. Schemas with a name stand once, under `components`. */
export function openApi(): Json {
  const schemas: { [name: string]: unknown } = {};
  const schemaOf = (schema: z.ZodType): Json => {
    const {
      $defs,
      $schema: _,
      ...rest
    } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json & {
      readonly $defs?: { readonly [name: string]: Json };
    };
    for (const [name, def] of Object.entries($defs ?? {})) schemas[name] ??= moved(def);
    const { id } = (schema.meta() ?? {}) as { readonly id?: string };
    if (id === undefined) return moved(rest) as Json;
    schemas[id] ??= moved(rest);
    return { $ref: `#/components/schemas/${id}` };
  };
  const paths: { [path: string]: Json } = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][])
    paths[route.path] = {
      [route.method.toLowerCase()]: {
        operationId: name,
        summary: route.say,
        ...(route.token ? { security: [{ token: [] }] } : {}),
        ...(route.query ? { parameters: parameters(route.query, schemaOf) } : {}),
        ...(route.body
          ? {
              requestBody: {
                required: true,
                content: { 'application/json': { schema: schemaOf(route.body) } },
              },
            }
          : {}),
        responses: Object.fromEntries(
          Object.entries(route.answers).map(([status, { say, type, schema }]) => [
            status,
            {
              description: say,
              ...(schema ? { content: { [type ?? 'application/json']: { schema: schemaOf(schema) } } } : {}),
            },
          ]),
        ),
      },
    };
  return {
    openapi: '3.1.0',
    info: { title: 'nearcast control', version: `${VERSION}` },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas },
  };
}

function parameters(query: z.ZodObject, schemaOf: (schema: z.ZodType) => Json): readonly Json[] {
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf((schema as z.ZodOptional<z.ZodType>).unwrap()),
  }));
}

/** References as they have to be within the whole document. */
function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id' || typeof (value as Json)['id'] !== 'string')
      .map(([key, inside]) => [
        key,
        key === '$ref' && typeof inside === 'string'
          ? inside.replace('#/$defs/', '#/components/schemas/')
          : moved(inside),
      ]),
  );
}
