/** One peer of the file, completed: what it says, what the defaults say, and what follows from its address and AS. */
import { type Address, familyOf, isLinkLocal, type Millis, seconds } from '../../base/index.ts';
import type { Path } from '../../plan/index.ts';
import { ACCEPT_ALL, type Policy, REJECT_ALL } from '../../policy/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from '../../wire/index.ts';
import { complain } from './complain.ts';
import type { PrefixLimit, SecretSource, SpeakPeer } from './config.ts';
import { inlineName } from './policies.ts';
import type { Context } from './read.ts';
import type { FileDefaults, FileLimit, FilePeer } from './schema.ts';

/** Where a peer lives; no two may live at the same. */
export interface PeerPlace {
  readonly name: string;
}

/** RFC 9687 §5: the greater of 8 minutes and twice the hold time. */
const SEND_HOLD_LEAST = 480_000;

/** Undefined when a complaint makes the rest pointless. */
export function completePeer(
  name: string,
  own: FilePeer,
  defaults: FileDefaults,
  context: Context,
  places: Map<string, PeerPlace>,
): SpeakPeer | undefined {
  const path: Path = ['peers', name];
  const given = { ...defaults, ...own };
  const wrong = (key: string, allowed: string, found?: string) =>
    context.complaints.push(complain(context.source, [...path, key], allowed, found ? { found } : {}));

  const { address, zone } = given.address;
  if (given.asn === undefined) {
    wrong('asn', 'an AS number, a list of them, or any; here or in peer-defaults');
    return undefined;
  }
  const internal = given.asn !== 'any' && given.asn.every((asn) => asn === context.asn);
  if (!internal && given.asn !== 'any' && given.asn.includes(context.asn))
    wrong('asn', 'our own AS alone (iBGP), or only others (eBGP)');
  const scope = zone ?? given.interface;
  if (isLinkLocal(address) && scope === undefined)
    wrong('address', `an interface with a link-local address: ${address}%eth0`);
  if (zone !== undefined && given.interface !== undefined && zone !== given.interface)
    wrong('interface', `${zone}, which the address names`);
  if (given.localAddress && familyOf(given.localAddress) !== familyOf(address))
    wrong('local-address', `an IPv${familyOf(address)} address, like the peer's`);
  const key = `${address}%${isLinkLocal(address) ? scope : ''} ${given.port ?? 179}`;
  const twin = places.get(key);
  if (twin) wrong('address', `an address of its own; ${twin.name} has this one`);
  else places.set(key, { name });

  if (given.ttlSecurity && given.multihop)
    wrong('multihop', 'either multihop or ttl-security: it takes the number of hops');
  for (const [word, set] of [
    ['local-role', given.localRole !== undefined],
    ['route-server-client', given.routeServerClient],
  ] as const)
    if (internal && set) wrong(word, 'nothing: this peer is in our own AS');
  if (given.roleStrict && given.localRole === undefined)
    wrong('role-strict', 'a local-role with it (RFC 9234)');

  const holdTime = given.holdTime ?? seconds(90);
  const sendHoldTime = given.sendHoldTime ?? (Math.max(SEND_HOLD_LEAST, 2 * holdTime) as Millis);
  if (sendHoldTime > 0 && sendHoldTime <= holdTime)
    wrong('send-hold-time', `a time longer than the hold time, ${holdTime / 1000}s (RFC 9687)`);

  const families = given.families ?? [familyOf(address) === 4 ? IPV4_UNICAST : IPV6_UNICAST];
  const addPath = given.addPath === true ? families : given.addPath || [];
  if (addPath.some((f) => !families.includes(f)))
    wrong('add-path', `families of this session: ${families.map((f) => f.slice(0, 4)).join(', ')}`);

  const password = passwordOf(own, context) ?? passwordOf(defaults, context);
  if (own.password && own.passwordFile !== undefined)
    wrong('password-file', 'either password or password-file');
  const limits = limitsOf(given.maxPrefix, families);
  const fallback = internal ? ACCEPT_ALL : REJECT_ALL;
  return {
    name,
    ...(own.description === undefined ? {} : { description: own.description }),
    address,
    port: given.port ?? 179,
    asn: given.asn,
    enabled: given.enabled ?? true,
    passive: given.passive ?? false,
    ...(given.localAddress ? { localAddress: given.localAddress as Address } : {}),
    ...(scope === undefined ? {} : { interface: scope }),
    ...(password ? { password } : {}),
    ...(given.ttlSecurity ? { ttlSecurity: given.ttlSecurity } : {}),
    ...(given.multihop ? { multihop: given.multihop } : {}),
    holdTime,
    sendHoldTime,
    connectRetry: given.connectRetry ?? seconds(30),
    families,
    ...(given.localRole ? { role: given.localRole } : {}),
    roleStrict: given.roleStrict ?? false,
    ...(given.bfd && given.bfd !== 'off' ? { bfd: given.bfd } : {}),
    ...(given.gracefulRestart && given.gracefulRestart.restartTime > 0
      ? { gracefulRestart: given.gracefulRestart }
      : {}),
    addPath,
    extendedMessages: given.extendedMessages ?? true,
    extendedNextHop: given.extendedNextHop ?? false,
    ...limits,
    import: policyOf('import', name, own, defaults, context) ?? fallback,
    export: policyOf('export', name, own, defaults, context) ?? fallback,
    nextHopSelf: given.nextHopSelf ?? false,
    transparent: given.routeServerClient ?? false,
    // A route server leaves its own AS out (RFC 7947 §2.2.2.1), so the first AS is never its own.
    enforceFirstAs: given.enforceFirstAs ?? (!internal && given.localRole !== 'rs-client'),
  };
}

function policyOf(
  way: 'import' | 'export',
  name: string,
  own: FilePeer,
  defaults: FileDefaults,
  { policies }: Context,
): Policy | undefined {
  const [given, path] =
    own[way] === undefined ? [defaults[way], ['peer-defaults']] : [own[way], ['peers', name]];
  if (given === undefined) return undefined;
  const key = typeof given === 'string' ? given : inlineName(path, way);
  return Object.hasOwn(policies, key) ? policies[key] : undefined;
}

function passwordOf(given: FileDefaults, { locate }: Context): SecretSource | undefined {
  const source =
    given.password ??
    (given.passwordFile === undefined ? undefined : { from: 'file' as const, path: given.passwordFile });
  return source?.from === 'file' ? { from: 'file', path: locate(source.path) } : source;
}

function limitsOf(
  given: FileDefaults['maxPrefix'],
  families: readonly Family[],
): Pick<SpeakPeer, 'maxPrefix' | 'maxPrefixRestart'> {
  if (given === undefined) return { maxPrefix: {} };
  const of = (family: Family): FileLimit | undefined =>
    'limit' in given ? given : family === IPV4_UNICAST ? given.ipv4 : given.ipv6;
  const maxPrefix: { [family: Family]: PrefixLimit } = {};
  const restarts: Millis[] = [];
  for (const family of families) {
    const limit = of(family);
    if (!limit) continue;
    const { warn, restart } = limit;
    const warnAt = warn && (warn.share ? Math.max(1, Math.floor((limit.limit * warn.n) / 100)) : warn.n);
    maxPrefix[family] = { limit: limit.limit, ...(warnAt === undefined ? {} : { warnAt }) };
    if (restart !== undefined) restarts.push(restart);
  }
  return {
    maxPrefix,
    ...(restarts.length > 0 ? { maxPrefixRestart: Math.min(...restarts) as Millis } : {}),
  };
}
