/** What `kill`, `fail`, `cut` and `heal` do to a running world, and the sentences that say what was done. */
import { type Asn, parseAsn } from '../base/index.ts';
import { type Args, ControlError } from '../host/index.ts';
import type { Planet } from '../lab/index.ts';
import { isNamed, nearest } from '../plan/index.ts';

/** What `kill` and `heal` call whoever hands out tickets. */
const CONTROLLER = 'controller';
const NO_CONTROLLER = 'this plan names no controller: each site judges alone';

export type Deed = (planet: Planet, args: Args) => Promise<readonly string[]>;

/** By verb. Each rejects with a sentence about what there is not. */
export const DEEDS: { readonly [verb: string]: Deed } = { kill, fail, cut, heal };

async function kill(planet: Planet, args: Args): Promise<readonly string[]> {
  if (args['site'] === CONTROLLER && !planet.sites.has(CONTROLLER)) return killController(planet);
  const site = siteOf(planet, args['site']);
  if (planet.sites.get(site)?.standing === 'dead') return [`${site} is dead already`];
  await planet.kill(site);
  return [`the agent of ${site} was killed (kill -9), and its services with it`];
}

async function killController(planet: Planet): Promise<readonly string[]> {
  if (planet.controlled === undefined) throw new ControlError(NO_CONTROLLER, 2);
  return [
    (await planet.killController())
      ? 'the controller is dead: nobody hands out tickets until nearcast heal controller'
      : 'the controller is dead already',
  ];
}

async function fail(planet: Planet, args: Args): Promise<readonly string[]> {
  const site = siteOf(planet, args['site']);
  const [service, how] = [String(args['service']), String(args['how'])];
  const services = planet.sites.get(site)?.duty.services.map((s) => s.service) ?? [];
  if (!services.includes(service))
    throw new ControlError(
      `${site} has no service ${service}${didYouMean(service, services)}; there are: ${services.join(', ')}`,
      2,
    );
  await planet.tell(site, { do: 'fail', service, how });
  return [`${service} at ${site} fails from now on (${how})`];
}

async function cut(planet: Planet, args: Args): Promise<readonly string[]> {
  const one = String(args['one']);
  const done = planet.internet.cut(one, args['other'] === undefined ? undefined : String(args['other']));
  if (done.length === 0) throw new ControlError(`nothing to cut: ${links(planet, one)}`, 2);
  return done.map((c) => `cut: ${c}`);
}

async function heal(planet: Planet, { what, other }: Args): Promise<readonly string[]> {
  if (what === undefined) return healAll(planet);
  const name = String(what);
  if (name === CONTROLLER && !planet.sites.has(name)) {
    if (planet.controlled === undefined) throw new ControlError(NO_CONTROLLER, 2);
    return [
      (await planet.healController())
        ? 'the controller hands out tickets again'
        : 'the controller hands out tickets already',
    ];
  }
  if (planet.sites.has(name) && other === undefined) {
    const done = await planet.healSite(name);
    return done.length > 0 ? done : [`the services of ${name} are well`];
  }
  if (Object.hasOwn(planet.plan.services, name)) return healService(planet, name, other);
  const healed = planet.internet.heal(name, other === undefined ? undefined : String(other));
  if (healed.length === 0) {
    const names = namesOf(planet);
    const unknown = names.some((n) => isNamed(name, n, parseAsn(n) ?? -1)) ? '' : didYouMean(name, names);
    throw new ControlError(
      `nothing to heal at '${name}'${unknown}; cut now: ${planet.internet.cuts().join(', ') || 'nothing'}`,
      2,
    );
  }
  await dialAgain(planet);
  return healed.map((c) => `healed: ${c}`);
}

async function healAll(planet: Planet): Promise<readonly string[]> {
  const cuts = planet.internet.heal().map((c) => `healed: ${c}`);
  if (await planet.healController()) cuts.push('the controller hands out tickets again');
  const rest = await Promise.all([...planet.sites.keys()].map((site) => planet.healSite(site)));
  if (cuts.length > 0) await dialAgain(planet);
  return [...cuts, ...rest.flat(), 'all services are well'];
}

async function healService(planet: Planet, service: string, at: unknown): Promise<readonly string[]> {
  const sites = at === undefined ? [...planet.sites.keys()] : [siteOf(planet, at)];
  for (const site of sites)
    if (planet.sites.get(site)?.standing === 'running') await planet.tell(site, { do: 'heal', service });
  return [`${service} is well at ${sites.join(', ')}`];
}

/** Sessions that a cut took down do not wait for their next attempt. */
async function dialAgain(planet: Planet): Promise<void> {
  for (const site of planet.sites.values()) if (site.standing === 'running') await site.tell({ do: 'dial' });
}

function siteOf({ sites }: Planet, name: unknown): string {
  if (sites.has(String(name))) return String(name);
  const near = didYouMean(String(name), sites.keys());
  throw new ControlError(
    `there is no site ${String(name)}${near}; there are: ${[...sites.keys()].join(', ')}`,
    2,
  );
}

function links(planet: Planet, one: string): string {
  const { plan } = planet;
  const site = plan.sites[one];
  if (site) return `the upstreams of ${one} are ${Object.keys(site.upstreams).join(', ')}`;
  return `'${one}' is no site (${Object.keys(plan.sites).join(', ')}), no upstream, and no AS with a link here${didYouMean(one, namesOf(planet))}`;
}

/** `; did you mean tyo?`, or nothing when no name is near. */
function didYouMean(word: string, names: Iterable<string>): string {
  const near = nearest(word, names);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** Everything that can be cut or healed, by each of its names; what is called by its number alone is written `AS64607`. */
export function namesOf({ plan, internet, sites }: Planet): readonly string[] {
  const { routers, doors } = internet.map;
  const called = (name: string, asn: Asn) => (isNamed(name, '', asn) ? `AS${asn}` : name);
  return [
    ...new Set([
      ...sites.keys(),
      ...Object.keys(plan.services),
      ...doors.flatMap((d) => [called(d.upstream, d.settings.asn), `AS${d.settings.asn}`]),
      ...routers.flatMap((r) => [`AS${r.asn}`, called(r.name, r.asn)]),
      ...(plan.controller ? [CONTROLLER] : []),
    ]),
  ];
}
