/** A site and what happens to it, word by word, for tests. */
import { type Instant, instant } from '../base/index.ts';
import { formatComplaint, parsePlan } from '../plan/index.ts';
import {
  type Duties,
  dutiesOf,
  type SiteEffect,
  type SiteEvent,
  type SiteState,
  siteDue,
  startSite,
  stepSite,
} from './index.ts';

/** The duties of Frankfurt in a small plan. */
export function dutiesIn(more = '', service = ''): Duties {
  const parsed = parsePlan(`network: x
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra: { upstreams: [ { asn: 64601, address: 198.51.100.1, role: provider, families: [ipv4, ipv6], next-hop: "2001:db8::9" } ] }
  nyc: { upstreams: [ { asn: 64602, address: 198.51.100.5, role: provider } ] }
services:
  dns: { address: [203.0.113.53, 2001:db8:53::53], rise: 3, fall: 2, min-stable: 2s, probes: [ tcp: { port: 53 } ]${service} }
drain: { settle: 5s, empty: { for: 5s }, deadline: 60s, gone: 10s, return: 5s }
${more}`);
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return dutiesOf(parsed.plan, 'fra') as Duties;
}

export const SCOPE = '203.0.113.0/24';
export const ADA = { owner: 'ada', reason: 'new kernel' };

/** A site and its story; each word happens a second after the one before. */
export class Story {
  state: SiteState;
  now = 0;
  readonly effects: SiteEffect[] = [];
  duties: Duties;

  constructor(duties: Duties) {
    this.duties = duties;
    this.state = startSite(duties, 1, instant(0));
  }

  /** `+` a good probe, `-` a bad one, `x` a dead one, `.` nothing. */
  tell(signs: string): this {
    for (const sign of signs) {
      const outcome = sign === '+' ? 'good' : sign === 'x' ? 'dead' : 'bad';
      this.happen(
        sign === '.'
          ? { kind: 'due' }
          : { kind: 'probe', service: 'dns', probe: 'tcp', result: { outcome, detail: 'refused' } },
      );
    }
    return this;
  }

  /** Deadlines on the way are kept. */
  happen(event: SiteEvent, ms = 1000): this {
    const end = this.now + ms;
    for (;;) {
      const due = siteDue(this.duties, this.state, instant(this.now));
      if (due === undefined || due >= end) break;
      this.#step({ kind: 'due' }, due);
    }
    return this.#step(event, instant(end));
  }

  /** The process gets no turn for so long; then the deadline is late. */
  stall(ms: number): this {
    return this.#step({ kind: 'due' }, instant(this.now + ms));
  }

  #step(event: SiteEvent, now: Instant): this {
    this.now = now;
    const [state, effects] = stepSite(this.duties, this.state, event, now);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  get level(): string | undefined {
    return this.state.decided[SCOPE]?.level;
  }
  get why(): readonly string[] {
    return this.state.decided[SCOPE]?.why ?? [];
  }
  /** Levels in the order in which they were announced. */
  get path(): readonly string[] {
    return this.effects.flatMap((e) => (e.do === 'announce' ? [e.level] : []));
  }
}
