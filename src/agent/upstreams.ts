/**
 * The sessions of a site, kept at what the site has decided: which prefixes are originated, and what each upstream is told of
 * them, as differences. An attribute that changes is sent in place of the old one (implicit replace), never after a withdrawal.
 */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { isLinkLocal, type Prefix } from '../base/index.ts';
import { libc, protectionComplaint } from '../host/index.ts';
import type { Plan, Upstream } from '../plan/index.ts';
import type { Policy } from '../policy/index.ts';
import { type Announcement, exportPolicy, importPolicy } from '../site/index.ts';
import { CEASE } from '../wire/index.ts';
import type { Router, RouterPeer } from './router.ts';
import { upstreamPeer } from './upstream.ts';

/** What a changed plan means for the sessions of a site. */
export interface SessionChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Sessions that have to begin anew, and what made it so. */
  readonly restarted: readonly { readonly upstream: string; readonly because: readonly string[] }[];
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  /** Import rules that changed; the session stands. */
  readonly imports: readonly string[];
}

/** By upstream. Kept apart from the plan, which may be shown. */
export type Passwords = ReadonlyMap<string, string>;

export class Upstreams {
  readonly #router: Router;
  readonly #site: string;
  #passwords: Passwords;
  readonly #exports = new Map<string, string>();
  readonly #originated = new Set<Prefix>();

  constructor(router: Router, site: string, passwords: Passwords) {
    this.#router = router;
    this.#site = site;
    this.#passwords = passwords;
  }

  /** Upstreams to be started with the router, or those that are only to be shown. */
  add(plan: Plan, announcement: Announcement, enabled: boolean): void {
    for (const [name, upstream] of this.#all(plan))
      if (upstream.enabled === enabled) this.#add(plan, announcement, name);
  }

  /** Brings what everybody is told to what the site wants now. */
  tell(plan: Plan, announcement: Announcement): void {
    const wanted = new Set<Prefix>();
    for (const prefixes of Object.values(announcement.upstreams))
      for (const [prefix, { route }] of Object.entries(prefixes)) if (route) wanted.add(prefix as Prefix);
    // What leaves goes first, what comes is originated only when every policy knows it.
    for (const prefix of this.#originated) {
      if (wanted.has(prefix)) continue;
      this.#originated.delete(prefix);
      this.#router.feed({ kind: 'withdraw', prefix });
    }
    // Where nothing is originated no policy matters: leaving does not wait for one.
    if (wanted.size === 0) return;
    for (const [name] of this.#all(plan)) this.#export(name, exportPolicy(plan, announcement, name));
    for (const prefix of wanted) {
      if (this.#originated.has(prefix)) continue;
      this.#originated.add(prefix);
      this.#router.feed({ kind: 'announce', prefix, attributes: [] });
    }
  }

  /** What would have to be done to follow another plan. */
  changes(from: Plan, to: Plan, passwords: Passwords): SessionChanges {
    const [before, after] = [from, to].map((p) => p.sites[this.#site]?.upstreams ?? {}) as [
      Plan['sites'][string]['upstreams'],
      Plan['sites'][string]['upstreams'],
    ];
    const both = Object.keys(after).filter((name) => before[name] !== undefined);
    const restarted = both.flatMap((name) => {
      const because = this.#sessionFields(from, to, name, passwords);
      return because.length > 0 ? [{ upstream: name, because }] : [];
    });
    const anew = new Set(restarted.map((r) => r.upstream));
    const turned = (on: boolean) =>
      both.filter((n) => !anew.has(n) && after[n]?.enabled === on && before[n]?.enabled !== on);
    return {
      added: Object.keys(after).filter((name) => before[name] === undefined),
      removed: Object.keys(before).filter((name) => after[name] === undefined),
      restarted,
      enabled: turned(true),
      disabled: turned(false),
      imports: both.filter(
        (n) => !anew.has(n) && JSON.stringify(before[n]?.import) !== JSON.stringify(after[n]?.import),
      ),
    };
  }

  /** Why sessions that the changes begin could not be protected as the plan wants; undefined when they can. */
  complaint(changes: SessionChanges, plan: Plan, passwords: Passwords): string | undefined {
    for (const name of [...changes.added, ...changes.restarted.map((r) => r.upstream)]) {
      const { transport } = peerOf(plan, this.#site, name, NOTHING, passwords);
      const c = transport.password !== undefined || transport.gtsmHops !== undefined ? libc() : undefined;
      const why = protectionComplaint(transport) ?? (c && 'missing' in c ? c.missing : undefined);
      if (why !== undefined) return `${name}: ${why}`;
    }
    return clash(this.#all(plan), passwords);
  }

  /**
   * Does what `changes` names; sessions that it does not name are not touched. Gives a sentence for each session that this
   * machine would not have, whatever `complaint` could see beforehand; all else is done.
   */
  follow(
    changes: SessionChanges,
    plan: Plan,
    announcement: Announcement,
    passwords: Passwords,
  ): readonly string[] {
    const failed: string[] = [];
    this.#passwords = passwords;
    for (const name of changes.removed) this.#remove(name);
    for (const { upstream } of changes.restarted) {
      this.#stop(upstream, CEASE.otherChange);
      this.#remove(upstream);
    }
    for (const name of changes.imports)
      this.#router.feed({ kind: 'policy', peer: name, import: importPolicy(plan, this.#site, name) });
    for (const name of [...changes.added, ...changes.restarted.map((r) => r.upstream)]) {
      try {
        this.#add(plan, announcement, name);
      } catch (error) {
        failed.push(`there is no session with ${name}: ${(error as Error).message}`);
        this.#remove(name);
        continue;
      }
      if (plan.sites[this.#site]?.upstreams[name]?.enabled) this.#start(name);
    }
    for (const name of changes.disabled) this.#stop(name, CEASE.shutdown);
    for (const name of changes.enabled) this.#start(name);
    this.tell(plan, announcement);
    return failed;
  }

  #all(plan: Plan): readonly (readonly [string, Upstream])[] {
    return Object.entries(plan.sites[this.#site]?.upstreams ?? {});
  }

  /** Fields of which a session that stands cannot take a new value. */
  #sessionFields(from: Plan, to: Plan, name: string, passwords: Passwords): readonly string[] {
    const [a, b] = [
      flat(peerOf(from, this.#site, name, NOTHING, this.#passwords)),
      flat(peerOf(to, this.#site, name, NOTHING, passwords)),
    ];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
      (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
    );
  }

  #add(plan: Plan, announcement: Announcement, name: string): void {
    const peer = peerOf(plan, this.#site, name, announcement, this.#passwords);
    this.#exports.set(name, JSON.stringify(peer.options.export));
    this.#router.addPeer(peer);
  }

  #remove(name: string): void {
    this.#exports.delete(name);
    this.#router.removePeer(name);
  }

  #export(name: string, policy: Policy): void {
    const text = JSON.stringify(policy);
    if (this.#exports.get(name) === text) return;
    this.#exports.set(name, text);
    this.#router.feed({ kind: 'policy', peer: name, export: policy });
  }

  #start(name: string): void {
    this.#router.feed({ kind: 'event', peer: name, event: { kind: 'start' } });
  }

  #stop(name: string, subcode: number): void {
    this.#router.feed({ kind: 'event', peer: name, event: { kind: 'stop', subcode } });
  }
}

/** Two upstreams with one link-local address on two interfaces: the kernel finds a key by the address alone. */
function clash(all: readonly (readonly [string, Upstream])[], passwords: Passwords): string | undefined {
  const seen = new Map<string, string>();
  for (const [name, { address, passive, enabled }] of all) {
    if (!isLinkLocal(address) || !enabled || !passive) continue;
    const other = seen.get(address);
    if (other !== undefined && passwords.get(other) !== passwords.get(name))
      return `${other} and ${name} have the same address ${address} on different interfaces and different passwords, which the kernel cannot tell apart`;
    seen.set(address, name);
  }
  return undefined;
}

const NOTHING: Announcement = { site: '', upstreams: {} };

function peerOf(
  plan: Plan,
  site: string,
  name: string,
  announcement: Announcement,
  passwords: Passwords,
): RouterPeer {
  const password = passwords.get(name);
  return upstreamPeer(plan, site, name, announcement, {
    seed: randomInt(2 ** 32),
    hostname: hostname(),
    ...(password === undefined ? {} : { password }),
  });
}

/** What a session is made of, without its dice and without its policies. */
function flat({ options, transport, bfd }: RouterPeer): { readonly [key: string]: unknown } {
  const { session, import: _in, export: _out, name: _name, ...rest } = options;
  const { seed: _seed, ...agreed } = session;
  return { ...agreed, ...rest, ...transport, bfdTimers: bfd };
}
