/** Who answers the sites' reports: the issuers of a plan, one for each scope, and what becomes of them. */
import type { Instant } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  type Answer,
  type IssuerConfig,
  type IssuerState,
  issuerConfigs,
  type Report,
  startIssuer,
  stepIssuer,
} from '../site/index.ts';

export class Controller {
  readonly configs: readonly IssuerConfig[];
  readonly #states = new Map<string, IssuerState>();
  readonly #plan: Plan;

  constructor(plan: Plan, now: Instant) {
    this.#plan = plan;
    this.configs = issuerConfigs(plan);
    this.#begin('first', now);
  }

  /** All that was known is lost. */
  replace(now: Instant): void {
    this.#begin('successor', now);
  }

  hear(report: Report, now: Instant): readonly Answer[] {
    const config = this.configs.find((c) => c.scope === report.scope);
    const state = this.#states.get(report.scope);
    if (!config || !state) return [];
    const [next, answers] = stepIssuer(config, state, report, now);
    this.#states.set(report.scope, next);
    return answers;
  }

  #begin(which: 'first' | 'successor', now: Instant): void {
    for (const { scope } of this.configs) this.#states.set(scope, startIssuer(this.#plan.guard, now, which));
  }
}
