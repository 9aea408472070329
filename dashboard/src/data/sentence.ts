/** What happened, in a sentence for people: `control`'s words, with clients called by their place. Pure. */
import { describe, type Event, type Snapshot } from '../../../src/control/index.ts';
import { many } from './format.ts';
import { placeText } from './scene.ts';

/** Undefined of what nobody needs to read, such as counts. */
export function sentence(event: Event, snapshot: Snapshot): string | undefined {
  if (event.kind === 'traffic') return undefined;
  if (event.kind !== 'landing') {
    const text = describe(event);
    return stop(beginsWithName(text, event, snapshot) ? text : capital(text));
  }
  const vantage = Object.hasOwn(snapshot.vantages, event.vantage)
    ? snapshot.vantages[event.vantage]
    : undefined;
  return stop(describe(vantage ? { ...event, vantage: placeText(vantage) } : event));
}

/** Clients that moved together, one sentence for each pair of sites. */
export function movesText(events: readonly Event[]): readonly string[] {
  const pairs = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== 'landing' || event.was.site === event.is.site) continue;
    const pair = `from ${event.was.site ?? 'nowhere'} to ${event.is.site ?? 'nowhere'}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return [...pairs].map(([pair, n]) => `${many(n, 'client')} moved ${pair}.`);
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Names stay as they are. */
function beginsWithName(text: string, event: Event, { sites }: Snapshot): boolean {
  const names = [
    ...Object.keys(sites),
    'site' in event && event.site,
    'upstream' in event && event.upstream,
    'service' in event && event.service,
    event.kind === 'fault' && event.is.fault === 'service' && event.is.service,
    event.kind === 'order' && event.order.owner,
  ];
  return names.some((name) => name !== false && (text.startsWith(`${name} `) || text.startsWith(`${name}:`)));
}

function stop(text: string): string {
  return `${text}${/[.!?]$/.test(text) ? '' : '.'}`;
}
