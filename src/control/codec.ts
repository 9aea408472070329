/** From text to values and back. What cannot be read is answered with complaints in plain words, never with an exception. */
import type { z } from 'zod';
import { type Event, eventSchema } from './event.ts';
import { type Answer, answerSchema, ORDERS, type Request, requestSchema } from './request.ts';
import { type Snapshot, snapshotSchema } from './snapshot.ts';
import { VERSION } from './version.ts';

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: readonly string[] };

const REQUESTS: readonly string[] = [...ORDERS, 'consider'];

/** Complaints beyond this many are left out. */
const COMPLAINTS = 10;

/** From text, or from what JSON made of it already. */
export function readSnapshot(from: unknown): Read<Snapshot> {
  const read = json(from);
  if (!read.ok) return read;
  const { version } = (read.value ?? {}) as { readonly version?: unknown };
  if (version !== undefined && version !== VERSION)
    return no(
      `version: this reads version ${VERSION}, and found ${String(version).slice(0, 20)}: load the page anew, or bring both to one release`,
    );
  return checked<Snapshot>(read.value, snapshotSchema);
}

export function readEvent(from: unknown): Read<Event> {
  const read = json(from);
  return read.ok ? checked<Event>(read.value, eventSchema as unknown as z.ZodType<Event>) : read;
}

export function readRequest(from: unknown): Read<Request> {
  const read = json(from);
  if (!read.ok) return read;
  const verb = (read.value as { readonly do?: unknown } | null)?.do;
  if (typeof verb === 'string' && !REQUESTS.includes(verb))
    return no(`do: nobody knows how to ${verb.slice(0, 40)} here; there are: ${REQUESTS.join(', ')}`);
  return checked<Request>(read.value, requestSchema);
}

export function readAnswer(from: unknown): Read<Answer> {
  const read = json(from);
  return read.ok ? checked<Answer>(read.value, answerSchema) : read;
}

/** One line. */
export function format(value: Snapshot | Event | Request | Answer): string {
  return JSON.stringify(value);
}

/** Where a reader is in the stream: the `id` of a server-sent event. */
export interface Cursor {
  readonly run: string;
  readonly seq: number;
}

export function formatCursor({ run, seq }: Cursor): string {
  return `${run}:${seq}`;
}

/** Undefined when it is none. */
export function readCursor(text: string): Cursor | undefined {
  const m = /^([^:\s]{1,64}):(\d{1,15})$/.exec(text);
  return m ? { run: m[1] as string, seq: Number(m[2]) } : undefined;
}

function json(from: unknown): Read<unknown> {
  if (typeof from !== 'string') return { ok: true, value: from };
  try {
    return { ok: true, value: JSON.parse(from) as unknown };
  } catch {
    return no('this is no JSON');
  }
}

function checked<T>(value: unknown, schema: z.ZodType<T>): Read<T> {
  const result = schema.safeParse(value);
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, complaints: complaintsOf(result.error.issues, []).slice(0, COMPLAINTS) };
}

type Issue = z.core.$ZodIssue;

function complaintsOf(issues: readonly Issue[], above: readonly PropertyKey[]): readonly string[] {
  return [...new Set(issues.flatMap((issue) => complaints(issue, [...above, ...issue.path])))];
}

function complaints(issue: Issue, path: readonly PropertyKey[]): readonly string[] {
  const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
  switch (issue.code) {
    case 'invalid_type':
      return [`${where}this has to be ${ARTICLE[issue.expected] ?? issue.expected}`];
    case 'invalid_value':
      return [
        `${where}this has to be ${issue.values
          .map(String)
          .join(', ')
          .replace(/, ([^,]*)$/, ' or $1')}`,
      ];
    case 'unrecognized_keys':
      return [`${where}nobody knows ${issue.keys.map((k) => k.slice(0, 40)).join(', ')} here`];
    case 'too_big':
      return [`${where}at most ${issue.maximum}${issue.origin === 'string' ? ' letters' : ''}`];
    case 'too_small':
      return [`${where}${issue.origin === 'string' ? 'this may not be empty' : `at least ${issue.minimum}`}`];
    case 'invalid_union': {
      if (issue.errors.length === 0)
        return [
          `${where}${issue.message === 'Invalid input' ? 'this is none of what is known here' : issue.message}`,
        ];
      // The alternative that fits best is the one that was meant.
      const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
      return complaintsOf(best, path);
    }
    default:
      return [`${where}${issue.message}`];
  }
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((i) => i.path.length + (i.code === 'invalid_union' ? -0.5 : 0)));
}

const ARTICLE: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

function no(complaint: string): { readonly ok: false; readonly complaints: readonly string[] } {
  return { ok: false, complaints: [complaint] };
}
