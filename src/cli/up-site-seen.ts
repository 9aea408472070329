/** What a site's process says of itself for the page: the agent's state in the words of `control`. Looked at when something happened. */
import type { Agent } from '../agent/index.ts';
import type { Clock, Instant } from '../base/index.ts';
import type { RunningService } from '../edge/index.ts';
import type { SiteSeen } from '../lab/index.ts';
import { announcedTo, type Service } from '../plan/index.ts';
import { viewOf } from '../session/index.ts';
import { phaseOf, ticketView } from '../site/index.ts';
import { whyAdvertised } from '../speaker/index.ts';

/** Looks between two that are made though nothing was heard of. */
const IDLE_LOOKS = 10;

/** Gives the state at each call; what it costs is spent when something happened since the last one, and now and then. */
export function siteSeen(
  agent: Agent,
  clock: Clock,
  services: () => readonly RunningService[],
): () => SiteSeen {
  // Fixed, so that an instant is the same number each time it is said.
  const origin = Date.now() - clock.now();
  const utc = (at: Instant) => Math.round(origin + at);
  let last: SiteSeen | undefined;
  let before: unknown;
  let failing = '';
  let looks = 0;
  return () => {
    const faults = services().map((s) => s.fault);
    const [latest] = agent.history.latest(1);
    if (last && latest === before && faults.join() === failing && ++looks < IDLE_LOOKS) return last;
    [before, failing, looks] = [latest, faults.join(), 0];
    last = look(agent, clock.now(), utc, services());
    return last;
  };
}

function look(
  agent: Agent,
  now: Instant,
  utc: (at: Instant) => number,
  services: readonly RunningService[],
): SiteSeen {
  const { plan, site, state, duties } = agent;
  const { drain, frozen } = state;
  const { remarks, order, phase, due } = drain;
  const wanted = agent.announcement().upstreams;
  const peers = agent.router.speaker.peers;
  return {
    drain: {
      phase,
      remarks: [...remarks],
      ...(due === undefined ? {} : { until: utc(due) }),
      ...(order ? { order } : {}),
    },
    ...(frozen
      ? {
          frozen: {
            owner: frozen.owner,
            reason: frozen.reason,
            ...(frozen.until === undefined ? {} : { until: utc(frozen.until) }),
          },
        }
      : {}),
    verdicts: Object.fromEntries(
      Object.entries(state.services).map(([name, v]) => {
        const phase = v.verdict === 'degraded' ? 'degraded' : phaseOf(plan.services[name] as Service, v);
        const said = Object.entries(v.probes).flatMap(([probe, p]) =>
          p.phase === 'up' || p.detail === undefined ? [] : [`${name}/${probe}: ${p.detail}`],
        );
        return [name, { verdict: v.verdict, phase, why: [...new Set([...v.reasons, ...said])] }];
      }),
    ),
    decisions: Object.fromEntries(
      duties.scopes.flatMap(({ name, prefixes }) => {
        const decided = state.decided[name];
        return decided
          ? [[name, { prefixes: [...prefixes], level: decided.level, why: [...decided.why] }]]
          : [];
      }),
    ),
    tickets: Object.fromEntries(
      duties.scopes.map(({ name }) => {
        const holder = state.holders[name];
        if (!holder) return [name, { ticket: 'alone' as const }];
        const { refused } = holder;
        return [
          name,
          {
            ticket: ticketView(holder, now),
            ...(refused ? { refused: `${refused.reason}: ${refused.detail}` } : {}),
          },
        ];
      }),
    ),
    upstreams: Object.fromEntries(
      Object.entries(plan.sites[site]?.upstreams ?? {}).map(([name, upstream]) => {
        const peer = peers.get(name);
        const view = peer && viewOf(peer.machine, now);
        // Seconds that are counted down are no news.
        const why = peer?.established ? undefined : (view?.lastDown?.reason ?? view?.lastError);
        return [
          name,
          {
            session: {
              state: !view ? 'unknown' : view.admin === 'up' ? view.state.toLowerCase() : 'disabled',
              ...(view?.since === undefined ? {} : { since: utc(view.since) }),
              ...(why === undefined ? {} : { why }),
            },
            told: Object.fromEntries(
              announcedTo(plan, upstream).map((prefix) => {
                const cell = wanted[name]?.[prefix];
                const level =
                  cell?.route === undefined ? 'withdrawn' : cell.level === 'full' ? 'full' : 'less-preferred';
                const told =
                  peer?.established && cell?.route
                    ? whyAdvertised(agent.router.speaker, peer, prefix)
                    : 'told';
                return [
                  prefix,
                  {
                    expected: level,
                    why: [
                      ...(told === 'told' ? [] : [told]),
                      ...(level === 'full' ? [] : (cell?.why ?? []).slice(0, 1)),
                    ],
                  },
                ];
              }),
            ),
          },
        ];
      }),
    ),
    failing: Object.fromEntries(services.flatMap((s) => (s.fault === undefined ? [] : [[s.name, s.fault]]))),
  };
}
