/** Once nothing more goes wrong: is everything as the plan, the table and the truth say? */
import { type Prefix, prefixFamily } from '../base/index.ts';
import {
  decide,
  isWellAgain,
  type SiteState,
  type TicketView,
  ticketView,
  verdictOf,
} from '../site/index.ts';
import { routes } from '../speaker/index.ts';
import type { Attribute } from '../wire/index.ts';
import type { Agent } from './agent.ts';
import { isBroken, isSound } from './health.ts';
import { detection } from './monitor.ts';
import type { Invariant } from './timeline.ts';
import type { World } from './world.ts';

export interface Problem {
  readonly invariant: Invariant;
  readonly site?: string;
  readonly text: string;
}

/** Everything that is not as it should be; empty once the network has settled. */
export function problems(world: World): readonly Problem[] {
  const found: Problem[] = [];
  for (const agent of world.agents.values()) {
    if (agent.life !== 'runs' || !agent.state) continue;
    const tell = (invariant: Invariant) => (text: string) =>
      found.push({ invariant, site: agent.site, text });
    judged(agent, agent.state, tell('not settled'));
    byTheTable(agent, agent.state, tell('not what the table says'));
    const { phase } = agent.state.drain;
    if (phase === 'returning' || phase === 'withdrawn')
      found.push({ invariant: 'not settled', site: agent.site, text: `the drain is still at ${phase}` });
    sessions(world, agent, tell('not settled'));
    heard(world, agent, tell('not what the table says'));
  }
  paths(world, (text) => found.push({ invariant: 'not settled', text }));
  return found;
}

/** The verdicts are the truth, or about to be. */
function judged(agent: Agent, state: SiteState, tell: (text: string) => void): void {
  for (const [name, health] of agent.health) {
    const service = agent.duties.plan.services[name];
    const verdict = state.services[name];
    if (!service || !verdict || detection(service) === undefined) continue;
    if (isBroken(health.is) && verdict.verdict !== 'down')
      tell(`${name} is broken (${health.is}) and called ${verdict.verdict}`);
    const good = verdict.verdict === 'up' || verdict.verdict === 'degraded' || verdict.held !== undefined;
    if (isSound(health.is) && !good) tell(`${name} is well (${health.is}) and called ${verdict.verdict}`);
  }
}

/** What is decided is what the decision table says to the situation. */
function byTheTable(agent: Agent, state: SiteState, tell: (text: string) => void): void {
  if (state.frozen) return;
  for (const scope of agent.duties.scopes) {
    const { verdict } = verdictOf(agent.duties, state, scope);
    const decided = state.decided[scope.name];
    const holder = state.holders[scope.name];
    // A shared fault is refused by the site itself, whatever ticket it has.
    const shared = (holder?.shared.length ?? 0) > 0 && verdict === 'down';
    const views: readonly TicketView[] = !holder
      ? ['alone']
      : decided?.left
        ? ['held', 'refused']
        : [ticketView(holder, agent.local()), ...(shared ? (['refused'] as const) : [])];
    const { last } = agent.duties.plan.guard;
    const { phase } = state.drain;
    const should = views.map((ticket) => decide({ verdict, drain: phase, ticket, last }).level);
    // Who still stood when its services were well again stays so until they are believed.
    if (phase === 'in' && isWellAgain(agent.duties, state, scope)) should.push('less-preferred');
    if (decided && !should.includes(decided.level))
      tell(
        `${scope.name} is ${decided.level}; ${verdict}, ${state.drain.phase}, ticket ${views[0]}: ${should[0]}`,
      );
  }
}

function sessions(world: World, agent: Agent, tell: (text: string) => void): void {
  for (const a of world.network.attachments) {
    if (a.site !== agent.site || world.link(a).cut) continue;
    if (!agent.router.established(a.upstream) || !world.routers.get(a.asn)?.established(a.name))
      tell(`the session with ${a.upstream} is not up`);
  }
}

/** What the upstream holds is what the site wants it to hear. */
function heard(world: World, agent: Agent, tell: (text: string) => void): void {
  const wanted = agent.wanted();
  for (const a of world.network.attachments) {
    if (a.site !== agent.site || world.link(a).cut) continue;
    const speaker = world.routers.get(a.asn)?.speaker;
    const upstream = world.plan.sites[a.site]?.upstreams[a.upstream];
    if (!speaker || !upstream || !agent.router.established(a.upstream)) continue;
    for (const [prefix, { route }] of Object.entries(wanted?.upstreams[a.upstream] ?? {})) {
      const selection = { prefix: prefix as Prefix, peer: a.name, received: true };
      const [held] = routes(speaker, selection, 0);
      if ((held !== undefined) !== (route !== undefined)) {
        // The plan's own rules may hold back what the site would announce.
        if (route !== undefined && upstream.export.length > 0) continue;
        tell(`${a.upstream} ${held ? 'still has' : 'does not have'} ${prefix}`);
      } else if (held && route && upstream.export.length === 0) {
        const said = attributes(held.attributes);
        const meant = `med ${route.med}, ${route.prepend + 1} of us, ${[...route.communities].sort().join(' ')}`;
        if (said !== meant) tell(`${a.upstream} has ${prefix} with ${said} instead of ${meant}`);
      }
    }
  }
}

function attributes(all: readonly Attribute[]): string {
  let [med, own, communities] = [-1, 0, ''];
  for (const a of all) {
    if (a.kind === 'med') med = a.med;
    else if (a.kind === 'communities') communities = [...a.communities].sort().join(' ');
    else if (a.kind === 'asPath') for (const segment of a.path) own += segment.asns.length;
  }
  return `med ${med}, ${own} of us, ${communities}`;
}

/**
 * Every AS reaches a site that announces, when one of them does through a provider and all links are whole: what peers say is
 * passed on to customers only, so that some may rightly see nothing.
 */
function paths(world: World, tell: (text: string) => void): void {
  const whole = ![...world.links.values()].some((l) => l.cut);
  for (const [i, prefix] of world.plan.prefixes.entries()) {
    const announcing = world.network.attachments.filter(
      (a) => !world.link(a).cut && announces(world, a, prefix),
    );
    const sites = new Set(announcing.map((a) => a.site));
    const everywhere = whole && announcing.some((a) => a.role === 'provider');
    const wrong = new Map<string, number[]>();
    for (const { asn } of world.network.ases) {
      const landing = world.landing(asn, i);
      const site = typeof landing === 'object' ? landing.site : undefined;
      if (site === undefined ? !everywhere : sites.has(site)) continue;
      const where = site ?? String(landing);
      wrong.set(where, [...(wrong.get(where) ?? []), asn]);
    }
    for (const [where, who] of wrong) {
      const names = who.length === 1 ? `AS${who[0]}` : `${who.length} ASes (AS${who[0]} and others)`;
      tell(`packets of ${names} to ${prefix} go to ${where}`);
    }
  }
}

/** The site tells this upstream of the prefix. */
function announces(world: World, a: World['network']['attachments'][number], prefix: Prefix): boolean {
  const agent = world.agents.get(a.site);
  const carries = world.plan.sites[a.site]?.upstreams[a.upstream]?.families.includes(prefixFamily(prefix));
  const says = agent?.wanted()?.upstreams[a.upstream]?.[prefix]?.route !== undefined;
  return agent?.life === 'runs' && carries === true && says;
}
