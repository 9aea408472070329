/** What is known of each AS: name, organisation, country, a point on the map, and how much of the internet sits behind it. */
import { type Asn, parseAsn } from '../base/index.ts';
import { numberIn } from './csv.ts';
import { CsvTable } from './csv-table.ts';
import { Ledger, Lines, type Reading, textOf, unmarked } from './lines.ts';

export interface AsInfo {
  readonly asn: Asn;
  /** Organisation or network name; empty when unknown. */
  readonly name: string;
  /** Two letters; empty when unknown. */
  readonly cc: string;
  /** Degrees; often only the middle of the country. */
  readonly at?: { readonly lat: number; readonly lon: number };
  /** IPv4 /24s it originates. */
  readonly slash24?: number;
  /** Estimated users. */
  readonly users?: number;
}

/** One table of ASes, and the account of its reading. */
export interface AsInfos {
  readonly ases: ReadonlyMap<Asn, AsInfo>;
  readonly reading: Reading;
}

/** A reader to push chunks into. */
export interface ChunkReader<T> {
  push(chunk: Uint8Array): void;
  end(): T;
}

/** Reads one file held in memory with a reader made for it. */
export function readAll<T>(reader: ChunkReader<T>, bytes: Uint8Array): T {
  reader.push(bytes);
  return reader.end();
}

/** A CSV of ASes with the columns `asn` and any of cc, org, lat, lon, slash24, users. */
export function asInfoReader(): ChunkReader<AsInfos> {
  const ases = new Map<Asn, AsInfo>();
  const table = new CsvTable(
    {
      asn: { names: ['asn', 'as'], needed: true },
      cc: { names: ['cc', 'country'] },
      org: { names: ['org', 'name', 'organisation', 'organization'] },
      lat: { names: ['lat', 'latitude'] },
      lon: { names: ['lon', 'longitude', 'lng'] },
      slash24: { names: ['slash24', 'slash24s'] },
      users: { names: ['users'] },
    },
    (row) => {
      const asn = parseAsn(row.asn);
      if (asn === undefined) return 'an AS number in the column asn';
      const [lat, lon] = [numberIn(row.lat), numberIn(row.lon)];
      const [slash24, users] = [numberIn(row.slash24), numberIn(row.users)];
      if (lat !== undefined && (Math.abs(lat) > 90 || lon === undefined || Math.abs(lon) > 180))
        return 'a latitude of at most 90 and a longitude of at most 180 degrees';
      if ((slash24 ?? 0) < 0 || (users ?? 0) < 0) return 'counts that are not negative';
      ases.set(asn, {
        asn,
        name: row.org,
        cc: row.cc.toUpperCase(),
        ...(lat !== undefined && lon !== undefined ? { at: { lat, lon } } : {}),
        ...(slash24 !== undefined ? { slash24 } : {}),
        ...(users !== undefined ? { users } : {}),
      });
      return undefined;
    },
  );
  return { push: (chunk) => table.push(chunk), end: () => ({ reading: table.end(), ases }) };
}

/**
 * CAIDA's AS to organisation file: two tables in one, each begun by its `# format:` line. Organisations that no AS names
 * are passed over, and an AS whose organisation is missing keeps its own name.
 */
export function as2orgReader(): ChunkReader<AsInfos> {
  const ledger = new Ledger();
  const organisations = new Map<string, { name: string; cc: string }>();
  const rows: { asn: Asn; name: string; org: string }[] = [];
  let table: 'none' | 'organisations' | 'ases' = 'none';
  const lines = new Lines(ledger, (bytes, from, to, line) => {
    const text = textOf(bytes, from, to);
    if (text.startsWith('#')) {
      if (/format:\s*org_id\|/.test(text)) table = 'organisations';
      else if (/format:\s*aut\|/.test(text)) table = 'ases';
      return;
    }
    if (text === '') return;
    const fields = text.split('|');
    if (table === 'organisations' && fields.length >= 5) {
      organisations.set(fields[0] as string, { name: fields[2] as string, cc: fields[3] as string });
    } else if (table === 'ases' && fields.length >= 5 && parseAsn(fields[0] as string) !== undefined) {
      rows.push({
        asn: parseAsn(fields[0] as string) as Asn,
        name: fields[2] as string,
        org: fields[3] as string,
      });
    } else if (table === 'none') {
      ledger.stop(
        line,
        text.slice(0, 80),
        'a line "# format:org_id|…" or "# format:aut|…" before the first row',
      );
    } else {
      ledger.skip(
        line,
        text,
        table === 'ases' ? 'aut|changed|name|org_id|…' : 'org_id|changed|name|country|source',
      );
    }
  });
  return {
    push: (chunk) => lines.push(chunk),
    end: () => {
      lines.end();
      const ases = new Map<Asn, AsInfo>();
      for (const { asn, name, org } of rows) {
        const found = organisations.get(org);
        ases.set(asn, { asn, name: found?.name || name, cc: found?.cc ?? '' });
      }
      return { ases, reading: ledger.reading() };
    },
  };
}

/** APNIC's estimate of users per AS as CSV: columns `AS` and `Users` (or `Estimated Users`), maybe `CC` and `AS Name`. */
export function usersReader(): ChunkReader<AsInfos> {
  const ases = new Map<Asn, Counted>();
  const table = new CsvTable(
    {
      asn: { names: ['as', 'asn'], needed: true },
      users: { names: ['users', 'estimatedusers', 'usersest', 'usercount'], needed: true },
      cc: { names: ['cc', 'country'] },
      name: { names: ['asname', 'autonym', 'name', 'description'] },
    },
    (row) => addUsers(ases, row.asn, row.users.replaceAll(',', ''), row.cc, row.name),
  );
  return { push: (chunk) => table.push(chunk), end: () => ({ reading: table.end(), ases: infosOf(ases) }) };
}

/** APNIC's estimate of users per AS as JSON: `{ "Data": [{ "AS": 3320, "Users": 26000000, "CC": "DE" }, …] }` or the bare list. */
export function readUsersJson(text: string): AsInfos {
  const ledger = new Ledger();
  const ases = new Map<Asn, Counted>();
  const scalar = (value: unknown) =>
    typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  for (const [number, row] of jsonRows(text, ['Data', 'data'], ledger)) {
    const [asn, users] = [row['AS'] ?? row['asn'], row['Users'] ?? row['users']];
    const complaint = addUsers(
      ases,
      scalar(asn),
      scalar(users),
      row['CC'] ?? row['cc'],
      row['Autonym'] ?? row['Description'] ?? row['name'],
    );
    if (complaint !== undefined) ledger.skip(number, JSON.stringify(row), complaint);
  }
  return { ases: infosOf(ases), reading: ledger.reading() };
}

/** An AS whose rows are being summed. */
interface Counted {
  readonly info: AsInfo & { readonly users: number };
  /** Users in the row that named the country. */
  readonly biggest: number;
}

function infosOf(ases: ReadonlyMap<Asn, Counted>): ReadonlyMap<Asn, AsInfo> {
  return new Map(Array.from(ases, ([asn, { info }]) => [asn, info]));
}

function addUsers(
  ases: Map<Asn, Counted>,
  as: string,
  count: string,
  cc: unknown,
  name: unknown,
): string | undefined {
  const asn = parseAsn(as);
  const users = numberIn(count);
  if (asn === undefined) return 'an AS number';
  if (users === undefined || users < 0) return 'a number of users';
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  // An AS with users in several countries has several rows; they add up, and the biggest names the country.
  const before = ases.get(asn);
  const first = before === undefined || users > before.biggest;
  ases.set(asn, {
    info: {
      asn,
      users: users + (before?.info.users ?? 0),
      cc: first ? word(cc) : before.info.cc,
      name: first ? word(name) : before.info.name,
    },
    biggest: first ? users : before.biggest,
  });
  return undefined;
}

/**
 * The rows of a JSON document that is a list of objects or holds one under one of `keys`, each with its number in the list, from
 * 1. What is no such document is a fatal trouble; a row that is no object is skipped.
 */
export function jsonRows(
  text: string,
  keys: readonly string[],
  ledger: Ledger,
): (readonly [number, { readonly [key: string]: unknown }])[] {
  let value: unknown;
  try {
    value = JSON.parse(unmarked(text));
  } catch {
    ledger.stop(0, 'text that is not JSON', 'a JSON document');
    return [];
  }
  for (const key of keys)
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key))
      value = (value as { [key: string]: unknown })[key];
  if (!Array.isArray(value)) {
    ledger.stop(0, 'a JSON document of another shape', `a list, or one under ${keys.join(' or ')}`);
    return [];
  }
  const rows: (readonly [number, { readonly [key: string]: unknown }])[] = [];
  for (const row of value) {
    ledger.lines++;
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) rows.push([ledger.lines, row]);
    else ledger.skip(ledger.lines, JSON.stringify(row), 'an object');
  }
  return rows;
}
