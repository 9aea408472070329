/** What has to be done to a running speaker so that it follows a new version of its file: as little as possible. */
import type { Prefix } from '../base/index.ts';
import type { Announcement, SpeakConfig, SpeakPeer } from './speak/index.ts';

export interface Difference {
  /** Fields that hold for the whole process: they cannot change while it runs. */
  readonly fixed: readonly string[];
  readonly added: readonly SpeakPeer[];
  readonly removed: readonly string[];
  /** Peers whose session has to begin anew, and the fields that make it so. */
  readonly restarted: readonly { readonly peer: SpeakPeer; readonly because: readonly string[] }[];
  /** Peers of which only policy changed: applied to the standing session. */
  readonly policy: readonly SpeakPeer[];
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  readonly announced: ReadonlyMap<Prefix, Announcement>;
  readonly withdrawn: readonly Prefix[];
  readonly decision: boolean;
}

const FIXED = ['asn', 'id', 'listen', 'control', 'log', 'journal'] as const;

/** Changing these leaves a session as it is. */
const GENTLE: ReadonlySet<string> = new Set(['import', 'export', 'description', 'enabled']);

/** The words of the file for fields that are named otherwise inside. */
const WORDS: { readonly [field: string]: string } = {
  transparent: 'route-server-client',
  maxPrefixRestart: 'max-prefix',
  role: 'local-role',
};

/** The difference from `old` to `next`; passwords are by peer name and are only compared. */
export function difference(
  old: SpeakConfig,
  next: SpeakConfig,
  oldPasswords: ReadonlyMap<string, string>,
  passwords: ReadonlyMap<string, string>,
): Difference {
  const before = new Map(old.peers.map((p) => [p.name, p]));
  const names = new Set(next.peers.map((p) => p.name));
  const restarted: { peer: SpeakPeer; because: string[] }[] = [];
  const policy: SpeakPeer[] = [];
  const [enabled, disabled]: [string[], string[]] = [[], []];
  for (const peer of next.peers) {
    const was = before.get(peer.name);
    if (!was) continue;
    const because = fieldsThatDiffer(was, peer).filter((field) => !GENTLE.has(field));
    const secret = oldPasswords.get(peer.name) !== passwords.get(peer.name);
    if (because.length > 0 || secret) {
      const words = new Set(because.map(wordOf).concat(secret ? ['password'] : []));
      restarted.push({ peer, because: [...words] });
    } else {
      if (!same(was.import, peer.import) || !same(was.export, peer.export)) policy.push(peer);
      if (was.enabled !== peer.enabled) (peer.enabled ? enabled : disabled).push(peer.name);
    }
  }
  const [said, says] = [byPrefix(old), byPrefix(next)];
  return {
    fixed: FIXED.filter((field) => !same(old[field], next[field])),
    added: next.peers.filter((p) => !before.has(p.name)),
    removed: old.peers.map((p) => p.name).filter((name) => !names.has(name)),
    restarted,
    policy,
    enabled,
    disabled,
    announced: new Map([...says].filter(([prefix, a]) => !sameAttributes(said.get(prefix), a))),
    withdrawn: [...said.keys()].filter((prefix) => !says.has(prefix)),
    decision: !same(old.decision, next.decision),
  };
}

/** What a file announces, by prefix. */
export function byPrefix(config: SpeakConfig): Map<Prefix, Announcement> {
  return new Map(config.announce.flatMap((a) => a.prefixes.map((prefix) => [prefix, a] as const)));
}

function sameAttributes(a: Announcement | undefined, b: Announcement): boolean {
  return a === b || (a !== undefined && a.nextHop === b.nextHop && same(a.attributes, b.attributes));
}

function fieldsThatDiffer(a: SpeakPeer, b: SpeakPeer): string[] {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof SpeakPeer>;
  return [...fields].filter((field) => !same(a[field], b[field]));
}

/** Configurations are plain values, made by the same code in the same order. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `holdTime` → `hold-time`. */
function wordOf(field: string): string {
  return WORDS[field] ?? field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}
