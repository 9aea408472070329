/**
 * A rehearsal before the agent begins: leaving, coming back and being less preferred are played through once between two
 * speakers in memory. What is decided in earnest then runs in code that is compiled: a fifth of the time that the first
 * withdrawal of a life would take otherwise. Nothing of it is kept, and nothing touches the network.
 */
import { type Address, type Asn, after, type Instant, instant, millis, prefixFamily } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  announcementOf,
  type Duties,
  exportPolicy,
  type Level,
  type SiteEvent,
  startSite,
  stepSite,
} from '../site/index.ts';
import { Speaker } from '../speaker/index.ts';
import { upstreamPeer } from './upstream.ts';

/** How often each is played: enough for all of it to be read and linked; more would cost memory for little. */
const ROUNDS = 3;
const LEVELS: readonly Level[] = ['full', 'less-preferred', 'full', 'withdrawn'];

export function rehearse(duties: Duties): void {
  judge(duties);
  const { plan, site } = duties;
  const name = Object.keys(plan.sites[site]!.upstreams).find((n) => plan.sites[site]!.upstreams[n]!.enabled);
  if (name !== undefined) speak(plan, site, name);
}

/** Probes that answer well and badly in turn. */
function judge(duties: Duties): void {
  let now = instant(0);
  let state = startSite(duties, 1, now);
  const feed = (event: SiteEvent) => {
    now = after(now, millis(1000));
    [state] = stepSite(duties, state, event, now);
  };
  for (let i = 0; i < ROUNDS; i++)
    for (const service of duties.services)
      for (const probe of Object.keys(duties.plan.services[service]!.probes))
        for (const outcome of ['good', 'good', 'good', i % 2 ? 'dead' : 'bad'] as const)
          feed({ kind: 'probe', service, probe, result: { outcome } });
}

/** A session with the first upstream, and everything that is ever said on it. */
function speak(plan: Plan, site: string, name: string): void {
  const { asn, address } = plan.sites[site]!.upstreams[name]!;
  const nothing = announcementOf(plan, site, {});
  const { options } = upstreamPeer(plan, site, name, nothing, { seed: 1 });
  const { bfd: _, role: __, ...session } = options.session;
  const us = new Speaker({ asn: plan.asn, id: plan.sites[site]!.routerId });
  const them = new Speaker({ asn, id: OTHER });
  let now = instant(0);
  us.feed({ kind: 'addPeer', options: { ...options, session: { ...session, passive: false } } }, now);
  them.feed(
    {
      kind: 'addPeer',
      options: {
        name,
        address: OTHER,
        session: {
          ...session,
          localAsn: asn,
          localId: OTHER,
          remoteAsn: plan.asn as Asn,
          passive: true,
          seed: 2,
        },
        import: { rules: [{ end: 'accept' }] },
        export: { rules: [{ end: 'reject' }] },
      },
    },
    now,
  );
  for (const speaker of [us, them])
    speaker.feed({ kind: 'event', peer: name, event: { kind: 'start' } }, now);
  const ends = { local: OTHER, remote: address };
  us.feed({ kind: 'event', peer: name, event: { kind: 'tcpUp', link: 'outgoing', ...ends } }, now);
  them.feed({ kind: 'event', peer: name, event: { kind: 'tcpUp', link: 'incoming', ...ends } }, now);
  carry(us, them, name, now);
  const prefixes = plan.prefixes.filter(
    (p) => options.session.families?.length !== 1 || prefixFamily(p) === 4,
  );
  for (let i = 0; i < ROUNDS; i++)
    for (const level of LEVELS) {
      now = after(now, millis(1));
      const levels = Object.fromEntries(plan.prefixes.map((p) => [p, { level, why: ['rehearsal'] }]));
      const told = announcementOf(plan, site, levels);
      const policy = exportPolicy(plan, told, name);
      if (level === 'withdrawn') for (const prefix of prefixes) us.feed({ kind: 'withdraw', prefix }, now);
      us.feed({ kind: 'policy', peer: name, export: policy }, now);
      if (level !== 'withdrawn')
        for (const prefix of prefixes) us.feed({ kind: 'announce', prefix, attributes: [] }, now);
      carry(us, them, name, now);
    }
}

const OTHER = '192.0.2.1' as Address;

/** Carries bytes until both have nothing to say. */
function carry(us: Speaker, them: Speaker, name: string, now: Instant): void {
  for (let quiet = 0; quiet < 2; ) {
    quiet++;
    for (const [from, to, link, other] of [
      [us, them, 'outgoing', 'incoming'],
      [them, us, 'incoming', 'outgoing'],
    ] as const) {
      from.takeEffects();
      from.takeReady();
      const peer = from.peers.get(name);
      const bytes = peer && from.pull(peer, link);
      if (!bytes) continue;
      quiet = 0;
      to.feed({ kind: 'bytes', peer: name, link: other, bytes }, now);
    }
  }
}
