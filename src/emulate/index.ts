/** A whole network in virtual time: routers, sites, controller, links and faults, from a seed. */
export type { StepSite } from './agent.ts';
export { BUILT_IN, type BuiltIn, builtIn } from './built-in.ts';
export { VirtualClock } from './clock.ts';
export { HEALTHS, type Health } from './health.ts';
export { type Item, Link, Stream } from './link.ts';
export {
  type AsLink,
  type AsNode,
  type Attachment,
  type Network,
  type NetworkOptions,
  networkOf,
} from './network.ts';
export { type RandomOptions, randomScenario } from './random-scenario.ts';
export { readScenario, type ScenarioRead } from './read-scenario.ts';
export { type NextHop, type Port, Router } from './router.ts';
export { type RunOptions, run, type Timeline } from './run.ts';
export { type Action, describeAction, type Scenario, type Step, type Where } from './scenario.ts';
export { type Break, formatTimeline, type Invariant, type TimelineEvent } from './timeline.ts';
export { type ConfigurePeer, type Landing, type Recorder, World } from './world.ts';
