/** Probes as written in the file: one key names the kind, its mapping the options. */
import * as z from 'zod';
import { type Millis, millis } from '../base/index.ts';
import type { Probe, ProbeKind } from './plan.ts';
import {
  address,
  duration,
  durationBetween,
  flag,
  listOf,
  mapping,
  NAME,
  NAME_WORDS,
  oneOf,
  oneOrMore,
  scalar,
  text,
  whole,
} from './shape.ts';

const RECORD_TYPES = [
  'A',
  'AAAA',
  'CNAME',
  'MX',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'TXT',
  'CAA',
  'DNSKEY',
  'DS',
] as const;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

const every = durationBetween(50, 86_400_000, 'from 50ms to 1d');

const probeName = scalar(`a name: ${NAME_WORDS}`, (t) => (NAME.test(t) ? t : undefined), { type: 'string' });

/** What every probe may say, beside its kind's own options. */
const COMMON = {
  'probe-name': probeName.optional().describe('How logs and metrics call this probe; otherwise its kind.'),
  every: every.optional().describe('How often it runs. 1s unless said.'),
  timeout: durationBetween(1, 600_000, 'from 1ms to 10m')
    .optional()
    .describe('How long an answer may take. 300ms unless said, 2s for commands.'),
  fast: every
    .optional()
    .describe('How often it runs while a failure is being confirmed. A tenth of every unless said.'),
  slow: duration.optional().describe('A good answer slower than this counts as slow.'),
  'on-failure': oneOf('down', 'degraded')
    .optional()
    .describe('What a failure means: it counts against the service (down), or only degrades it.'),
};
/** What a probe of a port may say. */
const PORT = {
  ...COMMON,
  watch: flag
    .optional()
    .describe(
      'Where the port is open on this machine, look twenty times a second whether it still is, and ask at once when not. True unless said.',
    ),
};
const target = address.optional().describe('Asked instead of the service addresses.');
const port = (usual: number) => whole(1, 65535, 'a port').optional().describe(`Port ${usual} unless said.`);
const needPort = whole(1, 65535, 'a port').describe('The port to ask.');

const statusRange = scalar(
  'a status such as 200, or a range such as 200-299',
  (t): readonly [number, number] | undefined => {
    const m = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(t);
    const [from, to] = [Number(m?.[1]), Number(m?.[2] ?? m?.[1])];
    return m && from <= to ? [from, to] : undefined;
  },
  { type: ['integer', 'string'] },
);
const HTTP = (usual: number) => ({
  target,
  port: port(usual),
  path: scalar('a path that starts with /', (t) => (/^\/[^\s#]*$/.test(t) ? t : undefined), {
    type: 'string',
  })
    .optional()
    .describe('What is fetched. / unless said.'),
  host: text('a host name').optional().describe('The Host header.'),
  method: oneOf('GET', 'HEAD').optional(),
  status: oneOrMore(statusRange, 50).optional().describe('Good status codes. 200-299 unless said.'),
  body: text('a text that the body contains', 4096).optional().describe('A text the body has to contain.'),
});
const TLS = {
  name: text('a host name').optional().describe('The name asked for and checked in the certificate.'),
  verify: flag.optional().describe('Whether the certificate has to be valid for the name. True unless said.'),
  'certificate-days': whole(0, 3650)
    .optional()
    .describe('Days the certificate has to be valid for still. 0 unless said.'),
};
const EXCHANGE = {
  target,
  port: needPort,
  send: text('a text', 4096).optional().describe('What is sent.'),
  expect: text('a text', 4096).optional().describe('What the answer has to contain.'),
};

/** Program and arguments in one text, split as a shell would split it, without any of a shell's other powers. */
export function splitCommand(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const rest = line.replace(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g, (word) => {
    const bare = word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, escaped?: string) =>
        double !== undefined ? double.replace(/\\(.)/g, '$1') : (single ?? escaped ?? ''),
    );
    words.push(bare);
    return '';
  });
  return rest.trim() === '' && words.length > 0 ? words : undefined;
}

const command = z.union(
  [
    scalar('a command line whose quotes are closed', splitCommand, { type: 'string' }),
    listOf(text('a program or an argument', 4096), 100).min(1, { error: 'a program and its arguments' }),
  ],
  { error: 'a command line, or a list of program and arguments' },
);

/** The options of each kind, and the rest that the file may leave out. */
const KINDS = {
  dns: mapping({
    ...PORT,
    target,
    port: port(53),
    over: oneOf('udp', 'tcp').optional(),
    name: text('a domain name').describe('The name asked for.'),
    type: oneOf(...RECORD_TYPES)
      .optional()
      .describe('The record type asked for. SOA unless said.'),
    class: oneOf('IN', 'CH').optional(),
    rcode: oneOf(...RCODES).optional(),
    answer: oneOrMore(text('an answer', 1024), 50)
      .optional()
      .describe('Texts that have to be among the answers.'),
    serial: mapping({
      of: address.describe('The server whose SOA serial is the measure.'),
      behind: whole(0, 0x7fff_ffff)
        .optional()
        .describe('How far behind it our serial may be. 0 unless said.'),
    })
      .transform(({ of, behind }) => ({ of, behind: behind ?? 0 }))
      .optional(),
    identity: flag.optional().describe('The answer has to come from this very site.'),
  }),
  http: mapping({ ...PORT, ...HTTP(80) }),
  https: mapping({ ...PORT, ...HTTP(443), ...TLS }),
  tcp: mapping({ ...PORT, ...EXCHANGE }),
  udp: mapping({ ...PORT, ...EXCHANGE }),
  tls: mapping({ ...PORT, ...TLS, target, port: port(443) }),
  ntp: mapping({
    ...PORT,
    target,
    port: port(123),
    'max-stratum': whole(1, 15).optional().describe('4 unless said.'),
    'max-offset': duration.optional().describe('How far its time may be from ours.'),
  }),
  icmp: mapping({ ...COMMON, target }),
  command: mapping({
    ...COMMON,
    run: command.describe('Program and arguments. No shell reads them.'),
    nagios: flag
      .optional()
      .describe('Exit codes of monitoring plugins: 0 good, 1 warning, 2 and above bad. True unless said.'),
  }),
  systemd: mapping({ ...COMMON, unit: text('a unit such as named.service') }),
  address: mapping({ ...COMMON, interface: text('an interface').optional() }),
  process: mapping({
    ...COMMON,
    'pid-file': scalar('an absolute path', (t) => (t.startsWith('/') ? t : undefined), { type: 'string' }),
  }),
} satisfies { readonly [K in ProbeKind]: z.ZodType };

export const PROBE_KINDS = Object.keys(KINDS) as readonly ProbeKind[];

const optional = <T extends z.ZodType>(schema: T) => schema.optional();
type Optionals = { [K in ProbeKind]: z.ZodOptional<(typeof KINDS)[K]> };

/** One probe; its value has the key it was given by, so that its options keep their place in complaints. */
export const PROBE = z
  .strictObject(
    Object.fromEntries(Object.entries(KINDS).map(([k, s]) => [k, optional(s)])) as unknown as Optionals,
    {
      error: `one of: ${PROBE_KINDS.join(', ')}`,
    },
  )
  .transform((probe, ctx): NamedProbe => {
    if (Object.keys(probe).length === 1) return complete(probe as Given);
    if (ctx.issues.length === 0)
      ctx.issues.push({ code: 'custom', message: `exactly one of: ${PROBE_KINDS.join(', ')}`, input: probe });
    return z.NEVER;
  });

/** Settings of all probes, in the file's section of defaults. */
export const PROBE_DEFAULTS = mapping({
  every: COMMON.every,
  timeout: COMMON.timeout,
  fast: COMMON.fast,
  slow: COMMON.slow,
});

type Given = { [K in ProbeKind]?: z.output<(typeof KINDS)[K]> };

/** A probe with all that was left out filled in, and the name it was given. */
export interface NamedProbe {
  readonly name?: string;
  readonly probe: Probe;
}

function complete(given: Given): NamedProbe {
  const kind = Object.keys(given)[0] as ProbeKind;
  const { probeName: name, ...own } = given[kind] as { readonly probeName?: string; readonly every?: Millis };
  const every = own.every ?? millis(1000);
  const common = {
    every,
    timeout: kind === 'command' || kind === 'systemd' ? millis(2000) : millis(300),
    fast: millis(Math.max(50, Math.round(every / 10))),
    onFailure: 'down' as const,
  };
  const probe = { kind, ...common, ...USUAL[kind], ...own } as Probe;
  return { ...(name === undefined ? {} : { name }), probe };
}

const HTTP_USUAL = { path: '/', method: 'GET', status: [[200, 299]] } as const;
const TLS_USUAL = { verify: true, certificateDays: 0 } as const;

/** What each kind assumes where the file says nothing. */
export const USUAL: { readonly [K in ProbeKind]: Partial<Extract<Probe, { kind: K }>> } = {
  dns: { port: 53, over: 'udp', type: 'SOA', class: 'IN', rcode: 'NOERROR', answer: [], identity: false },
  http: { port: 80, ...HTTP_USUAL },
  https: { port: 443, ...HTTP_USUAL, ...TLS_USUAL },
  tcp: {},
  udp: {},
  tls: { port: 443, ...TLS_USUAL },
  ntp: { port: 123, maxStratum: 4 },
  icmp: {},
  command: { nagios: true },
  systemd: {},
  address: {},
  process: {},
};
