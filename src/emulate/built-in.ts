/** Scenarios that fit every plan: they name its sites by position. */
import { millis } from '../base/index.ts';
import { type Plan, sitesOf } from '../plan/index.ts';
import type { Scenario, Step } from './scenario.ts';

export interface BuiltIn {
  readonly name: string;
  readonly summary: string;
  make(plan: Plan): readonly Step[];
}

const at = (seconds: number) => millis(seconds * 1000);

export const BUILT_IN: readonly BuiltIn[] = [
  {
    name: 'calm',
    summary: 'nothing happens, for a minute',
    make: () => [{ at: at(60), do: 'calm' }],
  },
  {
    name: 'fail',
    summary: 'a service is killed at the first site, and repaired; then it hangs',
    make: (plan) => {
      const { site, service } = first(plan);
      return [
        { at: at(5), do: 'fail', service, site, how: 'refused' },
        { at: at(25), do: 'repair', service, site },
        { at: at(50), do: 'fail', service, site, how: 'hang' },
        { at: at(70), do: 'repair', service, site },
      ];
    },
  },
  {
    name: 'kill',
    summary: 'the agent of the first site is killed and starts again; then its whole host vanishes',
    make: (plan) => {
      const { site } = first(plan);
      return [
        { at: at(5), do: 'kill', site },
        { at: at(20), do: 'start', site },
        { at: at(40), do: 'power-off', site },
        { at: at(70), do: 'start', site },
      ];
    },
  },
  {
    name: 'drain',
    summary: 'the first site is drained, stopped, started and brought back',
    make: (plan) => {
      const { site } = first(plan);
      return [
        { at: at(5), do: 'drain', site },
        { at: at(60), do: 'stop', site },
        { at: at(70), do: 'start', site },
        { at: at(90), do: 'undrain', site },
      ];
    },
  },
  {
    name: 'cut',
    summary: 'the first site is cut off from its upstreams and from the controller, and heals',
    make: (plan) => {
      const { site } = first(plan);
      return [
        { at: at(5), do: 'cut', site },
        { at: at(45), do: 'heal', site },
      ];
    },
  },
  {
    name: 'everyone',
    summary: 'the first service fails at one site after the other, until none is well; the last ones stay',
    make: (plan) => {
      const { service } = first(plan);
      const sites = Object.keys(plan.sites);
      return [
        ...sites.map((site, i): Step => ({ at: at(5 + 10 * i), do: 'fail', service, site, how: 'refused' })),
        { at: at(40 + 10 * sites.length), do: 'repair', service },
      ];
    },
  },
  {
    name: 'shared',
    summary: 'the first service hangs at every site at the same moment: a fault that leaving would not mend',
    make: (plan) => {
      const { service } = first(plan);
      return [
        { at: at(5), do: 'fail', service, how: 'hang' },
        { at: at(45), do: 'repair', service },
      ];
    },
  },
  {
    name: 'no-controller',
    summary: 'the controller is lost; then services fail at two sites; then a new controller comes',
    make: (plan) => {
      const { service, sites } = first(plan);
      const [a, b] = [sites[0] as string, sites[1 % sites.length] as string];
      return [
        { at: at(5), do: 'cut-controller' },
        { at: at(15), do: 'fail', service, site: a },
        { at: at(60), do: 'fail', service, site: b },
        { at: at(90), do: 'replace-controller' },
        { at: at(90), do: 'heal-controller' },
        { at: at(120), do: 'repair', service },
      ];
    },
  },
];

/** The built-in scenario of this name for a plan; undefined when there is none. */
export function builtIn(name: string, plan: Plan): Scenario | undefined {
  const found = BUILT_IN.find((s) => s.name === name);
  return found && { name, summary: found.summary, steps: found.make(plan) };
}

/** The first service with a probe and the sites that run it; the first site where there is no service. */
function first(plan: Plan): {
  readonly service: string;
  readonly site: string;
  readonly sites: readonly string[];
} {
  const [name, service] =
    Object.entries(plan.services).find(([, s]) => Object.keys(s.probes).length > 0) ?? [];
  const sites = service ? sitesOf(plan, service) : Object.keys(plan.sites);
  return { service: name ?? '', site: sites[0] ?? '', sites };
}
