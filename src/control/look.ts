/** What a site's part of a snapshot comes to for somebody who looks: a state in a word and a mood. */
import type { Site, Vantage } from './snapshot.ts';

/** `off` is what somebody wanted or what is not there yet; `bad` is what broke. */
export type Mood = 'ok' | 'warn' | 'bad' | 'off';

export interface SiteLook {
  readonly mood: Mood;
  /** The state in a few words. */
  readonly word: string;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
  /** From the nearest cause back to the first; may be empty. */
  readonly why: readonly string[];
  readonly frozen: boolean;
}

/** The state of a site, the worst first: its process, its wish to be out, what it announces, what its neighbours hear of it. */
export function lookOf(site: Site): SiteLook {
  const frozen = site.frozen !== undefined;
  const look = (mood: Mood, word: string, since: number, why: readonly string[] = []): SiteLook => ({
    mood,
    word,
    since,
    why,
    frozen,
  });
  const { process, drain } = site;
  if (process.standing === 'dead') return look('bad', 'dead', process.at);
  if (process.standing === 'starting') return look('off', 'starting', process.at);
  if (process.standing === 'stopping') return look('off', 'stopping', process.at);
  const decided = Object.values(site.decisions);
  const worst = decided.reduce<(typeof decided)[number] | undefined>(
    (a, b) => (a === undefined || LEVELS.indexOf(b.level) > LEVELS.indexOf(a.level) ? b : a),
    undefined,
  );
  if (drain.phase !== 'in')
    return look('off', DRAIN_WORDS[drain.phase], drain.at, drain.order ? [drain.order.reason] : []);
  if (!worst) return look('off', 'announces nothing', process.at);
  if (worst.level === 'withdrawn') return look('bad', 'withdrawn', worst.at, worst.why);
  if (worst.level === 'pending') return look('off', 'waits for its health', worst.at, worst.why);
  const sessions = Object.values(site.upstreams).map((u) => u.session);
  const down = sessions.filter((s) => s.state !== 'established' && s.state !== 'disabled');
  const latest = Math.max(...down.map((s) => s.at));
  if (down.length > 0 && down.length === sessions.length)
    return look('bad', 'cut off', latest, ['no upstream has a session with it']);
  if (worst.level === 'less-preferred') return look('warn', 'less preferred', worst.at, worst.why);
  if (down.length > 0)
    return look('warn', `${down.length} of ${sessions.length} sessions down`, latest, whys(down));
  const sick = Object.entries(site.verdicts).filter(([, v]) => v.phase !== 'up');
  const [first] = sick;
  if (first) return look('warn', `announced, ${first[0]} ${first[1].phase}`, first[1].at, first[1].why);
  return look('ok', 'announced', worst.at);
}

const LEVELS = ['full', 'pending', 'less-preferred', 'withdrawn'];

const DRAIN_WORDS: { readonly [P in Exclude<Site['drain']['phase'], 'in'>]: string } = {
  lessPreferred: 'draining: less preferred',
  empty: 'draining: empty',
  withdrawn: 'draining: withdrawn',
  out: 'drained',
  returning: 'returning',
};

function whys(down: readonly Site['upstreams'][string]['session'][]): readonly string[] {
  return down.flatMap((s) => (s.why === undefined ? [] : [s.why]));
}

/** `Tokyo, JP`. */
export function placeText({ place }: Pick<Vantage | Site, 'place'>): string {
  return place.country === '' ? place.name : `${place.name}, ${place.country}`;
}
