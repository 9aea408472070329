/**
 * What a plan may say and still should not: each finding has a code, a severity, a place in the plan and a sentence that
 * says what to do. `error` means that it cannot work or does harm, `warning` that it probably is not meant, `note` that
 * it is worth knowing.
 */
import {
  type Address,
  type Asn,
  covers,
  familyOf,
  hostPrefix,
  type IpFamily,
  isDocumentationAsn,
  isLinkLocal,
  isPrivateAsn,
  isReservedAsn,
  type Prefix,
  prefixFamily,
  prefixLength,
} from '../base/index.ts';
import { formatPath, type Path, type Place } from './complaint.ts';
import { type Atlas, locateSites } from './places.ts';
import { announcedTo, type Plan, type Service, type Site, sitesOf, type Upstream } from './plan.ts';
import { specialSpace } from './special-space.ts';

export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly code: LintCode;
  readonly severity: Severity;
  /** In the plan: `['sites', 'fra', 'upstreams', 'as64601', 'password']`. */
  readonly path: Path;
  readonly message: string;
  /** In the file, when `where` was given. */
  readonly place?: Place;
}

/** A validated ROA payload (RFC 6482): who may announce what. */
export interface Roa {
  readonly prefix: Prefix;
  readonly maxLength: number;
  readonly asn: Asn;
}

export interface LintOptions {
  /** The plan is meant for the public internet. */
  readonly production?: boolean;
  /** All that is known about our space; absent: not checked. */
  readonly roas?: readonly Roa[];
  /** The cities that are known; absent: places are not checked. */
  readonly atlas?: Atlas;
  /** From `parsePlan`. */
  readonly where?: (path: Path) => Place;
}

type Say = (severity: Severity, path: Path, message: string) => void;
interface Rule {
  readonly about: string;
  check(plan: Plan, say: Say, options: LintOptions): void;
}

/** The longest prefixes that the internet at large accepts. */
const LONGEST = { 4: 24, 6: 48 } as const;

const RULES = {
  'own-as-neighbour': {
    about: 'An upstream has our own AS number and is not marked as internal.',
    check: (plan, say) =>
      eachUpstream(plan, (u, path) => {
        if (u.asn === plan.asn && u.role !== 'internal')
          say(
            'error',
            [...path, 'asn'],
            `${u.asn} is our own AS number; if that is meant, say role: internal`,
          );
        if (u.asn !== plan.asn && u.role === 'internal')
          say('error', [...path, 'role'], `internal neighbours have our own AS number, ${plan.asn}`);
      }),
  },
  'unusable-as': {
    about: 'An AS number that no neighbour may use, or that means nothing on the public internet.',
    check: (plan, say, { production }) => {
      const judge = (asn: Asn, path: Path) => {
        if (isReservedAsn(asn)) say('error', path, `${asn} is reserved (RFC 7607, RFC 6793, RFC 7300)`);
        else if (production && isDocumentationAsn(asn))
          say('error', path, `${asn} is for documentation (RFC 5398)`);
        else if (production && isPrivateAsn(asn))
          say(path.length === 1 ? 'error' : 'warning', path, `${asn} is for private use (RFC 6996)`);
      };
      judge(plan.asn, ['asn']);
      eachUpstream(plan, (u, path) => judge(u.asn, [...path, 'asn']));
    },
  },
  'too-specific': {
    about: 'A prefix longer than the internet accepts.',
    check: (plan, say, { production }) => {
      const upstreams = Object.values(plan.sites).flatMap((site) => Object.values(site.upstreams));
      if (upstreams.length > 0 && upstreams.every((u) => u.role === 'internal')) return;
      for (const [i, prefix] of plan.prefixes.entries()) {
        const most = LONGEST[prefixFamily(prefix)];
        const message = `${prefix} is longer than /${most}; most networks would not accept it`;
        if (prefixLength(prefix) > most) say(production ? 'error' : 'warning', ['prefixes', i], message);
      }
    },
  },
  'special-space': {
    about: 'Documentation, private or reserved space where the public internet is meant.',
    check: (plan, say, { production }) => {
      for (const [i, prefix] of plan.prefixes.entries()) {
        const special = specialSpace(prefix);
        if (special && (production || special.kind === 'reserved'))
          say('error', ['prefixes', i], `${prefix} is ${special.what}; nobody will route it`);
      }
      if (!production) return;
      eachUpstream(plan, (u, path) => {
        const special = isLinkLocal(u.address) ? undefined : specialSpace(hostPrefix(u.address));
        if (special?.kind === 'documentation')
          say('error', [...path, 'address'], `${u.address} is ${special.what}`);
      });
    },
  },
  'no-roa': {
    about: 'A prefix for which no ROA names our AS.',
    check: (plan, say, { roas }) => {
      if (!roas) return;
      for (const [i, prefix] of plan.prefixes.entries()) {
        const covering = roas.filter((roa) => covers(roa.prefix, prefix));
        if (covering.some((roa) => roa.asn === plan.asn && roa.maxLength >= prefixLength(prefix))) continue;
        if (covering.length === 0)
          say('warning', ['prefixes', i], `no ROA covers ${prefix}; it can be hijacked more easily`);
        else
          say(
            'error',
            ['prefixes', i],
            `${prefix} from AS${plan.asn} is invalid: ROAs allow only ${covering.map((r) => `${r.prefix} up to /${r.maxLength} from AS${r.asn}`).join(', ')}`,
          );
      }
    },
  },
  'loose-roa': {
    about: 'A ROA that allows more-specifics which nobody announces (RFC 9319).',
    check: (plan, say, { roas }) => {
      for (const roa of roas ?? []) {
        if (roa.asn !== plan.asn || roa.maxLength <= prefixLength(roa.prefix)) continue;
        const i = plan.prefixes.findIndex((prefix) => covers(roa.prefix, prefix));
        const used = Math.max(0, ...plan.prefixes.filter((p) => covers(roa.prefix, p)).map(prefixLength));
        if (i >= 0 && roa.maxLength > used)
          say(
            'warning',
            ['prefixes', i],
            `the ROA for ${roa.prefix} allows up to /${roa.maxLength}, but nothing longer than /${used} is announced; a forged path to AS${plan.asn} could take a more-specific (RFC 9319 §5)`,
          );
      }
    },
  },
  'no-password': {
    about: 'An external session over which anyone near could inject, without TCP MD5 or GTSM.',
    check: (plan, say, { production }) => {
      if (!production) return;
      eachUpstream(plan, (u, path) => {
        const guarded = u.password !== undefined || u.ttlSecurity !== undefined || isLinkLocal(u.address);
        if (guarded || isLoopback(u.address)) return;
        const far = u.multihop > 1;
        say(
          far ? 'warning' : 'note',
          path,
          `neither password nor ttl-security${far ? ', and the neighbour is hops away' : ''}`,
        );
      });
    },
  },
  'wanted-password': {
    about: 'One session of a neighbour has a password and another has none.',
    check: (plan, say) => {
      const wanting = new Set<Asn>();
      eachUpstream(plan, (u) => u.password && wanting.add(u.asn));
      eachUpstream(plan, (u, path) => {
        if (wanting.has(u.asn) && u.password === undefined)
          say('warning', path, `AS${u.asn} has a password elsewhere, and none here`);
      });
    },
  },
  'address-outside': {
    about: 'A service address that no announced prefix covers.',
    check: (plan, say) =>
      eachService(plan, (service, path) => {
        for (const [i, address] of service.address.entries())
          if (!plan.prefixes.some((prefix) => covers(prefix, hostPrefix(address))))
            say('error', [...path, 'address', i], `${address} is in none of ${plan.prefixes.join(', ')}`);
      }),
  },
  'one-family': {
    about: 'A service on one family only, or a prefix of a family that nothing is served on.',
    check: (plan, say) =>
      eachService(plan, (service, path) => {
        for (const family of [4, 6] as const) {
          const other = family === 4 ? 6 : 4;
          if (has(service.address, family) && !has(service.address, other))
            say('note', [...path, 'address'], `served on IPv${family} only`);
        }
      }),
  },
  'family-not-carried': {
    about: 'A prefix that no upstream of a site carries.',
    check: (plan, say) =>
      eachSite(plan, (site, path) => {
        const upstreams = Object.values(site.upstreams);
        if (upstreams.length === 0) return;
        for (const prefix of plan.prefixes)
          if (!upstreams.some((u) => announcedTo(plan, u).includes(prefix)))
            say(
              'warning',
              [...path, 'upstreams'],
              `${prefix} is announced to nobody here; see families and announce`,
            );
      }),
  },
  'next-hop-missing': {
    about: 'An IPv6 prefix over an IPv4 session without a next hop for it.',
    check: (plan, say) =>
      eachUpstream(plan, (u, path) => {
        if (familyOf(u.address) === 4 && u.families.includes(6) && !u.nextHop.some((a) => familyOf(a) === 6))
          say('error', [...path, 'families'], 'IPv6 over an IPv4 session needs an IPv6 next-hop');
      }),
  },
  'no-upstream': {
    about: 'A site without an upstream.',
    check: (plan, say) =>
      eachSite(plan, (site, path) => {
        if (!Object.values(site.upstreams).some((u) => u.enabled))
          say('error', path, 'no upstream that is enabled; nothing is announced here');
      }),
  },
  'duplicate-upstream': {
    about: 'The same neighbour address twice.',
    check: (plan, say) => {
      const first = new Map<string, string>();
      eachUpstream(plan, (u, path) => {
        const own = `${u.address} ${u.interface ?? ''} ${u.port} ${u.localAddress ?? ''}`;
        const site = String(path[1]);
        const other = first.get(own);
        if (other === undefined) first.set(own, formatPath(path));
        else {
          const same = other.startsWith(`sites.${site}.`);
          if (same || !isLinkLocal(u.address))
            say(
              same ? 'error' : 'note',
              [...path, 'address'],
              `${u.address} is also the address of ${other}`,
            );
        }
      });
    },
  },
  'one-site': {
    about: 'One site is no anycast.',
    check: (plan, say) => {
      if (Object.keys(plan.sites).length === 1)
        say('warning', ['sites'], 'one site only; when it leaves, nothing is left');
      eachService(plan, (service, path) => {
        const sites = sitesOf(plan, service);
        if (Object.keys(plan.sites).length > 1 && sites.length === 1)
          say('warning', [...path, 'sites'], `served at ${sites[0]} only`);
      });
    },
  },
  'keep-too-many': {
    about: 'A guard that lets no site ever leave.',
    check: (plan, say) => {
      const count = Object.keys(plan.sites).length;
      if (plan.guard.keep >= count && count > 1)
        say('error', ['guard', 'keep'], `keeps ${plan.guard.keep} of ${count} sites; none may ever leave`);
    },
  },
  'keep-without-controller': {
    about: 'A guard that counts on a controller which is not named.',
    check: (plan, say) => {
      if (plan.controller === undefined && Object.keys(plan.sites).length > 1)
        say(
          'note',
          ['guard'],
          'no controller is named: every site judges alone, and nothing stops the last one from leaving',
        );
    },
  },
  'capacity-missing': {
    about: 'remaining-capacity is asked for and a site does not say what it can carry.',
    check: (plan, say) => {
      if (!plan.guard.remainingCapacity) return;
      eachSite(plan, (site, path) => {
        if (site.capacity === undefined)
          say('warning', path, 'no capacity, which guard.remaining-capacity needs');
      });
    },
  },
  'no-probe': {
    about: 'A service that nothing asks.',
    check: (plan, say) =>
      eachService(plan, (service, path) => {
        const counted = Object.values(service.probes).filter((p) => p.onFailure === 'down');
        if (counted.length === 0)
          say('warning', path, 'no probe counts against it; it is announced whatever happens');
      }),
  },
  'slow-probe': {
    about: 'A probe that may take longer than it is asked often.',
    check: (plan, say) =>
      eachService(plan, (service, path) => {
        for (const [name, probe] of Object.entries(service.probes))
          if (probe.timeout > probe.every)
            say(
              'warning',
              [...path, 'probes', name, 'timeout'],
              'longer than every; rounds would overlap and are skipped',
            );
      }),
  },
  'probe-elsewhere': {
    about: 'A probe of the anycast address that another site may answer.',
    check: (plan, say) =>
      eachService(plan, (service, path) => {
        const asked = Object.values(service.probes).some((p) => 'port' in p && p.target === undefined);
        const here = Object.values(service.probes).some(
          (p) => p.kind === 'address' || (p.kind === 'dns' && p.identity),
        );
        if (asked && !here && service.addTo === undefined)
          say(
            'note',
            path,
            'probes ask the anycast address; unless it is on this host another site answers. Add a probe address:, or add-to: lo',
          );
      }),
  },
  'unknown-place': {
    about: 'A place that no city of the table is.',
    check: (plan, say, { atlas }) => {
      if (!atlas) return;
      for (const [name, { place, nearest }] of Object.entries(locateSites(plan, atlas).missing))
        if (place === undefined)
          say('note', ['sites', name], 'no place, so it is on no map and predicts no latency');
        else
          say(
            'warning',
            ['sites', name, 'place'],
            `${place} is not known${nearest ? `; did you mean ${nearest}?` : ''}; coordinates would do as well`,
          );
    },
  },
  'unicast-inside': {
    about: "A site's own address inside an anycast prefix.",
    check: (plan, say) =>
      eachSite(plan, (site, path) => {
        for (const [i, address] of site.unicast.entries())
          if (plan.prefixes.some((prefix) => covers(prefix, hostPrefix(address))))
            say(
              'error',
              [...path, 'unicast', i],
              `${address} is anycast; it does not lead to this site alone`,
            );
      }),
  },
  'router-id-shared': {
    about: 'Two sites with one BGP identifier, or an anycast address as one.',
    check: (plan, say) => {
      const owner = new Map<Address, string>();
      eachSite(plan, (site, path) => {
        const other = owner.get(site.routerId);
        if (other !== undefined)
          say('error', [...path, 'routerId'], `${site.routerId} is ${other}'s (RFC 6286)`);
        else if (plan.prefixes.some((prefix) => covers(prefix, hostPrefix(site.routerId))))
          say(
            'warning',
            [...path, 'routerId'],
            `${site.routerId} is an anycast address, equal at every site`,
          );
        owner.set(site.routerId, String(path[1]));
      });
    },
  },
  'long-restart': {
    about: 'A restart time longer than the hold time.',
    check: (plan, say) =>
      eachUpstream(plan, (u, path) => {
        if (u.gracefulRestart !== undefined && u.holdTime > 0 && u.gracefulRestart > u.holdTime)
          say(
            'note',
            [...path, 'gracefulRestart'],
            'longer than the hold time: a site whose agent died keeps its traffic for as long (RFC 4724 §3)',
          );
      }),
  },
  'restart-with-bfd': {
    about: 'BFD and graceful restart with the same neighbour.',
    check: (plan, say) =>
      eachUpstream(plan, (u, path) => {
        if (u.gracefulRestart !== undefined && u.bfd !== undefined)
          say(
            'warning',
            [...path, 'gracefulRestart'],
            `does nothing beside bfd: that ends with the agent and says so (C = 0), so the neighbour forgets the routes after ${u.bfd.multiplier} intervals (RFC 5882 §4.3.2). Have bfd, to be gone quickly, or this, to stay over a restart`,
          );
      }),
  },
  'prepend-inside': {
    about: 'Prepends towards a router in our own AS.',
    check: (plan, say) =>
      eachUpstream(plan, (u, path) => {
        if (u.role === 'internal' && u.prepend > 0)
          say(
            'warning',
            [...path, 'prepend'],
            'nothing is prepended inside our own AS, where it would be a loop (RFC 4271 §9.1.2); let the router prepend to those outside',
          );
      }),
  },
  'open-controller': {
    about: 'A controller over plain HTTP that is not on this host.',
    check: (plan, say) => {
      for (const [i, url] of (plan.controller?.endpoints ?? []).entries())
        if (/^http:/.test(url) && !/^http:\/\/(127\.|localhost|\[::1\])/.test(url))
          say(
            'error',
            ['controller', 'endpoints', i],
            'plain HTTP; anyone on the way could hand out tickets',
          );
    },
  },
} satisfies { readonly [code: string]: Rule };

export type LintCode = keyof typeof RULES;

/** What each code is about, for help and documentation. */
export const LINTS: { readonly [C in LintCode]: string } = Object.fromEntries(
  Object.entries(RULES).map(([code, rule]) => [code, rule.about]),
) as { [C in LintCode]: string };

const ORDER: readonly Severity[] = ['error', 'warning', 'note'];

/** Everything that is unwise in a plan, the worst first. */
export function lint(plan: Plan, options: LintOptions = {}): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [code, rule] of Object.entries(RULES) as [LintCode, Rule][])
    rule.check(
      plan,
      (severity, path, message) =>
        findings.push({
          code,
          severity,
          path,
          message,
          ...(options.where ? { place: options.where(path) } : {}),
        }),
      options,
    );
  return findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

/** `network.yaml:9:7: warning [wanted-password] sites.fra.upstreams.as64601: …`. */
export function formatFinding(finding: Finding): string {
  const { place } = finding;
  const where = place ? `${place.file}:${place.line}:${place.column}: ` : '';
  return `${where}${finding.severity} [${finding.code}] ${formatPath(finding.path)}: ${finding.message}`;
}

function eachSite(plan: Plan, visit: (site: Site, path: Path) => void): void {
  for (const [name, site] of Object.entries(plan.sites)) visit(site, ['sites', name]);
}

function eachUpstream(plan: Plan, visit: (upstream: Upstream, path: Path) => void): void {
  eachSite(plan, (site, path) => {
    for (const [name, upstream] of Object.entries(site.upstreams))
      visit(upstream, [...path, 'upstreams', name]);
  });
}

function eachService(plan: Plan, visit: (service: Service, path: Path) => void): void {
  for (const [name, service] of Object.entries(plan.services)) visit(service, ['services', name]);
}

function has(addresses: readonly Address[], family: IpFamily): boolean {
  return addresses.some((address) => familyOf(address) === family);
}

function isLoopback(address: Address): boolean {
  return address.startsWith('127.') || address === '::1';
}
