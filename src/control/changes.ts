/** The other direction of the fold: two worlds, and the events that lead from one to the other. */
import { own } from './apply.ts';
import type { Body } from './event.ts';
import type { Load, Requests } from './pieces.ts';
import type { Site, Upstream, Vantage, World } from './snapshot.ts';

type Named<T> = { readonly [name: string]: T };

/**
 * What has to happen for `before` to become `after`; instants within pieces do not count. Where sites, vantages, services or
 * the internet itself are others, a `start` says it all. Applied in order they give `after`.
 */
export function changes(before: World, after: World): readonly Body[] {
  if (!same(frame(before), frame(after))) return [{ kind: 'start', is: after }];
  const found: Body[] = [];
  for (const [scope, is] of differing(before.guard, after.guard)) found.push({ kind: 'guard', scope, is });
  for (const [name, is] of Object.entries(after.sites)) ofSite(name, before.sites[name] as Site, is, found);
  for (const [vantage, { landing }] of Object.entries(after.vantages)) {
    const was = (before.vantages[vantage] as Vantage).landing;
    if (alike(was, landing)) continue;
    const { site, upstream, rttMs, path } = was;
    found.push({
      kind: 'landing',
      vantage,
      was: {
        ...(site === undefined ? {} : { site }),
        ...(upstream === undefined ? {} : { upstream }),
        rttMs,
        path,
      },
      is: bare(landing),
    });
  }
  for (const [id, was] of Object.entries(before.faults))
    if (!Object.hasOwn(after.faults, id)) found.push({ kind: 'healed', id, was: bare(was) });
  for (const [id, is] of differing(before.faults, after.faults)) found.push({ kind: 'fault', id, is });
  const traffic = counts(before, after);
  return traffic ? [...found, traffic] : found;
}

function ofSite(site: string, before: Site, after: Site, found: Body[]): void {
  if (!alike(before.process, after.process))
    found.push({ kind: 'process', site, was: before.process.standing, is: bare(after.process) });
  for (const [service, is] of differing(before.verdicts, after.verdicts))
    found.push({ kind: 'verdict', site, service, was: before.verdicts[service]?.phase, is });
  if (!alike(before.drain, after.drain))
    found.push({ kind: 'drain', site, was: before.drain.phase, is: bare(after.drain) });
  if (!alike(before.frozen, after.frozen))
    found.push({ kind: 'freeze', site, ...(after.frozen ? { is: bare(after.frozen) } : {}) });
  for (const [scope, is] of differing(before.tickets, after.tickets))
    found.push({ kind: 'ticket', site, scope, was: before.tickets[scope]?.ticket, is });
  for (const [scope, is] of differing(before.decisions, after.decisions))
    found.push({ kind: 'decision', site, scope, was: before.decisions[scope]?.level, is });
  for (const [upstream, { session, announcements }] of Object.entries(after.upstreams)) {
    const was = before.upstreams[upstream] as Upstream;
    if (!alike(was.session, session))
      found.push({ kind: 'session', site, upstream, was: was.session.state, is: bare(session) });
    const told = (prefix: string) => {
      const cell = was.announcements[prefix];
      return cell ? { was: { expected: cell.expected, actual: cell.actual } } : {};
    };
    for (const prefix of Object.keys(was.announcements))
      if (!Object.hasOwn(announcements, prefix))
        found.push({ kind: 'announcement', site, upstream, prefix, ...told(prefix) });
    for (const [prefix, is] of differing(was.announcements, announcements))
      found.push({ kind: 'announcement', site, upstream, prefix, ...told(prefix), is });
  }
}

/** What no event can change but a `start`. */
function frame({ network, internet, sites, vantages, guard }: World): unknown {
  return {
    network: bare(network),
    internet: bare(internet),
    guard: new Set(Object.keys(guard)),
    sites: mapped(sites, ({ place, capacity, verdicts, decisions, tickets, upstreams }) => ({
      place,
      capacity,
      verdicts: new Set(Object.keys(verdicts)),
      decisions: new Set(Object.keys(decisions)),
      tickets: new Set(Object.keys(tickets)),
      upstreams: mapped(upstreams, ({ asn, address, role, place: there }) => [asn, address, role, there]),
    })),
    vantages: mapped(vantages, ({ place, asn, router, users }) => [place, asn, router, users]),
  };
}

function counts(before: World, after: World): Body | undefined {
  const vantages: { [name: string]: Requests } = {};
  const sites: { [name: string]: Load } = {};
  for (const [name, { requests }] of Object.entries(after.vantages))
    if (!alike((before.vantages[name] as Vantage).requests, requests)) vantages[name] = bare(requests);
  for (const [name, { load }] of Object.entries(after.sites))
    if (!alike((before.sites[name] as Site).load, load)) sites[name] = bare(load);
  const none = Object.keys(vantages).length === 0 && Object.keys(sites).length === 0;
  return none ? undefined : { kind: 'traffic', vantages, sites };
}

/** The pieces of `after` that `before` does not have like this. */
function differing<T extends { readonly at: number }>(
  before: Named<T>,
  after: Named<T>,
): readonly [string, Bare<T>][] {
  return Object.entries(after)
    .filter(([name, piece]) => !alike(own(before, name), piece))
    .map(([name, piece]) => [name, bare(piece)]);
}

function mapped<T, U>(named: Named<T>, of: (value: T) => U): Named<U> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, of(value)]));
}

/** A piece as an event carries it: without the instant, which is the event's. */
function bare<T extends { readonly at: number }>({ at: _, ...piece }: T): Bare<T> {
  return piece as Bare<T>;
}

/** Of each kind of a union for itself. */
type Bare<T> = T extends unknown ? Omit<T, 'at'> : never;

type Piece = { readonly at: number } | undefined;

function alike(a: Piece, b: Piece): boolean {
  return a === b || (a !== undefined && b !== undefined && same(bare(a), bare(b)));
}

/** Equal as plain data; the order of keys does not count, and absent is as good as undefined. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => same(x, b[i]));
  if (a instanceof Set && b instanceof Set) return a.size === b.size && [...a].every((x) => b.has(x));
  const [x, y] = [a as Named<unknown>, b as Named<unknown>];
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].every((key) => same(own(x, key), own(y, key)));
}
