/** What came of a fault, and why, for somebody who has never heard of anycast. Pure. */
import type { Event, Fault, Snapshot } from '../../../src/control/index.ts';
import { many } from './format.ts';

/** `events`: what happened since the fault; `snapshot`: how things stand. */
export function story(fault: Fault, events: readonly Event[], snapshot: Snapshot): string {
  switch (fault.fault) {
    case 'site':
      return `${placeName(fault.site, snapshot)} is dead. Its BGP sessions ended and its routes went away, so each network’s routers chose the next best way to the same address: ${goneFrom(fault.site, events, snapshot)}. Nobody had to tell the clients.`;
    case 'link':
      return `The cable ${fault.ends.join(' – ')} is cut. The routes that came over it went away, and the routers that used them chose the next best way to the same address.`;
    case 'service':
      return `${fault.service} at ${placeName(fault.site, snapshot)} fails on purpose. The site checks its own services: it takes its routes back once it is sure, if the guard lets it leave, and then routers choose another site.`;
    case 'controller':
      return 'The controller is dead: no site gets leave to withdraw. What is announced stays announced, and clients notice nothing.';
  }
}

/** Where those that a site had are now. */
function goneFrom(site: string, events: readonly Event[], { vantages }: Snapshot): string {
  const moved = new Set<string>();
  for (const e of events)
    if (e.kind === 'landing' && e.was.site === site && e.is.site !== site) moved.add(e.vantage);
  const counts = new Map<string, number>();
  for (const vantage of moved) {
    const to = Object.hasOwn(vantages, vantage) ? vantages[vantage]?.landing.site : undefined;
    if (to !== site) counts.set(to ?? '', (counts.get(to ?? '') ?? 0) + 1);
  }
  if (counts.size === 0) return 'no client has moved yet';
  const parts = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([to, n], i) => {
      const who = i === 0 ? many(n, 'client') : `${n}`;
      return to === ''
        ? `${who} ${n === 1 ? 'reaches' : 'reach'} no site`
        : `${who} now ${n === 1 ? 'goes' : 'go'} to ${to}`;
    });
  return parts.length === 1 ? `${parts[0]}` : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

function placeName(site: string, { sites }: Snapshot): string {
  return (Object.hasOwn(sites, site) && sites[site]?.place.name) || site;
}
