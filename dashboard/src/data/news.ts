/** The latest events as sentences, the newest first; clients that went the same way together are one sentence. Pure. */
import type { Event, Snapshot } from '../../../src/control/index.ts';
import { many, rttText } from './format.ts';
import { placeText } from './scene.ts';
import { sentence } from './sentence.ts';

export interface News {
  /** Of the newest event in it. */
  readonly seq: number;
  readonly at: number;
  readonly kind: Event['kind'];
  readonly text: string;
}

type Landing = Extract<Event, { kind: 'landing' }>;

/** Clients that moved so shortly after each other moved together. */
const TOGETHER_MS = 5000;
/** Clients that are named. */
const NAMED = 3;

/** At most `most`, from the end of `events`. */
export function news(events: readonly Event[], snapshot: Snapshot, most: number): readonly News[] {
  const found: { readonly newest: Event; text?: string; readonly landings: Landing[] }[] = [];
  /** Groups that may still grow, by where they went. */
  let open = new Map<string, (typeof found)[number]>();
  let since = 0;
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i] as Event;
    if (event.kind === 'landing') {
      if (since - event.at > TOGETHER_MS) open = new Map();
      if (open.size === 0) since = event.at;
      const way = `${event.was.site} ${event.is.site}`;
      const group = open.get(way) ?? { newest: event, landings: [] };
      if (!open.has(way)) {
        if (found.length >= most) break;
        found.push(group);
        open.set(way, group);
      }
      group.landings.push(event);
      continue;
    }
    const text = sentence(event, snapshot);
    if (text === undefined) continue;
    if (found.length >= most) break;
    found.push({ newest: event, text, landings: [] });
  }
  return found.map(({ newest, text, landings }) => ({
    seq: newest.seq,
    at: newest.at,
    kind: newest.kind,
    text: text ?? landed(landings, snapshot),
  }));
}

function landed(landings: readonly Landing[], snapshot: Snapshot): string {
  const [one] = landings as [Landing];
  if (landings.length === 1) return sentence(one, snapshot) ?? '';
  const named = landings.slice(0, NAMED).map(({ vantage, is }) => {
    const known = Object.hasOwn(snapshot.vantages, vantage) ? snapshot.vantages[vantage] : undefined;
    const name = known ? placeText(known) : vantage;
    return is.site === undefined ? name : `${name} ${rttText(is.rttMs)}`;
  });
  const rest = landings.length > NAMED ? ` and ${many(landings.length - NAMED, 'more', 'more')}` : '';
  return `${many(landings.length, 'client')} ${wayText(one)}: ${named.join('; ')}${rest}.`;
}

function wayText({ was, is }: Landing): string {
  if (is.site === undefined) return `from ${was.site ?? 'nowhere'} land nowhere`;
  if (was.site === is.site) return `go to ${is.site} another way`;
  return `moved from ${was.site ?? 'nowhere'} to ${is.site}`;
}
