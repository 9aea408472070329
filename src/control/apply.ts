/** The fold: a snapshot and an event give the next snapshot. Nothing else is needed to be where the network was. */
import { never } from '../base/index.ts';
import type { Body, Event } from './event.ts';
import type { Site, Snapshot, Upstream } from './snapshot.ts';
import { VERSION } from './version.ts';

type Sites = Snapshot['sites'];

/**
 * The snapshot after an event; both share what did not change. One that is in the snapshot already changes nothing. An event
 * about a site, an upstream or a vantage that the snapshot does not have changes its position alone.
 */
export function apply(snapshot: Snapshot, event: Event): Snapshot {
  const { run, seq, at } = event;
  if (run === snapshot.run && seq <= snapshot.seq) return snapshot;
  const next =
    event.kind === 'start'
      ? { version: VERSION as typeof VERSION, ...event.is }
      : change(snapshot, event, at);
  return { ...next, run, seq, at };
}

/**
 * The snapshot after all of these events, one after another. As `apply` for each; what moves often is copied once for all of them
 * and not once for each.
 */
export function applyAll(snapshot: Snapshot, events: readonly Event[]): Snapshot {
  let s = snapshot;
  /** Made here, so that nobody else sees it change. */
  let vantages: { [name: string]: Snapshot['vantages'][string] } | undefined;
  for (const event of events) {
    const { run, seq, at } = event;
    if (event.kind !== 'landing' || (run === s.run && seq <= s.seq)) {
      s = apply(s, event);
      continue;
    }
    if (vantages === undefined || vantages !== s.vantages) vantages = { ...s.vantages };
    const vantage = own(vantages, event.vantage);
    if (vantage) vantages[event.vantage] = { ...vantage, landing: { ...event.is, at } };
    s = { ...s, vantages, run, seq, at };
  }
  return s;
}

function change(s: Snapshot, event: Exclude<Body, { kind: 'start' }>, at: number): Snapshot {
  switch (event.kind) {
    case 'process':
      return inSite(s, event.site, { process: { ...event.is, at } });
    case 'drain':
      return inSite(s, event.site, { drain: { ...event.is, at } });
    case 'freeze': {
      const { frozen: _, ...rest } = own(s.sites, event.site) ?? ({} as Site);
      return replaceSite(s, event.site, event.is ? { ...rest, frozen: { ...event.is, at } } : rest);
    }
    case 'verdict':
      return inSite(s, event.site, (site) => ({
        verdicts: { ...site.verdicts, [event.service]: { ...event.is, at } },
      }));
    case 'decision':
      return inSite(s, event.site, (site) => ({
        decisions: { ...site.decisions, [event.scope]: { ...event.is, at } },
      }));
    case 'ticket':
      return inSite(s, event.site, (site) => ({
        tickets: { ...site.tickets, [event.scope]: { ...event.is, at } },
      }));
    case 'session':
      return inUpstream(s, event, () => ({ session: { ...event.is, at } }));
    case 'announcement':
      return inUpstream(s, event, ({ announcements }) => {
        const { [event.prefix]: _, ...rest } = announcements;
        return { announcements: event.is ? { ...announcements, [event.prefix]: { ...event.is, at } } : rest };
      });
    case 'guard':
      return { ...s, guard: { ...s.guard, [event.scope]: { ...event.is, at } } };
    case 'landing': {
      const vantage = own(s.vantages, event.vantage);
      if (!vantage) return s;
      const landed = { ...vantage, landing: { ...event.is, at } };
      return { ...s, vantages: { ...s.vantages, [event.vantage]: landed } };
    }
    case 'traffic':
      return counted(s, event, at);
    case 'fault':
      return { ...s, faults: { ...s.faults, [event.id]: { ...event.is, at } } };
    case 'healed': {
      const { [event.id]: _, ...faults } = s.faults;
      return { ...s, faults };
    }
    case 'order':
    case 'note':
      return s;
    default:
      return never(event);
  }
}

function counted(s: Snapshot, event: Extract<Body, { kind: 'traffic' }>, at: number): Snapshot {
  const vantages = { ...s.vantages };
  for (const [name, requests] of Object.entries(event.vantages)) {
    const vantage = own(vantages, name);
    if (vantage) vantages[name] = { ...vantage, requests: { ...requests, at } };
  }
  const sites = { ...s.sites };
  for (const [name, load] of Object.entries(event.sites)) {
    const site = own(sites, name);
    if (site) sites[name] = { ...site, load: { ...load, at } };
  }
  return { ...s, vantages, sites };
}

function inSite(s: Snapshot, name: string, part: Partial<Site> | ((site: Site) => Partial<Site>)): Snapshot {
  const site = own(s.sites, name);
  if (!site) return s;
  return replaceSite(s, name, { ...site, ...(typeof part === 'function' ? part(site) : part) });
}

function replaceSite(s: Snapshot, name: string, site: Site): Snapshot {
  return own(s.sites, name) ? { ...s, sites: { ...s.sites, [name]: site } satisfies Sites } : s;
}

function inUpstream(
  s: Snapshot,
  { site, upstream }: { readonly site: string; readonly upstream: string },
  part: (upstream: Upstream) => Partial<Upstream>,
): Snapshot {
  return inSite(s, site, ({ upstreams }) => {
    const known = own(upstreams, upstream);
    return known ? { upstreams: { ...upstreams, [upstream]: { ...known, ...part(known) } } } : {};
  });
}

/** What a record has itself under a name: a site may be called `constructor`. */
export function own<T>(record: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
