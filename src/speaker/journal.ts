/**
 * A speaker's life as entries: what happened to it and when. Handed to a new speaker in the same order, they make the same
 * routes, the same sessions and, where pulls were written down, the same bytes. How entries get into a file and out of it
 * is `host`'s business.
 */
import type { Instant } from '../base/index.ts';
import type { LinkName } from '../session/index.ts';
import type { SpeakerInput } from './input.ts';
import type { SpeakerOptions } from './options.ts';
import { Speaker } from './speaker.ts';

/** A speaker that starts: the first entry of a journal. Validation data are not in it: routes play back as `unverified`. */
export interface Began {
  readonly kind: 'began';
  readonly version: 1;
  readonly options: Omit<SpeakerOptions, 'validate'>;
}

/** Bytes were taken for a connection. */
export interface Pulled {
  readonly kind: 'pull';
  readonly peer: string;
  readonly link: LinkName;
}

export type Entry = { readonly at: Instant } & (Began | Pulled | SpeakerInput);

/** What a player shows after each entry. */
export interface Played {
  readonly entry: Entry;
  readonly speaker: Speaker;
  /** What the entry's pull gave. */
  readonly bytes?: Uint8Array;
}

/** Plays entries, one after the other. A `began` in the middle starts a new speaker; entries before the first are passed over. */
export function* play(entries: Iterable<Entry>): Generator<Played> {
  let speaker: Speaker | undefined;
  for (const entry of entries) {
    if (entry.kind === 'began') {
      speaker = new Speaker(entry.options);
      yield { entry, speaker };
    } else if (speaker && entry.kind === 'pull') {
      const peer = speaker.peers.get(entry.peer);
      const bytes = peer && speaker.pull(peer, entry.link);
      yield { entry, speaker, ...(bytes ? { bytes } : {}) };
    } else if (speaker && entry.kind !== 'pull') {
      speaker.feed(entry, entry.at);
      yield { entry, speaker };
    }
  }
}
