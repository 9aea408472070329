/** One message in, one report out: the core of `nearcast decode`, without files or streams. */
import { fromHex, toHex } from '../base/index.ts';
import {
  type Agreed,
  ATTRIBUTES,
  type Attribute,
  attributeName,
  type Decoded,
  decodeMessage,
  describeNotification,
  endOfRib,
  type Family,
  type Fault,
  family,
  formatPath,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
  MESSAGE_TYPE,
  type Message,
  mergeAs4,
  type Nlri,
  notificationName,
  printable,
  type Reaction,
  type Update,
  worst,
} from '../wire/index.ts';
import { capabilityPhrase } from './phrases.ts';

/** What is said of one message. Plain JSON; `schema` of the command's output is this type. */
export interface Report {
  /** As given; the line's number where the input gives none. */
  readonly id?: unknown;
  /** Where a line could not be read: its number. */
  readonly line?: number;
  /** From a capture: number and time of the packet that completed the message, and who sent it to whom. */
  readonly packet?: number;
  readonly time?: string;
  readonly from?: string;
  readonly to?: string;
  /** The message was read and nothing in it was wrong. */
  readonly ok: boolean;
  readonly type?: Message['kind'];
  /** The NOTIFICATION that this earns, or would earn were it not for RFC 7606; or what was wrong with the input. */
  readonly error?:
    | {
        readonly code: number;
        readonly subcode: number;
        readonly data: string;
        readonly name: string;
        readonly why: string;
      }
    | { readonly input: string };
  /** For UPDATE: what RFC 7606 demands. */
  readonly reaction?: Reaction;
  /** Every field. After an error: what remains to be processed. */
  readonly message?: Message;
  /** With the reaction `withdraw`: what could be read of the message as it stood. */
  readonly read?: Update;
  readonly faults?: readonly Fault[];
  /** The family whose End-of-RIB marker it is. */
  readonly endOfRib?: Family;
  /** With AS4_PATH or AS4_AGGREGATOR: the attributes after their merge (RFC 6793 §4.2.3). */
  readonly merged?: readonly Attribute[];
  /** A NOTIFICATION in words. */
  readonly text?: string;
  /** Where asked for: the message's bytes and how they were read, so that a report can be decoded again. */
  readonly hex?: string;
  readonly ctx?: Agreed;
}

/** What comes before the verdict in a report. */
export type Head = Pick<Report, 'id' | 'packet' | 'time' | 'from' | 'to'>;

/** What the peers agreed, where the input does not say. */
export const DEFAULT_CONTEXT: Agreed = { asn4: true, extendedMessage: false, addPath: [] };

/** Families that `addPath: true` stands for; others are carried as bytes, identifiers and all. */
export const EVERY_FAMILY: readonly Family[] = [IPV4_UNICAST, IPV6_UNICAST, IPV4_MULTICAST, IPV6_MULTICAST];

/** An `id` that is an array or an object may be this long as JSON. */
const ID_MAX = 1000;

const NAMES = new Map<string, Family>(EVERY_FAMILY.map((f) => [f, f]));
const TYPES = new Map<number, Message['kind']>(
  (Object.entries(MESSAGE_TYPE) as [Message['kind'], number][]).map(([kind, n]) => [n, kind]),
);

/** The report on the bytes of one message; with `echo` it ends in those bytes and their context. */
export function report(bytes: Uint8Array, agreed: Agreed, head: Head, echo = false): Report {
  const r = reportOf(decodeMessage(bytes, agreed), bytes, agreed, head);
  return echo ? { ...r, hex: toHex(bytes), ctx: agreed } : r;
}

function reportOf(d: Decoded, bytes: Uint8Array, agreed: Agreed, head: Head): Report {
  const type = TYPES.get(bytes[18] ?? 0);
  if (!d.ok) {
    const error = { ...d.error, name: notificationName(d.error.code, d.error.subcode) };
    return {
      ...head,
      ok: false,
      ...(type ? { type } : {}),
      error,
      ...(d.reaction ? { reaction: d.reaction } : {}),
      ...(d.faults.length > 0 ? { faults: d.faults } : {}),
    };
  }
  const { message, faults } = d;
  const blamed = worst(faults);
  if (blamed && d.reaction) {
    const error = { ...blamed.error, name: notificationName(blamed.error.code, blamed.error.subcode) };
    const read = d.read ? { read: d.read } : {};
    return { ...head, ok: false, type: message.kind, error, reaction: d.reaction, message, ...read, faults };
  }
  return { ...head, ok: true, type: message.kind, message, ...extras(message, agreed) };
}

function extras(message: Message, agreed: Agreed): Pick<Report, 'endOfRib' | 'merged' | 'text'> {
  if (message.kind === 'notification') return { text: describeNotification(message) };
  if (message.kind !== 'update') return {};
  const end = endOfRib(message);
  if (end) return { endOfRib: end };
  const merged = mergeAs4(message.attributes, agreed.asn4);
  return merged === message.attributes ? {} : { merged };
}

/** Which kinds of line are understood: hexadecimal, JSON, or each line as it looks. */
export type LineForm = 'auto' | 'hex' | 'jsonl';

/**
 * The report on one line, `number` counted from 1; undefined for an empty line and a comment (`#`). What the line does not say of the peers' agreement
 * comes from `context`. A line that cannot be read gets a report with `error.input`.
 */
export function reportLine(
  line: string,
  number: number,
  form: LineForm,
  context: Agreed,
  echo = false,
): Report | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  if (form !== 'hex' && (form === 'jsonl' || text.startsWith('{')))
    return reportJson(text, number, context, echo);
  const bytes = hexBytes(text);
  if (!bytes) return bad({ line: number }, 'neither hexadecimal nor a JSON object');
  return report(bytes, context, { id: number }, echo);
}

function reportJson(text: string, number: number, context: Agreed, echo: boolean): Report {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (e) {
    return bad({ line: number }, `not JSON: ${e instanceof Error ? e.message : e}`);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    return bad({ line: number }, 'not a JSON object {id, hex, ctx}');
  const { id, hex, ctx } = row as { id?: unknown; hex?: unknown; ctx?: unknown };
  if (typeof id === 'object' && !isSmall(id))
    return bad({ line: number }, `"id" has to be a value of at most ${ID_MAX} characters`);
  const head = id === undefined ? { line: number } : { id };
  if (typeof hex !== 'string') return bad(head, '"hex" has to be a string of hexadecimal digits');
  const bytes = hexBytes(hex);
  if (!bytes) return bad(head, '"hex" is not an even number of hexadecimal digits');
  const agreed = contextOf(ctx, context);
  if (typeof agreed === 'string') return bad(head, agreed);
  return report(bytes, agreed, { id: id ?? number }, echo);
}

/** Whether a value can be written, in no more than {@link ID_MAX} characters: what is nested too deeply cannot. */
function isSmall(value: unknown): boolean {
  try {
    return JSON.stringify(value).length <= ID_MAX;
  } catch {
    return false;
  }
}

function bad(head: { readonly id?: unknown; readonly line?: number }, input: string): Report {
  return { ...head, ok: false, error: { input } };
}

/** True when the report is about the input and not about a message. */
export function isBadInput(r: Report): boolean {
  return r.error !== undefined && 'input' in r.error;
}

function hexBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'hex');
  return bytes.length * 2 === text.length ? bytes : fromHex(text);
}

function contextOf(ctx: unknown, context: Agreed): Agreed | string {
  if (ctx === undefined || ctx === null) return context;
  if (typeof ctx !== 'object') return '"ctx" has to be an object {asn4, addPath, extendedMessage}';
  const { asn4, addPath, extendedMessage } = ctx as { [key: string]: unknown };
  if (asn4 !== undefined && typeof asn4 !== 'boolean') return '"ctx.asn4" has to be true or false';
  if (extendedMessage !== undefined && typeof extendedMessage !== 'boolean')
    return '"ctx.extendedMessage" has to be true or false';
  const families = addPath === undefined ? context.addPath : familiesOf(addPath);
  if (!families)
    return `"ctx.addPath" has to be true, false or a list of families (${EVERY_FAMILY.join(', ')}, or AFI/SAFI in numbers)`;
  return {
    asn4: asn4 ?? context.asn4,
    extendedMessage: extendedMessage ?? context.extendedMessage,
    addPath: families,
  };
}

/** Families from JSON or from the command line; undefined when something in it is none. */
export function familiesOf(value: unknown): readonly Family[] | undefined {
  if (value === true) return EVERY_FAMILY;
  if (value === false) return [];
  if (!Array.isArray(value)) return undefined;
  const found: Family[] = [];
  for (const name of value) {
    const numbers = /^(\d{1,5})\/(\d{1,3})$/.exec(String(name));
    const f = numbers ? family(Number(numbers[1]), Number(numbers[2])) : NAMES.get(String(name));
    if (!f) return undefined;
    found.push(f);
  }
  return found;
}

/** The report for people: a line, and indented lines below it; ends in a line end. */
export function inWords(r: Report): string {
  const where = r.from
    ? `${r.time} ${r.from} > ${r.to} `
    : `${r.id === undefined ? `line ${r.line}` : `${label(r.id)}`}: `;
  const lines = [where + headline(r)];
  const shown = r.read ?? r.message;
  if (shown) lines.push(...body(shown));
  if (r.merged)
    lines.push(
      ...r.merged.filter((a) => /asPath|aggregator/.test(a.kind)).map((a) => `merged ${attributeWords(a)}`),
    );
  for (const f of r.faults ?? []) lines.push(`! ${f.error.why} (${f.reaction})`);
  return `${lines.join('\n  ')}\n`;
}

function label(id: unknown): string {
  return printable(typeof id === 'string' ? id : JSON.stringify(id));
}

function headline(r: Report): string {
  const type = r.type ? (r.type === 'routeRefresh' ? 'ROUTE-REFRESH' : r.type.toUpperCase()) : 'message';
  if (!r.error)
    return r.endOfRib ? `${type}, End-of-RIB of ${r.endOfRib}` : r.text ? `${type}: ${r.text}` : type;
  if ('input' in r.error) return `cannot be read: ${r.error.input}`;
  const { code, subcode, name, why } = r.error;
  return `${type} refused: ${code}/${subcode} ${name}: ${why}${r.reaction ? `; costs: ${r.reaction}` : ''}`;
}

function body(m: Message): string[] {
  switch (m.kind) {
    case 'open':
      return [`AS${m.asn}, hold time ${m.holdTime} s, id ${m.id}`, ...m.capabilities.map(capabilityPhrase)];
    case 'update':
      return [
        ...list('withdrawn', m.withdrawn),
        ...m.attributes.map(attributeWords),
        ...list('announced', m.announced),
      ];
    case 'routeRefresh':
      return [`${m.subtype} of ${m.family}`];
    default:
      return [];
  }
}

function list(what: string, nlri: readonly Nlri[]): string[] {
  return nlri.length > 0 ? [`${what} ${prefixes(nlri)}`] : [];
}

function prefixes(nlri: readonly Nlri[]): string {
  return nlri.map((n) => (n.pathId === undefined ? n.prefix : `${n.prefix} (path ${n.pathId})`)).join(' ');
}

/** An attribute on one line: `AS_PATH 64500 64501`, `AGGREGATOR asn 64500, address 192.0.2.1`. */
export function attributeWords(a: Attribute): string {
  const name = attributeName(a.kind === 'unknown' ? a.code : ATTRIBUTES[a.kind].code);
  switch (a.kind) {
    case 'asPath':
    case 'as4Path':
      return `${name} ${formatPath(a.path)}`;
    case 'mpReach':
      return `${name} ${a.family} via ${a.nextHop}${a.linkLocal ? ` ${a.linkLocal}` : ''}: ${prefixes(a.announced)}`;
    case 'mpUnreach':
      return `${name} ${a.family}: ${prefixes(a.withdrawn)}`;
    case 'communities':
    case 'largeCommunities':
    case 'extendedCommunities':
    case 'ipv6ExtendedCommunities':
      return `${name} ${a.communities.join(' ')}`;
    case 'clusterList':
      return `${name} ${a.ids.join(' ')}`;
    default: {
      const { kind: _, ...rest } = a;
      return `${name}${details(rest)}`;
    }
  }
}

/** The fields of a value behind its name: ` 100` for one, ` asn 64500, address 192.0.2.1` for several. */
function details(value: object): string {
  const fields = Object.entries(value).filter(([key]) => key !== 'kind' && key !== 'code');
  const text = (v: unknown) => printable(typeof v === 'object' ? JSON.stringify(v) : String(v));
  if (fields.length === 1) return ` ${text(fields[0]?.[1])}`;
  return fields.map(([key, v], i) => `${i === 0 ? ' ' : ', '}${key} ${text(v)}`).join('');
}
