/**
 * A speaker while it runs, and what its operator may do to it: take peers down and up, announce and withdraw, follow a
 * changed file. What is done by hand stands until it is taken back by hand or the file changes at that very place.
 */
import type { Router } from '../agent/index.ts';
import { type Prefix, parsePrefix } from '../base/index.ts';
import { ControlError, libc, protectionComplaint } from '../host/index.ts';
import { type Complaint, formatComplaint, meant } from '../plan/index.ts';
import { DEFAULT_DECISION } from '../rib/index.ts';
import { type Peer, whyAdvertised } from '../speaker/index.ts';
import { CEASE } from '../wire/index.ts';
import { byPrefix, type Difference, difference } from './difference.ts';
import { counted } from './phrases.ts';
import { announced, routerPeer } from './router-peer.ts';
import { type Announcement, loadSpeakFile, readSecrets, readSpeak, type SpeakConfig } from './speak/index.ts';
import type { AnnounceView, ReloadView } from './views.ts';

/** How many prefixes one order may name. */
const PREFIXES_MOST = 100;

/** What may stand in an order to announce, beside `prefix`: the words of the file. */
const ATTRIBUTES = [
  'next-hop',
  'origin',
  'as-path',
  'prepend',
  'med',
  'local-pref',
  'communities',
  'large-communities',
  'extended-communities',
] as const;

export class Running {
  readonly router: Router;
  #config: SpeakConfig;
  #passwords: ReadonlyMap<string, string>;
  /** What is originated now, by the file or by hand. */
  readonly #announced = new Map<Prefix, Announcement>();

  constructor(router: Router, config: SpeakConfig, passwords: ReadonlyMap<string, string>) {
    this.router = router;
    this.#config = config;
    this.#passwords = passwords;
  }

  get config(): SpeakConfig {
    return this.#config;
  }

  get passwords(): ReadonlyMap<string, string> {
    return this.#passwords;
  }

  /**
   * Announces what the file says, and starts its peers; `restarted` when the last life ended without a goodbye. Rejects with a
   * sentence when an address cannot be had.
   */
  async start(restarted = false): Promise<void> {
    for (const [prefix, a] of byPrefix(this.#config)) this.#announce(prefix, a);
    const [enabled, disabled] = [true, false].map((on) => this.#config.peers.filter((p) => p.enabled === on));
    for (const peer of enabled ?? []) this.#addPeer(peer.name);
    await this.router.start(restarted);
    // Known and shown, but not begun.
    for (const peer of disabled ?? []) this.#addPeer(peer.name);
  }

  /** The peer of this name or address. Throws a {@link ControlError} when there is none. */
  peer(name: unknown): Peer {
    const config = meant(name, this.#config.peers, (p) => ({
      name: p.name,
      address: p.address,
      asns: p.asn === 'any' ? [] : p.asn,
    }));
    const peer = config && this.router.speaker.peers.get(config.name);
    if (peer) return peer;
    const names = this.#config.peers.map((p) => p.name);
    throw new ControlError(
      `there is no peer named '${String(name)}'${names.length === 0 ? '' : `; there are: ${names.slice(0, 20).join(', ')}`}`,
      2,
    );
  }

  /** Takes a session down with a Cease / Administrative Shutdown and this text (RFC 9003); it stays down until enabled. */
  disable(name: unknown, text?: string): Peer {
    return this.#stop(this.peer(name), CEASE.shutdown, text);
  }

  enable(name: unknown): Peer {
    const peer = this.peer(name);
    this.#start(peer.name);
    return peer;
  }

  /** Takes a session down with a Cease / Administrative Reset and begins it anew. */
  restart(name: unknown, text?: string): Peer {
    const peer = this.#stop(this.peer(name), CEASE.reset, text);
    this.#start(peer.name);
    return peer;
  }

  /** Asks a peer for everything again (RFC 2918), or with `out` tells it everything again. Throws when the session cannot. */
  refresh(name: unknown, way: unknown = 'in'): Peer {
    const peer = this.peer(name);
    if (way !== 'in' && way !== 'out') throw new ControlError(`'${String(way)}' is neither in nor out`, 2);
    if (!peer.established) throw new ControlError(`the session with ${peer.name} is not established`);
    if (way === 'in' && !peer.established.negotiated.routeRefresh)
      throw new ControlError(`${peer.name} does not know route refresh; 'nearcast restart' would do it`);
    const out = way === 'out' ? { out: true as const } : {};
    for (const family of peer.established.exchanges.keys())
      this.router.feed({ kind: 'refresh', peer: peer.name, family, ...out });
    return peer;
  }

  /** Originates prefixes, or changes what is said of them; `entry` is written as an entry of `announce` in the file. */
  announce(entry: { readonly [key: string]: unknown }): AnnounceView {
    const announcement = this.#readAnnouncement(entry);
    for (const prefix of announcement.prefixes) this.#announce(prefix, announcement);
    return this.#told('announced', announcement.prefixes);
  }

  /** Withdraws prefixes that are originated here. Throws, and withdraws none, when one of them is not. */
  withdraw(given: unknown): AnnounceView {
    const all = Array.isArray(given) ? given : [given];
    const prefixes = all.map((text) => {
      const prefix = typeof text === 'string' ? parsePrefix(text) : undefined;
      if (prefix === undefined) throw new ControlError(`'${String(text)}' is no prefix`, 2);
      if (!this.#announced.has(prefix)) throw new ControlError(`${prefix} is not announced here`);
      return prefix;
    });
    for (const prefix of prefixes) this.#withdraw(prefix);
    return this.#told('withdrawn', prefixes);
  }

  /**
   * Reads the file again and does what is different in it; sessions whose fields did not change are not touched. Throws, and
   * changes nothing, when the file is wrong or says what cannot change while the process runs.
   */
  reload(env = process.env): ReloadView {
    const read = loadSpeakFile(this.#config.file);
    if ('complaints' in read) throw refusal(read.complaints);
    const secrets = readSecrets(read, env);
    if ('complaints' in secrets) throw refusal(secrets.complaints);
    const { config } = read;
    const d = difference(this.#config, config, this.#passwords, secrets.passwords);
    if (d.fixed.length > 0)
      throw new ControlError(
        `${d.fixed.join(' and ')} cannot change while it runs: stop it and start it again; nothing was changed`,
      );
    this.#checkProtections(d, config, secrets.passwords);
    this.#config = config;
    this.#passwords = secrets.passwords;
    this.#apply(d);
    return {
      schema: 'nearcast.reload/1',
      added: d.added.map((p) => p.name),
      removed: d.removed,
      restarted: d.restarted.map((r) => ({ peer: r.peer.name, because: r.because })),
      policy: d.policy.map((p) => p.name),
      enabled: d.enabled,
      disabled: d.disabled,
      announced: d.announced.size,
      withdrawn: d.withdrawn.length,
      bestPath: d.decision,
    };
  }

  // ── the steps of a reload ─────────────────────────────────────────────────────────────────────────────────────

  /** What is announced changes before peers are added, so that a new session begins with the new state. */
  #apply(d: Difference): void {
    for (const name of d.removed) this.router.removePeer(name);
    if (d.decision) this.router.feed({ kind: 'decision', options: decisionOf(this.#config) });
    for (const peer of d.policy)
      this.router.feed({ kind: 'policy', peer: peer.name, import: peer.import, export: peer.export });
    for (const prefix of d.withdrawn) if (this.#announced.has(prefix)) this.#withdraw(prefix);
    for (const [prefix, a] of d.announced) this.#announce(prefix, a);
    for (const { peer } of d.restarted) {
      this.#stop(this.peer(peer.name), CEASE.otherChange);
      this.router.removePeer(peer.name);
    }
    for (const peer of [...d.added, ...d.restarted.map((r) => r.peer)]) {
      this.#addPeer(peer.name);
      if (peer.enabled) this.#start(peer.name);
    }
    for (const name of d.disabled) this.disable(name);
    for (const name of d.enabled) this.enable(name);
  }

  /** A session that cannot be protected must not begin; better to know before anything has changed. */
  #checkProtections(d: Difference, config: SpeakConfig, passwords: ReadonlyMap<string, string>): void {
    for (const peer of [...d.added, ...d.restarted.map((r) => r.peer)]) {
      const { transport } = routerPeer(config, peer, passwords.get(peer.name));
      const needed = transport.password !== undefined || transport.gtsmHops !== undefined;
      const c = needed ? libc() : undefined;
      const complaint = protectionComplaint(transport) ?? (c && 'missing' in c ? c.missing : undefined);
      if (complaint !== undefined) throw new ControlError(`${peer.name}: ${complaint}; nothing was changed`);
    }
  }

  // ── small steps ───────────────────────────────────────────────────────────────────────────────────────────────

  #addPeer(name: string): void {
    const peer = this.#config.peers.find((p) => p.name === name);
    if (peer) this.router.addPeer(routerPeer(this.#config, peer, this.#passwords.get(name)));
  }

  #start(name: string): void {
    this.router.feed({ kind: 'event', peer: name, event: { kind: 'start' } });
  }

  #stop(peer: Peer, subcode: number, text?: string): Peer {
    const event = { kind: 'stop', subcode, ...(text === undefined ? {} : { text }) } as const;
    this.router.feed({ kind: 'event', peer: peer.name, event });
    return peer;
  }

  #announce(prefix: Prefix, announcement: Announcement): void {
    this.#announced.set(prefix, announcement);
    this.router.feed({ kind: 'announce', prefix, attributes: announced(prefix, announcement) });
  }

  #withdraw(prefix: Prefix): void {
    this.#announced.delete(prefix);
    this.router.feed({ kind: 'withdraw', prefix });
  }

  /** Read with the file's own reader, so that the same things are allowed and complained of in the same words. */
  #readAnnouncement(entry: { readonly [key: string]: unknown }): Announcement {
    const known = ['prefix', ...ATTRIBUTES].filter((key) => entry[key] !== undefined);
    const one = Object.fromEntries(known.map((key) => [key, entry[key]]));
    const { asn, id } = this.#config;
    const text = JSON.stringify({ asn, id, listen: 'none', announce: [one] });
    const read = readSpeak(text, 'announce', () => ({ error: 'not from here' }), 'none');
    if ('complaints' in read)
      throw new ControlError(
        read.complaints
          .map((c) => `${c.path.replace(/^announce\[0\]\.?/, '')}: found ${c.found}; allowed: ${c.allowed}`)
          .join('\n'),
        2,
      );
    const announcement = read.config.announce[0] as Announcement;
    if (announcement.prefixes.length > PREFIXES_MOST)
      throw new ControlError(`one order may name ${PREFIXES_MOST} prefixes; more belong in the file`, 2);
    return announcement;
  }

  /** Whom each prefix reaches, peer by peer. */
  #told(done: AnnounceView['done'], prefixes: readonly Prefix[]): AnnounceView {
    const { speaker } = this.router;
    return {
      schema: 'nearcast.announce/1',
      done,
      prefixes: prefixes.map((prefix) => ({
        prefix,
        peers: [...speaker.peers.values()].map((peer) => {
          const why = whyAdvertised(speaker, peer, prefix);
          return { peer: peer.name, told: why === 'told' || why === 'about to be told', why };
        }),
      })),
    };
  }
}

/** What the speaker calls the options of `best-path`. */
export function decisionOf({ decision }: SpeakConfig) {
  return {
    ...DEFAULT_DECISION,
    alwaysCompareMed: decision.alwaysCompareMed,
    compareRouterId: decision.compareRouterId,
    missingMedWorst: decision.medMissingWorst,
  };
}

function refusal(complaints: readonly Complaint[]): ControlError {
  const head = `${counted(complaints.length, 'mistake')} in the file, nothing was changed`;
  return new ControlError([head, ...complaints.map(formatComplaint)].join('\n'), 2);
}
