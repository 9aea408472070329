/** Changes in an operator's words: `fra: prepend to 64601 0 → 2`. */
import { formatPath } from './complaint.ts';
import type { Change, Difference, Json } from './difference.ts';
import { effectText, fileValue } from './format.ts';
import type { Action, Plan, Service, Site, Upstream } from './plan.ts';

/** One line for each change. `before` and `after` give names to numbers; either is enough. */
export function describeDifference(
  changes: Difference,
  before: Plan,
  after: Plan = before,
): readonly string[] {
  return changes.map((change) => describeChange(change, before, after));
}

export function describeChange(change: Change, before: Plan, after: Plan = before): string {
  const [section, name, ...rest] = change.path;
  if (section === 'sites' && name !== undefined) return siteChange(change, name, rest, before, after);
  if (section === 'services' && name !== undefined) return serviceChange(change, name, rest);
  if (rest.length === 0 && name === undefined)
    return valueChange(label(section as string), section as string, change);
  return `${section}: ${valueChange(label(change.path.slice(1).join('.')), change.path.at(-1) as string, change)}`;
}

function siteChange(
  change: Change,
  site: string,
  rest: readonly string[],
  before: Plan,
  after: Plan,
): string {
  const [key, upstream, ...inner] = rest;
  if (key === undefined) return thing('site', site, change, (s) => siteText(s as unknown as Site));
  if (key !== 'upstreams' || upstream === undefined)
    return `${site}: ${valueChange(label(rest.join('.')), rest.at(-1) as string, change)}`;
  if (inner.length === 0)
    return `${site}: ${thing('upstream', upstream, change, (u) => `${(u as unknown as Upstream).role}, ${(u as unknown as Upstream).address}`)}`;
  const at = after.sites[site]?.upstreams[upstream] ?? before.sites[site]?.upstreams[upstream];
  const others = Object.entries({ ...before.sites[site]?.upstreams, ...after.sites[site]?.upstreams });
  // Several sessions with one neighbour are told apart by their names.
  const whom = at && others.filter(([, u]) => u.asn === at.asn).length === 1 ? String(at.asn) : upstream;
  return `${site}: ${valueChange(`${label(inner.join('.'))} to ${whom}`, inner.at(-1) as string, change)}`;
}

function serviceChange(change: Change, service: string, rest: readonly string[]): string {
  const [key, probe, ...inner] = rest;
  if (key === undefined)
    return thing('service', service, change, (s) => (s as unknown as Service).address.join(', '));
  if (key !== 'probes' || probe === undefined)
    return `${service}: ${valueChange(label(rest.join('.')), rest.at(-1) as string, change)}`;
  if (inner.length === 0)
    return `${service}: ${thing('probe', probe, change, (p) => `every ${fileValue('every', (p as { every: number }).every)}`)}`;
  return `${service}: ${valueChange(`${label(inner.join('.'))} of probe ${probe}`, inner.at(-1) as string, change)}`;
}

function thing(kind: string, name: string, { from, to }: Change, text: (value: Json) => string): string {
  if (from === undefined) return `${kind} ${name} added (${text(to as Json)})`;
  return to === undefined ? `${kind} ${name} removed` : `${kind} ${name} replaced (${text(to)})`;
}

function siteText(site: Site): string {
  const count = Object.keys(site.upstreams).length;
  return `${site.place === undefined ? '' : `${site.place}; `}${count} upstream${count === 1 ? '' : 's'}`;
}

function valueChange(what: string, key: string, { from, to }: Change): string {
  if (Array.isArray(from) && Array.isArray(to)) {
    const [was, is] = [from.map((v) => itemText(key, v)), to.map((v) => itemText(key, v))];
    const parts = [
      ...is.filter((t) => !was.includes(t)).map((t) => `+${t}`),
      ...was.filter((t) => !is.includes(t)).map((t) => `−${t}`),
    ];
    return parts.length > 0 ? `${what} ${parts.join(' ')}` : `${what} in another order: ${is.join(', ')}`;
  }
  if (from === undefined) return `${what} ${text(key, to)} (was unset)`;
  return to === undefined
    ? `${what} ${text(key, from)} → unset`
    : `${what} ${text(key, from)} → ${text(key, to)}`;
}

function text(key: string, value: Json | undefined): string {
  if (value === undefined) return 'unset';
  const written = fileValue(key, value);
  if (Array.isArray(written)) return written.map((v) => itemText('', v)).join(', ') || 'none';
  return typeof written === 'object' && written !== null
    ? Object.entries(written)
        .map(([k, v]) => `${label(k)} ${text(k, v as Json)}`)
        .join(', ')
    : String(written);
}

/** One entry of a list. */
function itemText(key: string, value: Json): string {
  if (key === 'families') return `IPv${value}`;
  if (key === 'actions') {
    const { community, effect, to } = value as unknown as Action;
    return `${community} (${effectText(effect)}${to.length > 0 ? ` to ${to.join(', ')}` : ''})`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const name = (value as { readonly name?: string }).name;
  return name === undefined ? JSON.stringify(value) : `rule ${name}`;
}

/** The key as the file spells it. */
function label(key: string): string {
  return formatPath([key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)]);
}
