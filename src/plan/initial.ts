/** A first plan from a few answers, commented, so that the file itself says what to do next. */
import { parseAsn, parsePrefix } from '../base/index.ts';
import { formatComplaint } from './complaint.ts';
import { parsePlan } from './parse.ts';

/** What is asked; every answer as it was typed. */
export interface Answers {
  readonly network?: string;
  readonly asn: string;
  readonly prefixes: readonly string[];
  readonly sites: readonly AnsweredSite[];
  readonly services?: readonly AnsweredService[];
  readonly controller?: string;
}

export interface AnsweredSite {
  readonly name: string;
  readonly place?: string;
  readonly capacity?: string;
  readonly upstreams?: readonly AnsweredUpstream[];
}

/** Further settings as the file spells them: `{ prepend: '2' }`. */
export type AnsweredUpstream = { readonly asn: string; readonly address: string; readonly role?: string } & {
  readonly [setting: string]: string | undefined;
};

export interface AnsweredService {
  readonly name: string;
  readonly addresses: readonly string[];
  /** One of the kinds of probes. */
  readonly probe?: string;
}

export interface Question {
  readonly key: 'network' | 'asn' | 'prefixes' | 'sites' | 'upstream' | 'service';
  readonly ask: string;
  readonly example: string;
  /** What is wrong with an answer, as a phrase of what is allowed. */
  check(answer: string): string | undefined;
}

const wants = (allowed: string, fits: (answer: string) => boolean) => (answer: string) =>
  fits(answer) ? undefined : allowed;

/** What to ask whoever has no plan yet, in this order; `upstream` once for each site. */
export const QUESTIONS: readonly Question[] = [
  {
    key: 'network',
    ask: 'What is the network called?',
    example: 'example',
    check: wants('a name', (a) => a.trim() !== ''),
  },
  {
    key: 'asn',
    ask: 'What is its AS number?',
    example: '64500',
    check: wants('an AS number such as 64500', (a) => parseAsn(a) !== undefined),
  },
  {
    key: 'prefixes',
    ask: 'Which prefixes are announced everywhere?',
    example: '203.0.113.0/24, 2001:db8:53::/48',
    check: wants('prefixes such as 203.0.113.0/24, with commas between', (a) =>
      a.split(',').every((p) => parsePrefix(p.trim()) !== undefined),
    ),
  },
  {
    key: 'sites',
    ask: 'Where are the sites? A short name and a place each.',
    example: 'fra Frankfurt, DE; nyc New York, US',
    check: wants('a name and a place each, with semicolons between', (a) =>
      splitSites(a).every((s) => /^[A-Za-z0-9][\w.-]*$/.test(s.name)),
    ),
  },
  {
    key: 'upstream',
    ask: 'Who announces it there? AS number and address of the neighbour.',
    example: '64601 198.51.100.1',
    check: wants(
      'an AS number and an address',
      (a) => /^\s*\S+\s+\S+\s*$/.test(a) && parseAsn(a.trim().split(/\s+/)[0] as string) !== undefined,
    ),
  },
  {
    key: 'service',
    ask: 'What is served, and on which addresses?',
    example: 'dns 203.0.113.53 2001:db8:53::53',
    check: wants('the kind of its probe (dns, http, https, tls, ntp, icmp) and addresses', (a) =>
      /^\s*(dns|http|https|tls|ntp|icmp)(\s+[\d.a-fA-F:]+)+\s*$/.test(a),
    ),
  },
];

/** `fra Frankfurt, DE; nyc New York, US` taken apart. */
export function splitSites(answer: string): readonly { readonly name: string; readonly place?: string }[] {
  return answer.split(';').map((part) => {
    const [name, ...place] = part.trim().split(/\s+/);
    return { name: name as string, ...(place.length > 0 ? { place: place.join(' ') } : {}) };
  });
}

/** The text of a plan. What the answers leave open is said in comments; whether they were right, `parsePlan` says. */
export function initialPlan(answers: Answers): string {
  const { network = 'example', asn, prefixes, sites, services = [], controller } = answers;
  const lines = [
    '# The plan of an anycast network. `nearcast check` says what is wrong with it, `nearcast predict` who would land where.',
    `network: ${yaml(network)}`,
    `asn: ${yaml(asn)}`,
    `prefixes: [${prefixes.map(yaml).join(', ')}]`,
    '',
    'sites:',
    ...sites.flatMap((site, i) => siteLines(site, i + 1)),
    '',
    ...(services.length > 0
      ? ['services:', ...services.flatMap(serviceLines)]
      : [
          '# What is served there, and how its health is asked. Without services a site announces as long as its agent runs.',
          '# services:',
          '#   dns:',
          '#     address: [203.0.113.53]',
          '#     probes:',
          '#       - dns: { name: example.com, every: 1s, timeout: 300ms }',
        ]),
    '',
    '# How many sites have to stay in, and how fast they may leave. Tickets are handed out by the controller; without one every',
    '# site judges alone, and nothing stops the last one from leaving.',
    `guard: { keep: ${sites.length > 1 ? 1 : 0}, leave: 1 per 30s }`,
    controller === undefined
      ? '# controller: https://controller.example.net:4786'
      : `controller: ${yaml(controller)}`,
    '',
  ];
  return lines.join('\n');
}

/** The plan and its text, or what is wrong with the answers. */
export function checkedInitialPlan(
  answers: Answers,
): { readonly text: string } | { readonly complaints: readonly string[] } {
  const text = initialPlan(answers);
  const parsed = parsePlan(text, { file: 'network.yaml' });
  return 'complaints' in parsed ? { complaints: parsed.complaints.map(formatComplaint) } : { text };
}

function siteLines(site: AnsweredSite, id: number): readonly string[] {
  const upstreams = site.upstreams ?? [];
  return [
    `  ${yaml(site.name)}:`,
    `    id: ${id}`,
    ...(site.place === undefined ? ['    # place: Frankfurt, DE'] : [`    place: ${yaml(site.place)}`]),
    ...(site.capacity === undefined ? ['    # capacity: 40 Gbps'] : [`    capacity: ${yaml(site.capacity)}`]),
    ...(upstreams.length === 0
      ? [
          '    # upstreams:',
          `    #   - { asn: 64601, address: 198.51.100.1, role: provider, password: \${MD5} }`,
        ]
      : ['    upstreams:', ...upstreams.map((u) => `      - { ${settings({ role: 'provider', ...u })} }`)]),
  ];
}

function settings(upstream: AnsweredUpstream): string {
  const { asn, address, role, ...rest } = upstream;
  return Object.entries({ asn, address, role, ...rest })
    .flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}: ${/^[[{]/.test(value) ? value : yaml(value)}`],
    )
    .join(', ');
}

const PROBES: { readonly [kind: string]: string } = {
  dns: '{ name: example.com, type: SOA, every: 1s, timeout: 300ms }   # a name that this server answers for',
  http: '{ path: /, every: 1s, timeout: 300ms }',
  https: '{ path: /, every: 1s, timeout: 500ms, certificate-days: 7 }',
  tls: '{ every: 1s, timeout: 500ms, certificate-days: 7 }',
  ntp: '{ every: 5s, timeout: 300ms }',
  icmp: '{ every: 1s, timeout: 300ms }',
};

function serviceLines(service: AnsweredService): readonly string[] {
  const probe = service.probe === undefined ? undefined : PROBES[service.probe];
  return [
    `  ${yaml(service.name)}:`,
    `    address: [${service.addresses.map(yaml).join(', ')}]`,
    '    probes:',
    ...(probe === undefined ? [] : [`      - ${service.probe}: ${probe}`]),
    '      - address: { interface: lo }   # the addresses are on this very host, so that no other site answers the probe',
  ];
}

/** A scalar that YAML reads as this text; quoted where it could be read otherwise. */
export function yaml(text: string): string {
  return /^[A-Za-z0-9/](?:[\w ./+-]|:(?=\S))*$/.test(text) && !text.endsWith(' ') && !text.endsWith(':')
    ? text
    : JSON.stringify(text);
}
