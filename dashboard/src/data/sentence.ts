/** What happened, in a sentence for people: `control`'s words, with clients called by their place. Pure. */
import { describe, type Event, type Snapshot } from '../../../src/control/index.ts';
import { many } from './format.ts';
import { placeText } from './scene.ts';

/** Undefined of what nobody needs to read, such as counts. */
export function sentence(event: Event, snapshot: Snapshot): string | undefined {
  if (event.kind === 'traffic') return undefined;
  if (event.kind !== 'landing') return stop(describe(event));
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

function stop(text: string): string {
  return `${capital(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
