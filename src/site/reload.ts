/** The same site under a changed plan, and after a restart. */
import { type Instant, type Millis, millis } from '../base/index.ts';
import type { Scope } from './scope.ts';
import { frozenLevels } from './standing.ts';
import { type Decided, type Duties, type SiteState, startSite } from './state.ts';
import { reconfigureVerdict, resumeVerdict } from './verdict.ts';

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
  const earlier = ({ name, prefixes }: Scope) =>
    was.scopes.find((s) => s.prefixes.some((p) => prefixes.includes(p)))?.name ?? name;
  const { stood } = state;
  return {
    ...state,
    ...(stood
      ? {
          stood: Object.fromEntries(
            duties.scopes.flatMap((scope) => {
              const level = stood[scope.name] ?? stood[earlier(scope)];
              return level === undefined ? [] : [[scope.name, level]];
            }),
          ),
        }
      : {}),
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
      duties.scopes.map((scope) => {
        const { name } = scope;
        const before = state.decided[name] ?? state.decided[earlier(scope)];
        return [name, before ?? (fresh.decided[name] as Decided)];
      }),
    ),
    load: Object.fromEntries(
      Object.entries(state.load).filter(([scope]) => Object.hasOwn(fresh.decided, scope)),
    ),
  };
}

/**
 * A site that starts again from what it knew when it was saved at `savedAt`, `elapsed` ago: nothing is announced before new
 * probes are good, but orders stand, flaps are remembered, and who was out by right may stay out. What was announced when
 * upstreams still hold it (`resumed`) is remembered for {@link resumeTelling}. A frozen site stays as it was announced then; when
 * they do not hold it, it comes back to it once its services are known to be good.
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
  const stood = Object.fromEntries(
    Object.keys(fresh.decided).flatMap((scope) => {
      const level = saved.decided[scope]?.level;
      const last = level === 'pending' ? saved.stood?.[scope] : level;
      return last === 'full' || last === 'less-preferred' ? [[scope, last]] : [];
    }),
  );
  return {
    ...fresh,
    ...(times.resumed ? { stood } : {}),
    services: Object.fromEntries(
      Object.entries(fresh.services).map(([name, service]) => {
        const old = saved.services[name];
        return [name, old ? resumeVerdict(duties.plan.services[name]!, old, moved, now) : service];
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

/**
 * The wait after a restart ends. When it does because something that stood has to leave, scopes that are not known yet stand as
 * upstreams hold them, until they are known: the fall of one service takes nothing from another. Otherwise (`late`) they had
 * their time.
 */
export function resumeTelling(state: SiteState, late: boolean): SiteState {
  const { stood, ...rest } = state;
  if (!stood) return state;
  if (late) return rest;
  const stands = (scope: string, d: Decided): Decided => {
    const level = d.level === 'pending' ? stood[scope] : undefined;
    return level === undefined
      ? d
      : { ...d, level, why: ['not known yet since the restart: what stands stays'] };
  };
  return {
    ...rest,
    decided: Object.fromEntries(Object.entries(state.decided).map(([scope, d]) => [scope, stands(scope, d)])),
  };
}

/** Who was in when the agent stopped still needs a ticket to leave: a restart is no way round the guard. */
function wasOut(decided: Decided | undefined): boolean {
  if (decided === undefined) return true;
  return decided.left || decided.level === 'withdrawn';
}
