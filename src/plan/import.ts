/** What an import of somebody else's file gives: a plan to start from, and everything that the two do not say alike. */
import { parsePlan } from './parse.ts';

/**
 * `question`: the operator has to decide. `changed`: said otherwise here, meant to do the same. `lost`: has no counterpart.
 * `mistake`: cannot be read. `unknown`: the plan needs it and the file does not say; what stands in the plan is a placeholder.
 */
export type RemarkKind = 'question' | 'changed' | 'lost' | 'mistake' | 'unknown';

export interface Remark {
  readonly kind: RemarkKind;
  /** The option of the file that it is about. */
  readonly about: string;
  readonly message: string;
  /** Counts from 1; absent for what was not in a line. */
  readonly line?: number;
}

export interface Imported {
  /** The text of a plan. It parses, unless a remark of the kind `mistake` says what does not. */
  readonly text: string;
  readonly remarks: readonly Remark[];
}

/** What the imported file does not know; the rest is filled with placeholders, and remarked on. */
export interface ImportInto {
  readonly network?: string;
  readonly asn?: string;
  readonly site?: string;
  readonly place?: string;
  readonly upstream?: { readonly asn: string; readonly address: string; readonly role?: string };
}

/** What other tools say of a service, in the words of the plan file. */
export interface ImportedService {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
  /** Lines of the mapping, such as `rise: 3`. */
  readonly settings: readonly string[];
  readonly probes: readonly string[];
}

/** The plan of one site with these services, and settings for its upstream. */
export function importedPlan(
  into: ImportInto,
  services: readonly ImportedService[],
  upstream: readonly string[],
  remarks: readonly Remark[],
): Imported {
  const all: Remark[] = [...remarks];
  const unknown = (about: string, message: string) => all.push({ kind: 'unknown', about, message });
  if (into.asn === undefined) unknown('asn', 'the file does not say our AS number; 64500 is a placeholder');
  if (into.upstream === undefined)
    unknown('upstreams', 'the file does not say who the neighbour is; AS64501 at 192.0.2.1 is a placeholder');
  if (into.site === undefined)
    unknown('sites', 'the file is that of one site and does not name it; here it is called here');
  let prefixes = [...new Set(services.flatMap((s) => s.prefixes))];
  if (prefixes.length === 0) {
    prefixes = ['203.0.113.0/24'];
    unknown('prefixes', 'the file names no address; 203.0.113.0/24 is a placeholder');
  }
  const { asn = '64501', address = '192.0.2.1', role = 'provider' } = into.upstream ?? {};
  const names = new Set<string>();
  const text = [
    `network: ${JSON.stringify(into.network ?? 'imported')}`,
    `asn: ${into.asn ?? '64500'}`,
    `prefixes: [${prefixes.map((p) => JSON.stringify(p)).join(', ')}]`,
    'sites:',
    `  ${into.site ?? 'here'}:`,
    '    id: 1',
    ...(into.place === undefined ? [] : [`    place: ${JSON.stringify(into.place)}`]),
    '    upstreams:',
    `      - asn: ${asn}`,
    `        address: ${JSON.stringify(address)}`,
    `        role: ${role}`,
    ...upstream.map((line) => `        ${line}`),
    ...(services.length > 0 ? ['services:'] : []),
    ...services.flatMap((s) => {
      const name = unique(s.name, names);
      return [
        `  ${name}:`,
        `    address: [${s.addresses.map((a) => JSON.stringify(a)).join(', ')}]`,
        ...s.settings.map((line) => `    ${line}`),
        ...(s.probes.length > 0 ? ['    probes:', ...s.probes.map((p) => `      - ${p}`)] : []),
      ];
    }),
    '',
  ].join('\n');
  const parsed = parsePlan(text, { file: 'imported' });
  if ('complaints' in parsed)
    for (const c of parsed.complaints)
      all.push({ kind: 'mistake', about: c.path, message: `found ${c.found}; allowed: ${c.allowed}` });
  return { text, remarks: all };
}

/** A name that the plan allows, near to what was given, and not taken yet. */
function unique(given: string, taken: Set<string>): string {
  const base =
    given
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 60) || 'service';
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}
