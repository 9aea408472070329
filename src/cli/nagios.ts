/** A site's status as monitoring systems take it from a plugin: one line, numbers behind a bar, and 0, 1, 2 or 3. */
import type { StatusView } from '../agent/index.ts';

export interface NagiosAnswer {
  readonly line: string;
  /** OK, warning, critical, unknown. */
  readonly exit: 0 | 1 | 2 | 3;
}

const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/**
 * Critical: a service is down, an upstream that should have a session has none, or something is not told as it is wanted.
 * Warning: degraded, drained, frozen, held, less preferred, or the controller does not answer. An operator who drains a site
 * knows that it is out: that is a warning and not an alarm.
 */
export function nagiosOf(v: StatusView): NagiosAnswer {
  const wanted = v.drain.phase === 'in';
  const sessions = v.upstreams.filter((u) => u.state !== 'disabled');
  const established = sessions.filter((u) => u.state === 'Established');
  const prefixes = sessions.flatMap((u) => u.prefixes.map((p) => ({ upstream: u.upstream, ...p })));
  const strays = prefixes.filter(
    (p) => p.advertised !== p.expected && !v.held && established.some((u) => u.upstream === p.upstream),
  );
  const critical = [
    ...v.services.filter((s) => s.verdict === 'down').map((s) => `${s.service} is down`),
    ...sessions.filter((u) => u.state !== 'Established').map((u) => `no session with ${u.upstream}`),
    ...strays.map((p) => `${p.prefix} is ${p.advertised ? 'still' : 'not'} told to ${p.upstream}`),
    ...(wanted ? v.scopes.filter((s) => s.level === 'withdrawn').map((s) => `${s.scope} is withdrawn`) : []),
  ];
  const warning = [
    ...v.services.filter((s) => s.verdict === 'degraded').map((s) => `${s.service} is degraded`),
    ...v.services.filter((s) => s.verdict === 'unknown').map((s) => `${s.service} is not known yet`),
    ...v.scopes.filter((s) => s.level === 'less-preferred').map((s) => `${s.scope} is less preferred`),
    ...(wanted ? [] : [`drain: ${v.drain.phase}`]),
    ...(v.frozen ? [`frozen by ${v.frozen.owner}`] : []),
    ...(v.held ? ['held back'] : []),
    ...(v.controller?.answers === false ? ['the controller does not answer'] : []),
  ];
  const exit = critical.length > 0 ? 2 : warning.length > 0 ? 1 : 0;
  const told = prefixes.filter((p) => p.advertised).length;
  const say =
    [...critical, ...warning].join(', ') ||
    `${told} of ${prefixes.length} announcements told to ${sessions.length} upstreams`;
  const numbers = [
    `sessions=${established.length};;;0;${sessions.length}`,
    `told=${told};;;0;${prefixes.length}`,
    ...v.services.flatMap((s) =>
      s.probes.flatMap((p) =>
        p.took === undefined ? [] : [`'${s.service}/${p.probe}'=${p.took.toFixed(4)}s`],
      ),
    ),
  ];
  return answer(exit, `${v.site}: ${say}`, numbers);
}

/** Nobody could be asked. */
export function nagiosUnknown(why: string): NagiosAnswer {
  return answer(3, why, []);
}

/** A bar would begin the numbers, and a line is one line. */
function answer(exit: NagiosAnswer['exit'], say: string, numbers: readonly string[]): NagiosAnswer {
  const text = say.replace(/[|\p{Cc}]+/gu, ' ');
  return {
    line: `NEARCAST ${WORDS[exit]} - ${text}${numbers.length > 0 ? ` | ${numbers.join(' ')}` : ''}`,
    exit,
  };
}
