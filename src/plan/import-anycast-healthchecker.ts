/** anycast-healthchecker's INI files: one section for each check of a service, with a section of defaults. */
import { hostPrefix, type Prefix, parseAddress, parsePrefix } from '../base/index.ts';
import { nearest } from './complaint.ts';
import { type Imported, type ImportedService, type ImportInto, importedPlan, type Remark } from './import.ts';
import { splitCommand } from './probe-schema.ts';

const DEFAULTS: { readonly [key: string]: string } = {
  interface: 'lo',
  check_interval: '10',
  check_timeout: '2',
  check_rise: '2',
  check_fail: '2',
  check_disabled: 'false',
  on_disabled: 'withdraw',
  ip_check_disabled: 'false',
};
const KEYS = [...Object.keys(DEFAULTS), 'check_cmd', 'ip_prefix', 'custom_bird_reconfigure_cmd'];

interface Entry {
  readonly value: string;
  readonly line: number;
}
interface Section {
  readonly name: string;
  readonly line: number;
  readonly entries: Map<string, Entry>;
}

/** From one INI file, or several put one after the other. */
export function importAnycastHealthchecker(text: string, into: ImportInto = {}): Imported {
  const remarks: Remark[] = [];
  const sections = readIni(text, remarks);
  const defaults = sections.filter((s) => s.name === 'DEFAULT');
  const services: ImportedService[] = [];
  for (const section of sections) {
    if (section.name === 'DEFAULT') continue;
    if (section.name === 'daemon') {
      remarks.push({
        kind: 'lost',
        about: 'daemon',
        line: section.line,
        message:
          'is about BIRD’s prefix list; the agent speaks BGP itself, to BIRD on loopback or instead of it. An empty list needs no dummy prefix',
      });
      continue;
    }
    const service = serviceOf(section, defaults, remarks);
    if (service) services.push(service);
  }
  if (services.length > 0) {
    remarks.push({
      kind: 'changed',
      about: 'exit',
      message: 'routes stay there when the checker stops; here a clean stop withdraws first',
    });
    remarks.push({
      kind: 'changed',
      about: 'flaps',
      message: 'a service that comes back more than 5 times in 10 minutes waits here (flaps)',
    });
  }
  const v6 = services.some((s) => s.prefixes.some((p) => p.includes(':')));
  const v4 = services.some((s) => s.prefixes.some((p) => !p.includes(':')));
  const families = [...(v4 ? ['ipv4'] : []), ...(v6 ? ['ipv6'] : [])];
  return importedPlan(
    into,
    services,
    families.length > 0 ? [`families: [${families.join(', ')}]`] : [],
    remarks,
  );
}

function serviceOf(
  section: Section,
  defaults: readonly Section[],
  remarks: Remark[],
): ImportedService | undefined {
  const entry = (key: string): Entry | undefined =>
    section.entries.get(key) ?? defaults.flatMap((d) => d.entries.get(key) ?? []).at(-1);
  const text = (key: string) => entry(key)?.value ?? DEFAULTS[key];
  const remark = (kind: Remark['kind'], key: string, message: string) =>
    remarks.push({ kind, about: `${section.name}.${key}`, message, line: entry(key)?.line ?? section.line });
  const number = (key: string, most: number): number => {
    const value = Number(text(key));
    if (Number.isFinite(value) && value > 0 && value <= most) return value;
    remark(
      'mistake',
      key,
      `${JSON.stringify(text(key))} is not a number up to ${most}; ${DEFAULTS[key]} is taken`,
    );
    return Number(DEFAULTS[key]);
  };
  const flag = (key: string) => /^(true|yes|on|1)$/i.test(text(key) ?? '');
  for (const key of section.entries.keys())
    if (!KEYS.includes(key)) {
      const near = nearest(key, KEYS);
      remark('mistake', key, `is no setting of a check${near ? `; did you mean ${near}?` : ''}`);
    }
  const prefix = prefixOf(text('ip_prefix') ?? '');
  if (prefix === undefined) {
    remark(
      'mistake',
      'ip_prefix',
      `${JSON.stringify(text('ip_prefix') ?? '')} is no prefix; the check is left out`,
    );
    return undefined;
  }
  const disabled = flag('check_disabled');
  if (disabled && text('on_disabled') !== 'advertise') {
    remark(
      'question',
      'check_disabled',
      'the check is disabled and the prefix withdrawn; the service is left out',
    );
    return undefined;
  }
  const command = text('check_cmd');
  const split = command === undefined ? undefined : splitCommand(command);
  if (disabled)
    remark(
      'question',
      'on_disabled',
      'the check is disabled and the prefix announced; so it is here: a service without probes',
    );
  else if (split === undefined)
    remark('mistake', 'check_cmd', 'cannot be taken apart into a program and arguments');
  if (text('custom_bird_reconfigure_cmd') !== undefined)
    remark('lost', 'custom_bird_reconfigure_cmd', 'nothing has to be reconfigured');
  const every = number('check_interval', 86_400);
  const probes: string[] = [];
  if (!disabled && split)
    probes.push(
      `command: { run: ${JSON.stringify(split)}, nagios: false, every: ${every}s, fast: ${every}s, timeout: ${number('check_timeout', 600)}s }`,
    );
  if (!disabled && !flag('ip_check_disabled'))
    probes.push(`address: { interface: ${JSON.stringify(text('interface'))}, every: ${every}s }`);
  if (flag('ip_check_disabled'))
    remark(
      'question',
      'ip_check_disabled',
      'unless the address is on this host, another site may answer the check',
    );
  return {
    name: section.name,
    addresses: [prefix.slice(0, prefix.indexOf('/'))],
    prefixes: [prefix],
    settings: [
      `rise: ${number('check_rise', 1000)}`,
      `fall: ${number('check_fail', 1000)}`,
      'min-stable: 0s',
    ],
    probes,
  };
}

/** The length may be left out. */
function prefixOf(text: string): Prefix | undefined {
  const address = parseAddress(text);
  return address ? hostPrefix(address) : parsePrefix(text);
}

/** Sections, `key = value` or `key: value`, lines that go on when they are indented, comments with `#` or `;`. */
function readIni(text: string, remarks: Remark[]): readonly Section[] {
  const sections: Section[] = [];
  let last: { readonly key: string; readonly section: Section } | undefined;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = i + 1;
    if (/^\s*([#;]|$)/.test(raw)) continue;
    const head = /^\[([^\]]+)\]\s*$/.exec(raw);
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(raw);
    const section = sections.at(-1);
    if (head) {
      sections.push({ name: (head[1] as string).trim(), line, entries: new Map() });
      last = undefined;
    } else if (/^\s/.test(raw) && last) {
      const before = last.section.entries.get(last.key) as Entry;
      last.section.entries.set(last.key, { ...before, value: `${before.value} ${raw.trim()}`.trim() });
    } else if (pair && section) {
      const key = (pair[1] as string).toLowerCase();
      section.entries.set(key, { value: (pair[2] as string).trim(), line });
      last = { key, section };
    } else
      remarks.push({
        kind: 'mistake',
        about: raw.trim().slice(0, 40),
        line,
        message: section ? 'is neither a section nor a setting' : 'stands before any section',
      });
  }
  return sections;
}
