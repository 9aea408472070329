/** The file of `nearcast speak`, key by key. */
import * as z from 'zod';
import { type Address, type Millis, millis, parseAddress, seconds } from '../../base/index.ts';
import { flag, listOf, mapping, namedMap, oneOf, oneOrMore, text, whole } from '../../plan/index.ts';
import { parseExtendedCommunity, parsePath, type Segment } from '../../wire/index.ts';
import type { SecretSource } from './config.ts';
import { COMMUNITY_SET, FAMILY, PATH_SET, POLICY, PREFIX_SET, RULES } from './rules.ts';
import {
  address,
  asn,
  community,
  duration,
  largeCommunity,
  prefix,
  readDuration,
  readFlag,
  scalar,
} from './shape.ts';

const U32 = 0xffff_ffff;
const PORT = whole(1, 65535, 'a port');

/** How many peers, policies or sets of a kind a file may have. */
const MOST_NAMES = 10_000;

/** `198.51.100.1`, `2001:db8::1`, `fe80::1%eth0`. */
const PEER_ADDRESS = scalar(
  'an IPv4 or IPv6 address, or a link-local one with its interface: fe80::1%eth0',
  (t) => {
    const [bare, zone, ...more] = t.split('%');
    const read = parseAddress(bare ?? '');
    if (!read || more.length > 0 || zone === '') return undefined;
    return { address: read, ...(zone === undefined ? {} : { zone }) };
  },
);

/** `0.0.0.0`, `:179`, `192.0.2.1:1179`, `[::]:179`, `::`. */
const ENDPOINT = scalar('an address, :port, address:port, or [IPv6 address]:port', (t) => {
  const whole = parseAddress(t);
  if (whole) return { addresses: [whole], port: 179 };
  const m = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(t);
  const port = Number(m?.[3]);
  if (!m || port < 1 || port > 65535) return undefined;
  const host = m[1] ?? m[2] ?? '';
  if (host === '') return { addresses: ANY, port };
  const one = parseAddress(host);
  return one && { addresses: [one], port };
});

export const ANY: readonly Address[] = ['::' as Address, '0.0.0.0' as Address];

const LISTEN = z.union(
  [
    scalar('nothing', (t) => (t === 'none' || readFlag(t) === false ? [] : undefined)),
    oneOrMore(ENDPOINT, 100),
  ],
  { error: 'an address, :port, address:port, [IPv6 address]:port, a list of them, or none' },
);

const PEER_ASN = z.union(
  [scalar('any', (t): 'any' | undefined => (t === 'any' ? t : undefined)), oneOrMore(asn)],
  {
    error: 'an AS number, a list of them, or any',
  },
);

const PASSWORD = scalar(
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how the operator writes it.
  'a reference to a secret: ${NAME} for the environment, or file:PATH; never the secret itself',
  (t): SecretSource | undefined => {
    const env = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(t);
    if (env) return { from: 'env', name: env[1] as string };
    const file = /^file:(\S+)$/.exec(t);
    return file ? { from: 'file', path: file[1] as string } : undefined;
  },
);

const INTERFACE = scalar('the name of an interface', (t) => (/^[^\s/]{1,15}$/.test(t) ? t : undefined));

const HOLD_TIME = scalar('a time of whole seconds from 3s to 65535s (RFC 4271 §4.2), or off', (t) =>
  readFlag(t) === false ? seconds(0) : wholeSeconds(t, 3, 65535),
);
const SEND_HOLD_TIME = scalar('a time from 8s to 1d, longer than the hold time (RFC 9687), or off', (t) =>
  readFlag(t) === false ? seconds(0) : wholeSeconds(t, 8, 86_400),
);

function wholeSeconds(t: string, from: number, to: number): Millis | undefined {
  const ms = readDuration(t);
  return ms !== undefined && ms % 1000 === 0 && ms >= from * 1000 && ms <= to * 1000 ? ms : undefined;
}

const GRACEFUL_RESTART = z.union(
  [
    scalar('on or off', (t) => {
      const on = readFlag(t);
      return on === undefined ? undefined : { restartTime: on ? seconds(120) : seconds(0) };
    }),
    scalar('a time', (t) => {
      const time = wholeSeconds(t, 1, 4095);
      return time === undefined ? undefined : { restartTime: time };
    }),
  ],
  { error: 'true, false, or for how long the peer keeps our routes: 1s to 4095s (RFC 4724 §3)' },
);

const BFD = z.union(
  [
    scalar('true or false', (t) => {
      const on = readFlag(t);
      return on === undefined ? undefined : on ? { interval: millis(300), multiplier: 3 } : ('off' as const);
    }),
    mapping({
      interval: duration(10, 60_000, '10ms to 60s').optional(),
      multiplier: whole(1, 255).optional(),
    }).transform((b) => ({ interval: b.interval ?? millis(300), multiplier: b.multiplier ?? 3 })),
  ],
  { error: 'true, false, or a mapping with: interval, multiplier' },
);

const TTL_SECURITY = scalar('true, false, or the most hops the peer may be away (1 to 254)', (t) => {
  const on = readFlag(t);
  if (on !== undefined) return on ? 1 : 0;
  return /^\d{1,3}$/.test(t) && Number(t) >= 1 && Number(t) <= 254 ? Number(t) : undefined;
});

const MULTIHOP = scalar('true, false, or a number of hops from 2 to 255', (t) => {
  const on = readFlag(t);
  if (on !== undefined) return on ? 255 : 0;
  return /^\d{1,3}$/.test(t) && Number(t) >= 2 && Number(t) <= 255 ? Number(t) : undefined;
});

const ADD_PATH = z.union(
  [
    scalar('true or false', (t) => {
      const on = readFlag(t);
      return t === 'receive' ? true : on;
    }),
    oneOrMore(FAMILY, 2),
  ],
  { error: 'receive, true, false, or a list of: ipv4, ipv6' },
);

const COUNT = whole(1, 100_000_000, 'a number of prefixes');
const LIMIT_ENTRY = mapping({
  limit: COUNT,
  warn: scalar('a number of prefixes, or a share such as 80%', (t) => {
    const m = /^(\d{1,9})(%?)$/.exec(t);
    const n = Number(m?.[1]);
    return m && n >= 1 && (m[2] === '' || n <= 100) ? { n, share: m[2] === '%' } : undefined;
  }).optional(),
  restart: duration(1000, 7 * 86_400_000, '1s to 7d').optional(),
});
export type FileLimit = z.output<typeof LIMIT_ENTRY>;
const LIMIT = z.union([COUNT.transform((limit): FileLimit => ({ limit })), LIMIT_ENTRY], {
  error: 'a number of prefixes, or a mapping with: limit, warn, restart',
});
const MAX_PREFIX = z.union([LIMIT, mapping({ ipv4: LIMIT.optional(), ipv6: LIMIT.optional() })], {
  error:
    'a number of prefixes, or a mapping with: limit, warn, restart; or one of these for each of: ipv4, ipv6',
});

/** What may also stand in `peer-defaults`. */
const SHARED = {
  port: PORT.optional(),
  enabled: flag.optional(),
  passive: flag.optional(),
  'local-address': address.optional(),
  interface: INTERFACE.optional(),
  password: PASSWORD.optional(),
  'password-file': text('the path of a file', 4096).optional(),
  'ttl-security': TTL_SECURITY.optional(),
  multihop: MULTIHOP.optional(),
  'hold-time': HOLD_TIME.optional(),
  'send-hold-time': SEND_HOLD_TIME.optional(),
  'connect-retry': duration(1000, 3_600_000, '1s to 1h').optional(),
  families: oneOrMore(FAMILY, 2).optional(),
  'local-role': oneOf('provider', 'customer', 'peer', 'rs', 'rs-client').optional(),
  'role-strict': flag.optional(),
  bfd: BFD.optional(),
  'graceful-restart': GRACEFUL_RESTART.optional(),
  'add-path': ADD_PATH.optional(),
  'extended-messages': flag.optional(),
  'extended-next-hop': flag.optional(),
  'max-prefix': MAX_PREFIX.optional(),
  import: POLICY.optional(),
  export: POLICY.optional(),
  'next-hop-self': flag.optional(),
  'route-server-client': flag.optional(),
  'enforce-first-as': flag.optional(),
};

export const PEER_DEFAULTS = mapping({ ...SHARED, asn: PEER_ASN.optional() });

const PEER = mapping({
  address: PEER_ADDRESS,
  asn: PEER_ASN.optional(),
  description: text('a text', 1000).optional(),
  ...SHARED,
});

const AS_PATH = scalar(
  'AS numbers with spaces between, an AS_SET in braces: 64501 64502 {64503,64504}',
  (t): readonly Segment[] | undefined => {
    const path = parsePath(t);
    return path && path.flatMap((s) => s.asns).length <= 500 ? path : undefined;
  },
);

const ATTRIBUTES = {
  'next-hop': address.optional(),
  origin: oneOf('igp', 'egp', 'incomplete').optional(),
  'as-path': AS_PATH.optional(),
  prepend: whole(1, 32).optional(),
  med: whole(0, U32).optional(),
  'local-pref': whole(0, U32).optional(),
  communities: oneOrMore(community).optional(),
  'large-communities': oneOrMore(largeCommunity).optional(),
  'extended-communities': oneOrMore(
    scalar('an extended community such as rt:64500:1', parseExtendedCommunity),
  ).optional(),
};

const ANNOUNCE_ENTRY = mapping({
  prefix: oneOrMore(prefix, 100_000).optional(),
  'from-file': text('the path of a file with one prefix a line', 4096).optional(),
  ...ATTRIBUTES,
}).refine((a) => a.prefix !== undefined || a.fromFile !== undefined, {
  error: 'at least one of: prefix, from-file',
});
export type FileAnnouncement = z.output<typeof ANNOUNCE_ENTRY>;
const ANNOUNCE = z.union([prefix.transform((one): FileAnnouncement => ({ prefix: [one] })), ANNOUNCE_ENTRY], {
  error: 'a prefix, or a mapping with: prefix, from-file, next-hop, med, communities and others',
});

const IDENTIFIER = scalar('a router id: four numbers with dots, not 0.0.0.0 (RFC 6286)', (t) => {
  const read = t.includes(':') ? undefined : parseAddress(t);
  return read === '0.0.0.0' ? undefined : read;
});

/** The whole file. */
export const FILE = mapping({
  asn,
  id: IDENTIFIER,
  listen: LISTEN.optional(),
  'peer-defaults': PEER_DEFAULTS.optional(),
  peers: namedMap(PEER, 'a mapping from names to peers', MOST_NAMES).optional(),
  policies: namedMap(RULES, 'a mapping from names to lists of rules', MOST_NAMES).optional(),
  'prefix-sets': namedMap(PREFIX_SET, 'a mapping from names to lists of prefixes', MOST_NAMES).optional(),
  'community-sets': namedMap(
    COMMUNITY_SET,
    'a mapping from names to lists of communities',
    MOST_NAMES,
  ).optional(),
  'path-sets': namedMap(PATH_SET, 'a mapping from names to lists of path conditions', MOST_NAMES).optional(),
  announce: listOf(ANNOUNCE, 100_000).optional(),
  'best-path': mapping({
    'always-compare-med': flag.optional(),
    'compare-router-id': flag.optional(),
    'med-missing-worst': flag.optional(),
  }).optional(),
  control: text('the path of a Unix socket, or none', 100).optional(),
  log: oneOf('error', 'warn', 'info', 'debug').optional(),
  journal: text('the path of a file', 4096).optional(),
});

export type File = z.output<typeof FILE>;
export type FilePeer = z.output<typeof PEER>;
export type FileDefaults = z.output<typeof PEER_DEFAULTS>;
