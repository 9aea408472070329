/** What a running world looks like from outside: who lands where, how its sites stand, and what is missing of it. */
import { ControlError } from '../host/index.ts';
import { findVantage, type Landing, type Planet, vantages } from '../lab/index.ts';
import type { UpView, WhoRow } from './up-views.ts';

/** Vantages that `who` shows unless all are asked for. */
export const MAIN =
  'nyc mex bog lim scl bue sao lon par mad fra mil waw sto mow ist cai los nbo jnb dxb khi bom sin jkt mnl hkg sha sel tyo syd akl'.split(
    ' ',
  );

/** One row for each vantage, or for those in places with these codes. */
export function landingsOf(planet: Planet, only?: readonly string[], family?: 4 | 6): readonly WhoRow[] {
  const chosen = vantages().filter((v) => only === undefined || only.includes(v.place.code));
  return planet.landings(chosen, family).map(row);
}

/** The answer to `who`. Throws a sentence about a vantage or a family that there is not. */
export function whoLands(planet: Planet, from: unknown, all: boolean, family: 4 | 6): readonly WhoRow[] {
  if (!planet.directions.families().includes(family))
    throw new ControlError(`the plan announces no IPv${family} prefix`, 2);
  if (from === undefined) return landingsOf(planet, all ? undefined : MAIN, family);
  const vantage = findVantage(String(from));
  if (!vantage)
    throw new ControlError(
      `no vantage '${String(from)}': a city such as Tokyo, its code, or an address such as 127.81.0.1`,
      2,
    );
  return planet.landings([vantage], family).map(row);
}

export function viewOf(planet: Planet, folder: string): UpView {
  const host = planet.hosts[0] as string;
  const landings = planet.landings();
  const people = landings.reduce((n, l) => n + l.users, 0);
  return {
    schema: 'nearcast.up/1',
    network: planet.plan.network,
    pid: process.pid,
    http: `${host}:${planet.ports.http}`,
    dns: `${host} port ${planet.ports.dns}`,
    hosts: planet.hosts,
    ready: planet.ready(),
    ...(planet.controlled === undefined ? {} : { controlled: planet.controlled }),
    cuts: planet.internet.cuts(),
    outcomes: { ...planet.outcomes },
    folder,
    sites: planet.views().map((s) => {
      const here = landings.filter((l) => l.trip.site === s.site);
      const users = here.reduce((n, l) => n + l.users, 0);
      const sum = here.reduce((n, l) => n + l.users * 2 * l.trip.latencyMs, 0);
      return {
        ...s,
        vantages: here.length,
        share: users / people,
        ...(users > 0 ? { rttMs: sum / users } : {}),
      };
    }),
  };
}

/** What keeps a world from being as it should be after its start, a few words each. */
export function missingIn(planet: Planet): readonly string[] {
  const sites = planet
    .views()
    .filter((s) => s.state?.level !== 'full')
    .map(
      (s) => `${s.site} is ${s.state?.level ?? s.standing}${s.state?.why[0] ? ` (${s.state.why[0]})` : ''}`,
    );
  const lost = landingsOf(planet).filter((r) => r.site === undefined).length;
  const down = planet.internet.down();
  return [...sites, ...down.slice(0, 5), ...(lost > 0 ? [`${lost} countries have no way`] : [])];
}

function row({ vantage, trip }: Landing): WhoRow {
  return {
    from: vantage.address,
    place: vantage.place.name,
    country: vantage.place.cc,
    ...(trip.site === undefined ? {} : { site: trip.site, upstream: trip.upstream as string }),
    rttMs: Math.round(20 * trip.latencyMs) / 10,
    asPath: trip.path,
    ...(trip.lost === undefined ? {} : { lost: trip.lost }),
  };
}
