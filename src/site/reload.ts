/** The same site under a changed plan, and after a restart. */
import { type Instant, type Millis, millis } from '../base/index.ts';
import { frozenLevels } from './standing.ts';
import { type Decided, type Duties, type SiteState, startSite } from './state.ts';
import { reconfigureVerdict } from './verdict.ts';

/**
 * The same site under a changed plan: what is known stays known, new services and scopes begin unknown. A scope that has another
 * name now, because its prefixes are grouped otherwise, stands as the one did that had a prefix of it.
 */
export function reconfigureSite(
  was: Duties,
  duties: Duties,
  state: SiteState,
  boot: number,
  now: Instant,
): SiteState {
  const fresh = startSite(duties, boot, now);
  const keep = <T>(
    names: object,
    old: { readonly [name: string]: T },
    make: { readonly [name: string]: T },
  ) => Object.fromEntries(Object.keys(names).map((name) => [name, old[name] ?? (make[name] as T)]));
  return {
    ...state,
    services: Object.fromEntries(
      duties.services.map((name) => {
        const old = state.services[name];
        return [
          name,
          old ? reconfigureVerdict(duties.plan.services[name]!, old, now) : fresh.services[name]!,
        ];
      }),
    ),
    holders: keep(fresh.holders, state.holders, fresh.holders),
    decided: Object.fromEntries(
      duties.scopes.map(({ name, prefixes }) => {
        const before = was.scopes.find((s) => s.prefixes.some((p) => prefixes.includes(p)))?.name ?? name;
        return [name, state.decided[name] ?? state.decided[before] ?? (fresh.decided[name] as Decided)];
      }),
    ),
    load: Object.fromEntries(
      Object.entries(state.load).filter(([scope]) => Object.hasOwn(fresh.decided, scope)),
    ),
  };
}

/**
 * A site that starts again from what it knew when it was saved at `savedAt`, `elapsed` ago: nothing is announced before new
 * probes are good, but orders stand, flaps are remembered, and who was out by right may stay out. A frozen site stays as it
 * was announced when upstreams still hold that (`resumed`); when they do not, it comes back to it once its services are known
 * to be good.
 */
export function restoreSite(
  duties: Duties,
  saved: SiteState,
  times: {
    readonly savedAt: Instant;
    readonly elapsed: Millis;
    readonly boot: number;
    readonly resumed?: boolean;
  },
  now: Instant,
): SiteState {
  const fresh = startSite(duties, times.boot, now);
  const shift = now - times.savedAt - times.elapsed;
  const moved = (at: Instant) => millis(at + shift) as number as Instant;
  const levels = saved.frozen && frozenLevels(saved);
  return {
    ...fresh,
    services: Object.fromEntries(
      Object.entries(fresh.services).map(([name, service]) => {
        const old = saved.services[name];
        return [
          name,
          old ? { ...service, returns: old.returns.map(moved), backOffs: old.backOffs } : service,
        ];
      }),
    ),
    drain: {
      ...saved.drain,
      since: moved(saved.drain.since),
      ...(saved.drain.due === undefined ? {} : { due: moved(saved.drain.due) }),
      ...(saved.drain.quietSince === undefined ? {} : { quietSince: moved(saved.drain.quietSince) }),
    },
    ...(saved.frozen === undefined
      ? {}
      : {
          frozen: {
            ...saved.frozen,
            ...(saved.frozen.until === undefined ? {} : { until: moved(saved.frozen.until) }),
            levels: levels ?? {},
          },
        }),
    decided: Object.fromEntries(
      Object.entries(fresh.decided).map(([scope, d]) => {
        const level = levels?.[scope];
        const stands = level !== undefined && (times.resumed === true || level === 'withdrawn');
        return [
          scope,
          { ...d, ...(stands ? { level, why: ['frozen'] } : {}), left: wasOut(saved.decided[scope]) },
        ];
      }),
    ),
  };
}

/** Who was in when the agent stopped still needs a ticket to leave: a restart is no way round the guard. */
function wasOut(decided: Decided | undefined): boolean {
  if (decided === undefined) return true;
  return decided.left || decided.level === 'withdrawn';
}
