/**
 * Routes as one line of text, for the tests of this room: `64500 64501; nh 192.0.2.1; med 5; comm 64500:1`. The path comes
 * first; the rest is in the order of type codes. ORIGIN is left out while it is IGP.
 */
import type { Address, Community, LargeCommunity } from '../base/index.ts';
import {
  ATTRIBUTES,
  type Attribute,
  type ExtendedCommunity,
  FLAG,
  formatPath,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type Origin,
  parsePath,
  type Segment,
} from '../wire/index.ts';

/** The attributes that a line names. A next hop with a colon goes into an MP_REACH_NLRI of the family that `v4` says. */
export function attrs(line: string, v4 = false): readonly Attribute[] {
  const [path = '', ...parts] = line.split(';').map((t) => t.trim());
  const out: Attribute[] = [];
  const asPath: Attribute = { kind: 'asPath', path: parsePath(path) as readonly Segment[] };
  let origin: Origin = 'igp';
  for (const part of parts) {
    const [key = '', ...values] = part.split(' ');
    const value = values[0] ?? '';
    if (key === 'origin') origin = value as Origin;
    else out.push(attr(key, values, v4));
  }
  const reach = out.filter((a) => a.kind === 'mpReach');
  return [...reach, { kind: 'origin', origin }, asPath, ...out.filter((a) => a.kind !== 'mpReach')];
}

function attr(key: string, values: readonly string[], v4: boolean): Attribute {
  const value = values[0] ?? '';
  switch (key) {
    case 'nh':
      return value.includes(':')
        ? {
            kind: 'mpReach',
            family: v4 ? IPV4_UNICAST : IPV6_UNICAST,
            nextHop: value as Address,
            ...(values[1] ? { linkLocal: values[1] as Address } : {}),
            announced: [],
          }
        : { kind: 'nextHop', nextHop: value as Address };
    case 'med':
      return { kind: 'med', med: Number(value) };
    case 'lp':
      return { kind: 'localPref', localPref: Number(value) };
    case 'atomic':
      return { kind: 'atomicAggregate' };
    case 'aggregator':
      return { kind: 'aggregator', asn: Number(value), address: values[1] as Address };
    case 'comm':
      return { kind: 'communities', communities: values as readonly Community[] };
    case 'originator':
      return { kind: 'originatorId', id: value as Address };
    case 'clusters':
      return { kind: 'clusterList', ids: values as readonly Address[] };
    case 'ext':
      return { kind: 'extendedCommunities', communities: values as readonly ExtendedCommunity[] };
    case 'aigp':
      return { kind: 'aigp', metric: value };
    case 'large':
      return { kind: 'largeCommunities', communities: values as readonly LargeCommunity[] };
    case 'otc':
      return { kind: 'otc', asn: Number(value) };
    default: {
      // `x99/c0 0102`: an attribute that nobody knows, with its flags.
      const [code, flags] = key.slice(1).split('/');
      return { kind: 'unknown', code: Number(code), flags: Number.parseInt(flags ?? 'c0', 16), data: value };
    }
  }
}

/** The line that names these attributes. */
export function lineOf(attributes: readonly Attribute[]): string {
  const parts = [''];
  for (const a of attributes) {
    // Flags are shown where they are odd; Extended Length is not.
    const flags = a.kind === 'unknown' || a.flags === undefined ? 0 : a.flags & ~FLAG.extendedLength;
    const odd =
      a.kind === 'unknown' || flags === 0 || flags === ATTRIBUTES[a.kind].flags
        ? ''
        : `/${flags.toString(16)}`;
    const text = textOf(a);
    if (a.kind === 'asPath') parts[0] = formatPath(a.path) + odd;
    else if (text !== '') parts.push(text.replace(/^\S+/, (key) => key + odd));
  }
  return parts.join('; ');
}

function textOf(a: Attribute): string {
  switch (a.kind) {
    case 'asPath':
    case 'mpUnreach':
    case 'mpUnreachOpaque':
      return '';
    case 'origin':
      return a.origin === 'igp' ? '' : `origin ${a.origin}`;
    case 'nextHop':
      return `nh ${a.nextHop}`;
    case 'mpReach':
      return `nh ${a.nextHop}${a.linkLocal ? ` ${a.linkLocal}` : ''}`;
    case 'med':
      return `med ${a.med}`;
    case 'localPref':
      return `lp ${a.localPref}`;
    case 'atomicAggregate':
      return 'atomic';
    case 'aggregator':
      return `aggregator ${a.asn} ${a.address}`;
    case 'communities':
      return `comm ${a.communities.join(' ')}`;
    case 'originatorId':
      return `originator ${a.id}`;
    case 'clusterList':
      return `clusters ${a.ids.join(' ')}`;
    case 'extendedCommunities':
      return `ext ${a.communities.join(' ')}`;
    case 'aigp':
      return `aigp ${a.metric}`;
    case 'largeCommunities':
      return `large ${a.communities.join(' ')}`;
    case 'otc':
      return `otc ${a.asn}`;
    case 'unknown':
      return `x${a.code}/${a.flags.toString(16)} ${a.data}`;
    case 'as4Path':
      return `as4path ${formatPath(a.path)}`;
    default:
      return a.kind;
  }
}
