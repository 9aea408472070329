/** What a site under `nearcast up` makes of a service that fails: its probes have to notice, its guard has to be asked. */
import type { UpView } from './up-views.ts';

export interface Decided {
  readonly site: string;
  readonly level: string;
  /** From the nearest cause back to the first. */
  readonly why: readonly string[];
  /** In a sentence, or two. */
  readonly say: string;
}

/** How often the site is looked at, for how long a decision has to stand, and for how long one is waited for at most. */
const LOOK_MS = 100;
const STANDS_MS = 300;
const LIMIT_MS = 5000;

/**
 * Waits until the site holds the service for ill and has stood by what it decided for a moment. Undefined when nothing was
 * noticed in time, or there is no such site any more.
 */
export async function decidedOf(
  look: () => Promise<UpView>,
  site: string,
  service: string,
): Promise<Decided | undefined> {
  const end = performance.now() + LIMIT_MS;
  let last: { readonly text: string; readonly since: number } | undefined;
  for (;;) {
    const state = (await look()).sites.find((s) => s.site === site)?.state;
    const now = performance.now();
    const health = state?.services[service];
    if (state && (health === 'down' || health === 'degraded')) {
      const text = `${state.level} ${state.why.join()}`;
      if (last?.text !== text) last = { text, since: now };
      else if (now - last.since >= STANDS_MS)
        return { site, level: state.level, why: state.why, say: sentence(site, service, state) };
    }
    if (now > end) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function sentence(site: string, service: string, state: { level: string; why: readonly string[] }): string {
  if (state.level === 'withdrawn')
    return `${site} has left: ${state.why.filter((w) => w !== 'it is out already').join('; ')}`;
  const why = state.why.join('; ');
  const refused = why.includes('the guard refuses');
  return [
    `${site} stays, ${state.level === 'full' ? `although ${service} fails` : 'less preferred'}: ${why}`,
    ...(refused ? [`${site} asks its guard again by itself, and leaves when it may`] : []),
  ].join('\n');
}
