/** What services really are, and what a probe of them would see. */
import { type Millis, millis, type Random } from '../base/index.ts';
import type { Probe } from '../plan/index.ts';
import type { ProbeResult } from '../site/index.ts';

/**
 * `refused`: nobody listens. `hang`: no answer. `wrong`: a wrong answer. `slow`: a good one, too late to be called quick.
 * `warning`: a good one with a warning. `flaky`: good or wrong by chance.
 */
export type Health = 'good' | 'refused' | 'hang' | 'wrong' | 'slow' | 'warning' | 'flaky';

export const HEALTHS: readonly Health[] = ['good', 'refused', 'hang', 'wrong', 'slow', 'warning', 'flaky'];

/** No probe can take these for good. */
export function isBroken(health: Health): boolean {
  return health === 'refused' || health === 'hang' || health === 'wrong';
}

/** No probe can take these for bad. */
export function isSound(health: Health): boolean {
  return health === 'good' || health === 'slow' || health === 'warning';
}

/** The answer of a probe, and how long it takes. */
export function ask(probe: Probe, health: Health, random: Random): { result: ProbeResult; took: Millis } {
  const quick = millis(Math.min(probe.timeout / 4, 1 + random.unit() * 4));
  const good = (took: Millis, warning?: true) => ({
    took,
    result: { outcome: 'good' as const, took, ...(warning ? { warning } : {}) },
  });
  switch (health) {
    case 'good':
      return good(quick);
    case 'slow':
      return good(millis(Math.min(probe.timeout * 0.95, Math.max(quick, (probe.slow ?? 0) * 1.1))));
    case 'warning':
      return good(quick, true);
    case 'refused':
      return { took: millis(1), result: { outcome: 'dead', detail: 'connection refused' } };
    case 'hang': {
      const detail = `no answer within ${probe.timeout} ms`;
      return { took: probe.timeout, result: { outcome: 'bad', took: probe.timeout, detail } };
    }
    case 'wrong':
      return { took: quick, result: { outcome: 'bad', took: quick, detail: 'a wrong answer' } };
    case 'flaky':
      return random.chance(0.5) ? good(quick) : ask(probe, 'wrong', random);
  }
}
