/**
 * ExaBGP's health check: its options as arguments, or as lines of its configuration file. Its default is to keep announcing
 * a node that fails, with a larger metric; the plan does the same, and asks whether that is wanted.
 */
import {
  addressBytes,
  familyOf,
  formatPrefix,
  hostPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixLength,
} from '../base/index.ts';
import { nearest } from './complaint.ts';
import { type Imported, type ImportInto, importedPlan, type Remark } from './import.ts';
import { splitCommand } from './probe-schema.ts';

/** Name, short name, and whether it takes a value (several times, for a list). */
const OPTIONS: { readonly [name: string]: { readonly short?: string; readonly value?: 'one' | 'many' } } = {
  silent: { short: 's' },
  'syslog-facility': { value: 'one' },
  'no-syslog': {},
  debug: { short: 'd' },
  'no-ack': { short: 'a' },
  sudo: {},
  name: { short: 'n', value: 'one' },
  config: { short: 'F', value: 'one' },
  pid: { short: 'p', value: 'one' },
  user: { value: 'one' },
  group: { value: 'one' },
  interval: { short: 'i', value: 'one' },
  'fast-interval': { short: 'f', value: 'one' },
  timeout: { short: 't', value: 'one' },
  rise: { value: 'one' },
  fall: { value: 'one' },
  disable: { value: 'one' },
  command: { short: 'c', value: 'one' },
  cmd: { value: 'one' },
  'next-hop': { short: 'N', value: 'one' },
  ip: { value: 'many' },
  'local-preference': { value: 'one' },
  'deaggregate-networks': {},
  'no-ip-setup': {},
  'dynamic-ip-setup': {},
  label: { value: 'one' },
  'label-exact-match': {},
  'ip-ifname': { value: 'one' },
  'start-ip': { value: 'one' },
  'up-metric': { value: 'one' },
  'down-metric': { value: 'one' },
  'disabled-metric': { value: 'one' },
  increase: { value: 'one' },
  community: { value: 'one' },
  'extended-community': { value: 'one' },
  'large-community': { value: 'one' },
  'disabled-community': { value: 'one' },
  'as-path': { value: 'one' },
  'up-as-path': { value: 'one' },
  'down-as-path': { value: 'one' },
  'disabled-as-path': { value: 'one' },
  'withdraw-on-down': {},
  'path-id': { value: 'one' },
  neighbor: { value: 'many' },
  debounce: {},
  execute: { value: 'many' },
  'up-execute': { value: 'many' },
  'down-execute': { value: 'many' },
  'disabled-execute': { value: 'many' },
};

interface Given {
  readonly values: readonly string[];
  readonly line?: number;
}
type Options = ReadonlyMap<string, Given>;

/** From `exabgp healthcheck --ip 203.0.113.53/32 …`; the words before the first option are passed over. */
export function importExabgpArguments(argv: readonly string[], into: ImportInto = {}): Imported {
  const remarks: Remark[] = [];
  const options = new Map<string, Given>();
  for (let i = argv.findIndex((a) => a.startsWith('-')); i >= 0 && i < argv.length; i++) {
    const [, dashes, word, , inline] = /^(--?)([^=]*)(=(.*))?$/s.exec(argv[i] as string) ?? [];
    if (dashes === undefined) {
      remarks.push({ kind: 'mistake', about: argv[i] as string, message: 'is no option' });
      continue;
    }
    const takes = take(options, remarks, word as string, inline ?? argv[i + 1]);
    if (takes && inline === undefined) i++;
  }
  return translate(options, remarks, into);
}

/** From the file behind `--config`: `name = value` or a bare name in each line. */
export function importExabgpFile(text: string, into: ImportInto = {}): Imported {
  const remarks: Remark[] = [];
  const options = new Map<string, Given>();
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    take(
      options,
      remarks,
      (at < 0 ? line : line.slice(0, at)).trim(),
      at < 0 ? undefined : line.slice(at + 1).trim(),
      i + 1,
    );
  }
  return translate(options, remarks, into);
}

/** Keeps an option; true when it took the value. Names may be shortened as long as one is meant. */
function take(
  options: Map<string, Given>,
  remarks: Remark[],
  word: string,
  value: string | undefined,
  line?: number,
): boolean {
  const names = Object.keys(OPTIONS);
  const short = word.length === 1 ? names.find((n) => OPTIONS[n]?.short === word) : undefined;
  const starts = names.filter((n) => n.startsWith(word));
  const name = short ?? (Object.hasOwn(OPTIONS, word) ? word : starts.length === 1 ? starts[0] : undefined);
  const place = line === undefined ? {} : { line };
  if (name === undefined || word === '') {
    const near = nearest(word, names);
    remarks.push({
      kind: 'mistake',
      about: word,
      message: `is no option of the health check${near ? `; did you mean ${near}?` : ''}`,
      ...place,
    });
    return false;
  }
  const takes = OPTIONS[name]?.value;
  if (takes !== undefined && value === undefined) {
    remarks.push({ kind: 'mistake', about: name, message: 'has no value', ...place });
    return false;
  }
  const key = name === 'cmd' ? 'command' : name;
  const before = takes === 'many' ? (options.get(key)?.values ?? []) : [];
  options.set(key, { values: takes === undefined ? [] : [...before, value as string], ...place });
  return takes !== undefined;
}

/** What has no counterpart, and what to do instead. */
const LOST: { readonly [name: string]: string } = {
  disable: 'there is no file that disables; say nearcast drain, which keeps who asked for it and why',
  'disabled-metric': 'a drained site is less preferred as the plan says for all',
  'disabled-community': 'a drained site sends GRACEFUL_SHUTDOWN when less-preferred says so',
  'disabled-as-path': 'a drained site prepends as less-preferred says',
  'down-as-path': 'less-preferred can prepend our own number only',
  'deaggregate-networks': 'each address would be a prefix of its own; write those you want into prefixes',
  'dynamic-ip-setup': 'addresses stay on the interface while the service is down',
  'path-id': 'several paths for one prefix are not announced',
  neighbor: 'the plan says per upstream what is announced there',
  execute: 'nothing is run on a change; every decision is in the log and the metrics',
  'up-execute': 'nothing is run on a change; every decision is in the log and the metrics',
  'down-execute': 'nothing is run on a change; every decision is in the log and the metrics',
  'disabled-execute': 'nothing is run on a change; every decision is in the log and the metrics',
  config: 'is a file of its own; import that one',
};

function translate(options: Options, found: readonly Remark[], into: ImportInto): Imported {
  const remarks: Remark[] = [...found];
  const text = (name: string) => options.get(name)?.values.at(-1);
  const remark = (kind: Remark['kind'], about: string, message: string) => {
    const line = options.get(about)?.line;
    remarks.push({ kind, about, message, ...(line === undefined ? {} : { line }) });
  };
  const number = (name: string, usual: number, most: number): number => {
    const value = Number(text(name) ?? usual);
    if (Number.isFinite(value) && value >= 0 && value <= most) return value;
    remark(
      'mistake',
      name,
      `${JSON.stringify(text(name))} is not a number from 0 to ${most}; ${usual} is taken`,
    );
    return usual;
  };
  for (const [name, message] of Object.entries(LOST)) if (options.has(name)) remark('lost', name, message);

  const prefixes: Prefix[] = [];
  for (const ip of options.get('ip')?.values ?? []) {
    const address = parseAddress(ip);
    const prefix = address ? hostPrefix(address) : parsePrefix(ip);
    if (prefix) prefixes.push(prefix);
    else remark('mistake', 'ip', `${JSON.stringify(ip)} is neither an address nor a network`);
  }
  if (prefixes.length === 0)
    remark(
      'question',
      'ip',
      'the addresses were read from the loopback interface; write them into address and prefixes',
    );
  for (const prefix of prefixes.filter((p) => prefixLength(p) < (p.includes(':') ? 128 : 32)))
    remark(
      'question',
      'ip',
      `${prefix} is a network; its first address stands for the service, put the one that is asked`,
    );
  const addresses = prefixes.map((p) => firstAddress(p));

  const up = number('up-metric', 100, 0xffff_ffff);
  const down = number('down-metric', 1000, 0xffff_ffff);
  const withdraws = options.has('withdraw-on-down');
  if (!withdraws)
    remark(
      'question',
      'withdraw-on-down',
      `a node that fails is NOT withdrawn there, it is announced with metric ${down}; so it is here (when-down: less-preferred). If it should leave, say when-down: withdraw`,
    );
  if (options.has('debounce'))
    remark('changed', 'debounce', 'always so here: an UPDATE is sent only when something changed');

  const lessPreferred = `{ graceful-shutdown: false, prepend: 0, med: ${Math.max(0, down - up)} }`;
  const upstream = [
    `med: ${up}`,
    `less-preferred: ${lessPreferred}`,
    ...words(text('community'), 'communities', remark),
    ...words(text('large-community'), 'large-communities', remark),
    ...(text('next-hop') === undefined || text('next-hop') === 'self'
      ? []
      : [`next-hop: [${JSON.stringify(text('next-hop'))}]`]),
    ...families(prefixes),
  ];
  const rules = exportRules(options, prefixes, number, text, remark);
  if (rules.length > 0) upstream.push('export:', ...rules.map((rule) => `  - ${rule}`));

  const every = number('interval', 5, 86_400);
  const fast = number('fast-interval', 1, 86_400);
  const timeout = number('timeout', 5, 600);
  if (every === 0)
    remark('lost', 'interval', 'zero announces once and exits; here the service is asked every 5 s');
  const command = text('command');
  if (command === undefined)
    remark('question', 'command', 'no command: the service counts as up whatever happens');
  const settings = [
    `rise: ${Math.max(1, Math.round(number('rise', 3, 1000)))}`,
    `fall: ${Math.max(1, Math.round(number('fall', 3, 1000)))}`,
    'min-stable: 0s',
    `when-down: ${withdraws ? 'withdraw' : 'less-preferred'}`,
    ...(options.has('no-ip-setup') ? [] : [`add-to: ${JSON.stringify(text('ip-ifname') ?? 'lo')}`]),
  ];
  remark(
    'changed',
    'flaps',
    'ExaBGP follows every change; here a service that comes back more than 5 times in 10 minutes waits (flaps)',
  );
  const run = command === undefined ? undefined : commandOf(command);
  const probe = `command: { run: ${run}, nagios: false, every: ${ms(every || 5)}, fast: ${ms(Math.max(0.05, fast))}, timeout: ${ms(timeout || 600)} }`;
  const services =
    addresses.length === 0
      ? []
      : [
          {
            name: text('name') ?? text('label') ?? 'service',
            addresses,
            prefixes,
            settings,
            probes: run === undefined ? [] : [probe],
          },
        ];
  return importedPlan(into, services, upstream, remarks);
}

/** Metrics that grow by address, local preference, extended communities and paths become rules. */
function exportRules(
  options: Options,
  prefixes: readonly Prefix[],
  number: (name: string, usual: number, most: number) => number,
  text: (name: string) => string | undefined,
  remark: (kind: Remark['kind'], about: string, message: string) => void,
): readonly string[] {
  const rules: string[] = [];
  const increase = number('increase', 1, 0xffff_ffff);
  const start = Math.min(prefixes.length, number('start-ip', 0, 1000));
  const order = [...prefixes.slice(start), ...prefixes.slice(0, start)];
  for (const [i, prefix] of order.entries())
    if (i > 0 && increase > 0)
      rules.push(`{ when: { prefix: ${JSON.stringify(prefix)} }, then: { med: +${i * increase} } }`);
  if (options.has('local-preference'))
    rules.push(`{ then: { local-pref: ${number('local-preference', 100, 0xffff_ffff)} } }`);
  const extended = text('extended-community');
  if (extended !== undefined)
    rules.push(
      `{ then: { extended-communities: { add: [${list(extended)
        .map((c) => JSON.stringify(c.replace(/^target:/, 'rt:').replace(/^origin:/, 'ro:')))
        .join(', ')}] } } }`,
    );
  const path = list(text('up-as-path') ?? text('as-path') ?? '');
  const about = options.has('up-as-path') ? 'up-as-path' : 'as-path';
  if (path.length > 0 && path.every((asn) => /^\d+$/.test(asn) && asn === path[0]))
    rules.push(`{ then: { prepend: { times: ${Math.min(32, path.length)}, asn: ${path[0]} } } }`);
  else if (path.length > 0)
    remark('lost', about, 'a path of several AS numbers cannot be prepended by one rule');
  return rules;
}

function words(
  value: string | undefined,
  key: string,
  remark: (kind: Remark['kind'], about: string, message: string) => void,
): readonly string[] {
  if (value === undefined) return [];
  const shape = key === 'communities' ? /^(\d+:\d+|[a-z-]+)$/ : /^\d+:\d+:\d+$/;
  const all = list(value);
  const good = all.filter((c) => shape.test(c));
  if (good.length < all.length)
    remark(
      'mistake',
      key === 'communities' ? 'community' : 'large-community',
      `cannot read ${all.filter((c) => !shape.test(c)).join(' ')}`,
    );
  return good.length === 0 ? [] : [`${key}: [${good.map((c) => JSON.stringify(c)).join(', ')}]`];
}

function list(value: string): readonly string[] {
  return value.split(/[\s,[\]()]+/).filter((w) => w !== '');
}

/** IPv6 over whatever the neighbour's address is, so that nothing of what was announced is lost. */
function families(prefixes: readonly Prefix[]): readonly string[] {
  const all = [...new Set(prefixes.map((p) => (p.includes(':') ? 'ipv6' : 'ipv4')))];
  return all.length === 0 ? [] : [`families: [${all.join(', ')}]`];
}

/** ExaBGP hands the command to a shell; where it uses nothing of a shell, it is run without one. */
function commandOf(command: string): string {
  const split = /[|&;<>$`*?~(){}#!\n]/.test(command) ? undefined : splitCommand(command);
  return JSON.stringify(split ?? ['/bin/sh', '-c', command]);
}

function firstAddress(prefix: Prefix): string {
  const address = prefix.slice(0, prefix.indexOf('/'));
  if (prefixLength(prefix) === (familyOf(address as never) === 6 ? 128 : 32)) return address;
  const bytes = addressBytes(address) as Uint8Array;
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) | 1;
  return formatPrefix(bytes, bytes.length * 8).replace(/\/\d+$/, '');
}

function ms(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`;
}
