/** From a plan back to a file: as short as it can be said, and read back as the same plan. */
import { Document, isCollection } from 'yaml';
import { familyOf } from '../base/index.ts';
import { formatPrefixMatch, type PrefixMatch } from '../policy/index.ts';
import { DRAIN, GUARD, IDENTITY, LESS_PREFERRED, SERVICE, UPSTREAM } from './complete.ts';
import { type Json, same } from './difference.ts';
import type {
  Action,
  Combine,
  Coordinates,
  FlapBudget,
  Plan,
  Probe,
  Rate,
  Secret,
  Service,
  Site,
  Upstream,
} from './plan.ts';
import { USUAL } from './probe-schema.ts';
import { formatBitRate, formatDuration, formatFlaps, formatRate, formatSecret } from './units.ts';

type Mapping = { readonly [key: string]: unknown };

/** The YAML text of a plan. */
export function formatPlan(plan: Plan): string {
  const { sites, services, guard, drain, controller, identity, network, asn, prefixes } = plan;
  const file: Mapping = {
    network,
    asn,
    prefixes,
    sites: mapValues(sites, fileSite),
    ...(Object.keys(services).length > 0 ? { services: mapValues(services, fileService) } : {}),
    ...section('guard', guard, GUARD),
    ...section('drain', drain, DRAIN),
    ...(controller === undefined
      ? {}
      : {
          controller:
            controller.token === undefined && controller.ca === undefined
              ? controller.endpoints
              : dashedKeys(controller),
        }),
    ...section('identity', identity, IDENTITY),
  };
  const document = new Document(file, { aliasDuplicateObjects: false });
  for (const path of oneLiners(plan)) {
    const node = document.getIn(path, true);
    if (isCollection(node)) node.flow = true;
  }
  return document.toString({ lineWidth: 110, flowCollectionPadding: true });
}

/** What reads best on one line. */
function oneLiners(plan: Plan): readonly (readonly (string | number)[])[] {
  const entries = <T>(all: { readonly [name: string]: T }) => Object.entries(all);
  return [
    ...['prefixes', 'guard', 'drain', 'identity'].map((key) => [key]),
    ...entries(plan.sites).flatMap(([name, site]) => [
      ['sites', name, 'unicast'],
      ...Object.keys(site.upstreams).map((_, i) => ['sites', name, 'upstreams', i]),
    ]),
    ...entries(plan.services).flatMap(([name, service]) => [
      ...['address', 'sites', 'degraded'].map((key) => ['services', name, key]),
      ...Object.keys(service.probes).map((_, i) => ['services', name, 'probes', i]),
    ]),
  ];
}

/** One value as the file writes it, by the name of its key; what needs no translation stays. */
export function fileValue(key: string, value: unknown): unknown {
  const write = WRITERS[key];
  return write ? write(value) : value;
}

const bits = (v: unknown) => formatBitRate(v as number);
const time = (v: unknown) => formatDuration(v as number);
const secret = (v: unknown) => formatSecret(v as Secret);
const rules = (v: unknown) => (v as readonly Mapping[]).map(fileRule);
/** A number, a range, a change: `20`, `10-20`, `+5`, `remove`. */
const amount = (v: unknown) => {
  if (typeof v !== 'object' || v === null) return v;
  if ('add' in v) return `${Number(v.add) < 0 ? '-' : '+'}${Math.abs(Number(v.add))}`;
  const { ge, le } = v as { readonly ge?: number; readonly le?: number };
  return `${ge ?? 0}-${le ?? 0xffff_ffff}`;
};

const WRITERS: { readonly [key: string]: (value: unknown) => unknown } = {
  capacity: bits,
  traffic: bits,
  coordinates: (v) => `${(v as Coordinates).latitude}, ${(v as Coordinates).longitude}`,
  ...Object.fromEntries(
    'every timeout fast slow holdTime gracefulRestart interval minStable lease drift settle for deadline gone return maxOffset'
      .split(' ')
      .map((key) => [key, time]),
  ),
  holdTime: (v) => (v === 0 ? 'off' : `${Number(v) / 1000}s`),
  gracefulRestart: (v) => `${Number(v) / 1000}s`,
  leave: (v) => formatRate(v as Rate),
  flaps: (v) => formatFlaps(v as FlapBudget),
  password: secret,
  token: secret,
  combine: (v) =>
    (v as Combine).kind === 'quorum' ? `quorum ${(v as { count: number }).count}` : (v as Combine).kind,
  degraded: (v) => ((v as readonly string[]).length === 0 ? 'never' : v),
  families: (v) => (v as readonly number[]).map((family) => `ipv${family}`),
  actions: (v) =>
    (v as readonly Action[]).map(({ community, effect, to }) => ({
      community,
      do: effectText(effect),
      ...(to.length > 0 ? { to } : {}),
    })),
  lessPreferred: (v) => dashedKeys(v as Mapping),
  status: (v) => (v as readonly (readonly [number, number])[]).map(([a, b]) => (a === b ? a : `${a}-${b}`)),
  bfd: (v) => (same(v as Json, { interval: 300, multiplier: 3 }) ? true : dashedKeys(v as Mapping)),
  empty: (v) => dashedKeys(v as Mapping),
  import: rules,
  export: rules,
  med: amount,
  localPref: amount,
  length: amount,
  prefix: (v) => (v as readonly PrefixMatch[]).map(formatPrefixMatch),
  family: (v) => (v as readonly string[]).map((f) => f.replace('-unicast', '')),
  when: (v) => fileRule(v as Mapping),
  // biome-ignore lint/suspicious/noThenProperty: a rule's word
  then: (v) => dashedKeys(v as Mapping),
  path: (v) => (Array.isArray(v) ? v.map((p) => dashedKeys(p as Mapping)) : v),
  communities: (v) => (Array.isArray(v) ? v : dashedKeys(v as Mapping)),
  all: rules,
  any: rules,
  not: (v) => fileRule(v as Mapping),
};

export function effectText(effect: Action['effect']): string {
  if (effect.kind === 'prepend') return `prepend ${effect.times}`;
  return effect.kind === 'local-preference' ? `local-preference ${effect.value}` : effect.kind;
}

function fileSite(site: Site): Mapping {
  const { id, routerId, unicast, upstreams, ...rest } = site;
  const usual = `10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`;
  return dashedKeys({
    id,
    ...rest,
    ...(routerId === usual ? {} : { routerId }),
    ...(unicast.length > 0 ? { unicast } : {}),
    ...(Object.keys(upstreams).length > 0
      ? { upstreams: Object.entries(upstreams).map(([name, u]) => fileUpstream(name, u)) }
      : {}),
  });
}

function fileUpstream(name: string, upstream: Upstream): Mapping {
  const { asn, address, role, ...rest } = upstream;
  const usual = { ...UPSTREAM, families: [familyOf(address)], lessPreferred: LESS_PREFERRED };
  return dashedKeys({
    ...(name === `as${asn}` ? {} : { name }),
    asn,
    address,
    role,
    ...unusual(rest, usual),
  });
}

function fileService(service: Service): Mapping {
  const { address, probes, ...rest } = service;
  return dashedKeys({
    address,
    ...(Object.keys(probes).length > 0
      ? { probes: Object.entries(probes).map(([name, probe]) => fileProbe(name, probe)) }
      : {}),
    ...unusual(rest, SERVICE),
  });
}

function fileProbe(name: string, probe: Probe): Mapping {
  const { kind, ...rest } = probe;
  const slow = kind === 'command' || kind === 'systemd';
  const usual = {
    every: 1000,
    timeout: slow ? 2000 : 300,
    fast: Math.max(50, Math.round(probe.every / 10)),
    onFailure: 'down',
    ...USUAL[kind],
  };
  return { [kind]: dashedKeys({ ...(name === kind ? {} : { probeName: name }), ...unusual(rest, usual) }) };
}

function fileRule(rule: Mapping): Mapping {
  return dashedKeys(rule);
}

function section(name: string, value: object, usual: object): Mapping {
  const rest = unusual(value, usual);
  return Object.keys(rest).length > 0 ? { [name]: dashedKeys(rest) } : {};
}

/** The keys whose values are not the usual ones. */
function unusual(value: object, usual: object): Mapping {
  return Object.fromEntries(
    Object.entries(value).filter(([key, v]) => !same(v as Json, (usual as { [key: string]: Json })[key])),
  );
}

function dashedKeys(value: object): Mapping {
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
      fileValue(key, v),
    ]),
  );
}

function mapValues<T>(all: { readonly [name: string]: T }, write: (one: T) => unknown): Mapping {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, write(one)]));
}
