/** The plan file, key by key. From this one source come the checks, the editors' JSON Schema and the names that complaints suggest. */
import * as z from 'zod';
import {
  type Community,
  type LargeCommunity,
  millis,
  parseCommunity,
  parseLargeCommunity,
  seconds,
} from '../base/index.ts';
import type { Action, Bfd, Combine, Coordinates, DegradedBy, Role } from './plan.ts';
import { PROBE, PROBE_DEFAULTS } from './probe-schema.ts';
import { EXPORT_RULES, IMPORT_RULES } from './rule-schema.ts';
import {
  address,
  asn,
  bitRate,
  community,
  duration,
  durationBetween,
  flag,
  flapBudget,
  ipv4Address,
  jsonSchema,
  largeCommunity,
  listOf,
  mapping,
  NAME,
  NAME_WORDS,
  namedMap,
  oneOf,
  oneOrMore,
  prefix,
  rate,
  scalar,
  secret,
  text,
  whole,
} from './shape.ts';

export const ROLES = [
  'provider',
  'peer',
  'customer',
  'route-server',
  'route-server-client',
  'internal',
] as const satisfies readonly Role[];

const BFD = z.union(
  [
    scalar(
      'true, false, or a mapping with: interval, multiplier',
      (t): Bfd | false | undefined =>
        t === 'true' ? { interval: millis(300), multiplier: 3 } : t === 'false' ? false : undefined,
      { type: 'boolean' },
    ),
    mapping({
      interval: durationBetween(10, 60_000, 'from 10ms to 60s')
        .optional()
        .describe('Between packets. 300ms unless said.'),
      multiplier: whole(1, 255).optional().describe('Packets that may be missed. 3 unless said.'),
    }).transform((b): Bfd => ({ interval: millis(b.interval ?? 300), multiplier: b.multiplier ?? 3 })),
  ],
  { error: 'true, false, or a mapping with: interval, multiplier' },
);

/** `true` for directly connected, or the most hops a packet may have come over. */
const TTL_SECURITY = scalar(
  'true, false, or the most hops a packet may have come over (1 to 254)',
  (t) =>
    t === 'true' ? 1 : t === 'false' ? 0 : /^\d{1,3}$/.test(t) && +t >= 1 && +t <= 254 ? +t : undefined,
  { type: ['boolean', 'integer'] },
);

const OFF_OR_TIME = scalar(
  'a time up to 4095s, or off',
  (t) => {
    if (t === 'off' || t === 'false') return seconds(0);
    const m = /^(\d+)\s*(s|m)$/.exec(t);
    const s = m ? Number(m[1]) * (m[2] === 'm' ? 60 : 1) : Number.NaN;
    return s >= 1 && s <= 4095 ? seconds(s) : undefined;
  },
  { type: ['string', 'boolean'] },
);

const HOLD_TIME = scalar(
  'a time of whole seconds from 3s to 65535s (RFC 4271 §4.2), or off',
  (t) => {
    if (t === 'off') return seconds(0);
    const m = /^(\d+)\s*(s|m|h)$/.exec(t);
    const s = m ? Number(m[1]) * (m[2] === 'h' ? 3600 : m[2] === 'm' ? 60 : 1) : Number.NaN;
    return s >= 3 && s <= 65535 ? seconds(s) : undefined;
  },
  { type: 'string' },
);

const EFFECT_WORDS = 'prepend 1 … prepend 10, withhold, only, or local-preference N';
const ACTION = mapping({
  community: scalar(
    'a community such as 64601:100 or a large community such as 64601:1:2',
    (t): Community | LargeCommunity | undefined => parseCommunity(t) ?? parseLargeCommunity(t),
    { type: 'string' },
  ).describe('What is sent.'),
  do: scalar(
    EFFECT_WORDS,
    (t): Action['effect'] | undefined => {
      const m = /^(prepend|withhold|only|local-preference)(?:\s+(\d{1,10}))?$/.exec(t);
      const n = m?.[2] === undefined ? undefined : Number(m[2]);
      if (m?.[1] === 'prepend' && n !== undefined && n >= 1 && n <= 10) return { kind: 'prepend', times: n };
      if (m?.[1] === 'local-preference' && n !== undefined && n <= 0xffff_ffff)
        return { kind: 'local-preference', value: n };
      return n === undefined && (m?.[1] === 'withhold' || m?.[1] === 'only') ? { kind: m[1] } : undefined;
    },
    { type: 'string' },
  ).describe('What the upstream does on seeing it.'),
  to: oneOrMore(asn).optional().describe('Towards which of its neighbours; all unless said.'),
}).transform(({ community, do: effect, to }): Action => ({ community, effect, to: to ?? [] }));

const LESS_PREFERRED = {
  'graceful-shutdown': flag.optional().describe('Send GRACEFUL_SHUTDOWN (RFC 8326). True unless said.'),
  prepend: whole(0, 10)
    .optional()
    .describe(
      'Prepends in addition to the usual ones; inside our own AS LOCAL_PREF 0 instead. 3 unless said.',
    ),
  med: whole(0, 0xffff_ffff).optional().describe('Added to the usual MED. 100 unless said.'),
};

const ANNOUNCE = z.union([z.literal('all').transform((): 'all' => 'all'), oneOrMore(prefix)], {
  error: 'all, or a list of prefixes of this plan',
});

const FAMILY = oneOf('ipv4', 'ipv6').transform((f) => (f === 'ipv4' ? (4 as const) : (6 as const)));

const UPSTREAM_SHAPE = {
  name: scalar(`a name: ${NAME_WORDS}`, (t) => (NAME.test(t) ? t : undefined), { type: 'string' })
    .optional()
    .describe('How commands and logs call it; as64601 unless said.'),
  asn: asn.describe('AS number of the neighbour.'),
  address: address.describe('Address of the neighbour.'),
  // Needed, but it may stand in the defaults; so `complete` asks for it.
  role: oneOf(...ROLES)
    .optional()
    .describe('What the neighbour is to us (RFC 9234).'),
  port: whole(1, 65535, 'a port').optional(),
  description: text('a text', 1000).optional(),
  enabled: flag.optional(),
  passive: flag.optional().describe('Wait for the neighbour to connect.'),
  'local-address': address.optional().describe('Our end of the session.'),
  interface: scalar('an interface', (t) => (/^[^\s/]{1,15}$/.test(t) ? t : undefined), { type: 'string' })
    .optional()
    .describe('Where a link-local neighbour lives.'),
  families: oneOrMore(FAMILY, 2)
    .optional()
    .describe('Families on this session; the one of its address unless said.'),
  'next-hop': oneOrMore(address, 2)
    .optional()
    .describe('Next hops to announce, one per family; our own end unless said.'),
  password: secret.optional().describe(`TCP MD5 (RFC 2385): \${NAME} or file:/path.`),
  multihop: whole(1, 255, 'hops').optional().describe('Hops the neighbour may be away.'),
  'ttl-security': TTL_SECURITY.optional().describe(
    'GTSM (RFC 5082): true, or the most hops a packet may have come over.',
  ),
  'hold-time': HOLD_TIME.optional().describe('90s unless said.'),
  bfd: BFD.optional(),
  'graceful-restart': OFF_OR_TIME.optional().describe(
    'How long the neighbour keeps our routes over a restart; off unless said.',
  ),
  'maximum-prefixes': whole(1, 10_000_000).optional(),
  announce: ANNOUNCE.optional().describe('all, or the prefixes announced here.'),
  prepend: whole(0, 50).optional().describe('How many times our number is prepended.'),
  med: whole(0, 0xffff_ffff).optional().describe('Always sent. 0 unless said.'),
  communities: oneOrMore(community).optional(),
  'large-communities': oneOrMore(largeCommunity).optional(),
  actions: listOf(ACTION, 100).optional().describe('Communities whose effect at the upstream is known.'),
  'less-preferred': mapping(LESS_PREFERRED).optional(),
  import: IMPORT_RULES.optional(),
  export: EXPORT_RULES.optional(),
};

/** One upstream, as the file gives it. */
export const UPSTREAM = mapping(UPSTREAM_SHAPE);

const COORDINATES = scalar(
  'latitude and longitude in degrees, such as 50.11, 8.68',
  (t): Coordinates | undefined => {
    const m = /^(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)$/.exec(t);
    const [latitude, longitude] = [Number(m?.[1]), Number(m?.[2])];
    return m && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined;
  },
  { type: 'string' },
);

const SITE = mapping({
  id: whole(1, 0xff_ffff)
    .optional()
    .describe('Number of the site; its position in the file unless said. Best said, so that it stays.'),
  place: text('a place such as Frankfurt, DE').optional().describe('City, country.'),
  coordinates: COORDINATES.optional(),
  capacity: bitRate.optional().describe('What the site can serve.'),
  'load-interface': text('an interface')
    .optional()
    .describe(
      'The interface whose byte counters say what the site carries; its load is reported to the controller.',
    ),
  'router-id': ipv4Address.optional().describe('BGP identifier; made from the id unless said.'),
  unicast: oneOrMore(address, 16).optional().describe('Addresses of this site alone.'),
  hostname: text('a DNS name').optional().describe('DNS name of this site alone.'),
  upstreams: listOf(UPSTREAM, 256).optional(),
});

const COMBINE = scalar(
  'all, any, or quorum 2',
  (t): Combine | undefined => {
    if (t === 'all' || t === 'any') return { kind: t };
    const m = /^quorum\s+(\d{1,3})$/.exec(t);
    return m && Number(m[1]) > 0 ? { kind: 'quorum', count: Number(m[1]) } : undefined;
  },
  { type: 'string' },
);

const DEGRADED_BY: readonly DegradedBy[] = ['partial', 'slow', 'warning'];
const SERVICE_DEFAULTS_SHAPE = {
  combine: COMBINE.optional().describe(
    'How many probes have to be good: all, any, or quorum 2. All unless said.',
  ),
  rise: whole(1, 1000).optional().describe('Good rounds in a row until up. 3 unless said.'),
  fall: whole(1, 1000).optional().describe('Failed rounds in a row until down. 2 unless said.'),
  'min-stable': duration
    .optional()
    .describe('After a fall, good for this long before it is up again. 5s unless said.'),
  flaps: flapBudget
    .optional()
    .describe('How often it may come back. "5 per 10m, then wait 30s up to 10m" unless said.'),
  degraded: z
    .union(
      [
        z.literal('never').transform((): DegradedBy[] => []),
        oneOrMore(oneOf(...(DEGRADED_BY as readonly ['partial', 'slow', 'warning'])), 3),
      ],
      {
        error: 'never, or a list of: partial, slow, warning',
      },
    )
    .optional()
    .describe('What turns an up service degraded. slow and warning unless said.'),
  'when-down': oneOf('withdraw', 'less-preferred', 'ignore')
    .optional()
    .describe('What the site does about it. withdraw unless said.'),
  'add-to': text('an interface such as lo', 15)
    .optional()
    .describe('The agent puts the addresses on this interface.'),
};

const SERVICE = mapping({
  address: oneOrMore(address, 64).describe('The anycast addresses it is served on.'),
  sites: z
    .union([z.literal('all').transform((): 'all' => 'all'), oneOrMore(text('the name of a site', 63))], {
      error: 'all, or a list of sites',
    })
    .optional()
    .describe('The sites that run it; all unless said.'),
  probes: listOf(PROBE, 32).optional().describe('What is asked of it.'),
  ...SERVICE_DEFAULTS_SHAPE,
});

/** The sections of defaults; each key is overridden where the thing itself says otherwise. */
export const DEFAULTS = mapping({
  upstream: mapping(
    Object.fromEntries(
      Object.entries(UPSTREAM_SHAPE)
        .filter(([key]) => key !== 'name' && key !== 'asn' && key !== 'address')
        .map(([key, schema]) => [
          key,
          schema instanceof z.ZodOptional ? schema : (schema as z.ZodType).optional(),
        ]),
    ),
  ).optional(),
  service: mapping(SERVICE_DEFAULTS_SHAPE).optional(),
  probe: PROBE_DEFAULTS.optional(),
});

const GUARD = mapping({
  keep: whole(0, 1000).optional().describe('Sites that have to stay in. 1 unless said.'),
  leave: rate.optional().describe('How many sites may leave how fast. 1 per 30s unless said.'),
  'remaining-capacity': flag.optional().describe('Refuse when the rest could not carry the load.'),
  last: oneOf('less-preferred', 'full', 'withdrawn')
    .optional()
    .describe('What a refused site announces. less-preferred unless said.'),
  lease: durationBetween(2000, 86_400_000, 'from 2s to 1d')
    .optional()
    .describe('How long a ticket is good for. 60s unless said.'),
  drift: durationBetween(0, 3_600_000, 'up to 1h')
    .optional()
    .describe('How far clocks may drift apart over one lease. 1s unless said.'),
});

const DRAIN = mapping({
  'less-preferred': mapping(LESS_PREFERRED)
    .optional()
    .describe('For all upstreams that do not say otherwise.'),
  settle: duration.optional().describe('Time at less preferred before emptiness is judged. 10s unless said.'),
  empty: mapping({
    sessions: whole(0, 1_000_000_000).optional(),
    traffic: bitRate.optional(),
    for: duration.optional(),
  }).optional(),
  deadline: duration.optional().describe('How long to wait for emptiness. 10m unless said.'),
  'at-deadline': oneOf('withdraw', 'stay', 'abort')
    .optional()
    .describe('What happens then. withdraw unless said.'),
  gone: duration.optional().describe('How long outside views may still show the route. 5m unless said.'),
  return: duration.optional().describe('Time at less preferred on the way back. 10s unless said.'),
});

const ENDPOINT = scalar(
  'a URL such as https://controller.example.net:4786',
  (t) => (/^https?:\/\/[^\s/?#@]+(\/[^\s?#@]*)?$/.test(t) ? t : undefined),
  { type: 'string' },
);
const CONTROLLER = z.union(
  [
    oneOrMore(ENDPOINT, 16).transform((endpoints) => ({ endpoints })),
    mapping({
      endpoints: oneOrMore(ENDPOINT, 16),
      token: secret.optional(),
      ca: scalar('an absolute path', (t) => (t.startsWith('/') ? t : undefined), {
        type: 'string',
      }).optional(),
    }),
  ],
  { error: 'a URL, a list of them, or a mapping with: endpoints, token, ca' },
);

/** The whole file. */
export const FILE = mapping({
  network: text('a name for the network', 63).describe('Name of the network.'),
  asn: asn.describe('Our AS number.'),
  prefixes: oneOrMore(prefix).describe('The anycast prefixes.'),
  sites: namedMap(SITE, 'a mapping from site names to sites').describe('Where we announce.'),
  services: namedMap(SERVICE, 'a mapping from service names to services')
    .optional()
    .describe('What is served.'),
  guard: GUARD.optional().describe('What may refuse a withdrawal.'),
  drain: DRAIN.optional().describe('How a site leaves and comes back.'),
  controller: CONTROLLER.optional().describe('Who hands out tickets; without one every site judges alone.'),
  identity: mapping({ function: whole(0, 0xffff_ffff).optional() })
    .optional()
    .describe('The middle part of the large community that names a site.'),
  defaults: DEFAULTS.optional().describe('What upstreams, services and probes share.'),
});

export type File = z.output<typeof FILE>;
export type FileUpstream = z.output<typeof UPSTREAM>;
export type FileSite = z.output<typeof SITE>;
export type FileService = z.output<typeof SERVICE>;

/** The JSON Schema of a plan file (draft 7), for editors. */
export function planSchema(): { readonly [key: string]: unknown } {
  const schema = jsonSchema(FILE) as { readonly [key: string]: unknown };
  return {
    ...schema,
    title: 'nearcast plan',
    patternProperties: { '^x-': {} },
  };
}
