/** What an agent answers beside its own verbs: `nearcast show peers`, `peer` and `routes`, as a speaker does. */
import { type Agent, peerNamed } from '../agent/index.ts';
import type { Clock } from '../base/index.ts';
import { ControlError, type ControlHandler } from '../host/index.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { Desk, type KnownPeer, type Subject } from './answers.ts';

export function agentAnswers(agent: Agent, clock: Clock): ControlHandler {
  const desk = new Desk(subject(agent), clock);
  return (verb, args) => {
    switch (verb) {
      case 'peers':
        return desk.peers();
      case 'peer':
        return desk.detail(subject(agent).peer(args['name']));
      case 'routes':
        return desk.routes(args);
      default:
        throw new ControlError(
          `this agent does not know '${verb}'; what it announces follows from its plan`,
          2,
        );
    }
  };
}

/** An agent's router with the upstreams of its plan as it stands at each look. */
function subject(agent: Agent): Subject {
  const { router, site } = agent;
  return {
    router,
    get config() {
      const { asn } = agent.plan;
      const { routerId, upstreams } = agent.plan.sites[site]!;
      return { asn, id: routerId, peers: Object.entries(upstreams).map(([name, u]) => known(name, u)) };
    },
    peer: (name) => peerNamed(router.speaker, name),
  };

  function known(name: string, u: (typeof agent.plan.sites)[string]['upstreams'][string]): KnownPeer {
    const families = u.families.map((f) => (f === 4 ? IPV4_UNICAST : IPV6_UNICAST));
    const role = router.speaker.peers.get(name)?.options.session.role;
    return {
      name,
      address: u.address,
      port: u.port,
      asn: [u.asn],
      families,
      maxPrefix: Object.fromEntries(families.map((f) => [f, { limit: u.maximumPrefixes }])),
      ...(u.description === undefined ? {} : { description: u.description }),
      ...(u.interface === undefined ? {} : { interface: u.interface }),
      ...(u.password === undefined ? {} : { password: u.password }),
      ...(u.ttlSecurity === undefined ? {} : { ttlSecurity: u.ttlSecurity }),
      ...(role ? { role } : {}),
    };
  }
}
