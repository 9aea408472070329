/**
 * The few series that boards for FRR (frr_exporter), BIRD (bird_exporter) and GoBGP are drawn from, under their names and labels,
 * for those who have such boards: `/metrics?compat=frr`, or several, with a comma. Nothing of it is there unasked.
 */
import { Gauge, Registry } from 'prom-client';
import { type Instant, prefixFamily } from '../base/index.ts';
import { viewOf } from '../session/index.ts';
import { advertised } from '../speaker/index.ts';
import type { Agent } from './agent.ts';

export const COMPAT = ['frr', 'bird', 'gobgp'] as const;
export type Compat = (typeof COMPAT)[number];

interface Series {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** One sample for each family of an upstream. */
  readonly of: (
    p: Upstream,
  ) => readonly (readonly [value: number, labels: { readonly [label: string]: string }])[];
}

/** An upstream and one of its families. */
interface Upstream {
  readonly name: string;
  readonly address: string;
  readonly asn: string;
  readonly localAsn: string;
  readonly family: 4 | 6;
  /** Whether this is the first of its families, which stands for what has none. */
  readonly first: boolean;
  readonly state: string;
  readonly enabled: boolean;
  readonly established: boolean;
  readonly uptime: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** The plan's prefixes of this family that it has been told. */
  readonly told: readonly string[];
  readonly wanted: readonly string[];
}

const FRR = ['vrf', 'afi', 'safi', 'local_as', 'peer', 'peer_as'];
const frr = (p: Upstream) => ({
  vrf: 'default',
  afi: p.family === 4 ? 'ipv4' : 'ipv6',
  safi: 'unicast',
  local_as: p.localAsn,
  peer: p.address,
  peer_as: p.asn,
});
const BIRD = ['name', 'proto', 'ip_version', 'import_filter', 'export_filter'];
const bird = (p: Upstream) => ({
  name: p.name,
  proto: 'BGP',
  ip_version: String(p.family),
  import_filter: '',
  export_filter: '',
});
const STATES = ['UNKNOWN', 'IDLE', 'CONNECT', 'ACTIVE', 'OPENSENT', 'OPENCONFIRM', 'ESTABLISHED'];

const SERIES: { readonly [C in Compat]: readonly Series[] } = {
  frr: [
    {
      name: 'frr_bgp_peer_state',
      help: 'State of the peer (2 = Administratively Down, 1 = Established, 0 = Down).',
      labels: FRR,
      of: (p) => [[p.enabled ? Number(p.established) : 2, frr(p)]],
    },
    {
      name: 'frr_bgp_peer_uptime_seconds',
      help: 'How long the peer has been up.',
      labels: FRR,
      of: (p) => [[p.uptime, frr(p)]],
    },
    {
      name: 'frr_bgp_peer_message_received_total',
      help: 'Messages received.',
      labels: FRR,
      of: (p) => [[p.messagesIn, frr(p)]],
    },
    {
      name: 'frr_bgp_peer_message_sent_total',
      help: 'Messages sent.',
      labels: FRR,
      of: (p) => [[p.messagesOut, frr(p)]],
    },
    {
      name: 'frr_bgp_peer_prefixes_advertised_count_total',
      help: 'Prefixes advertised.',
      labels: FRR,
      of: (p) => [[p.told.length, frr(p)]],
    },
    {
      name: 'frr_bgp_peer_prefix_advertised',
      help: 'Whether the prefix is advertised to the peer.',
      labels: [...FRR, 'prefix'],
      of: (p) => p.wanted.map((prefix) => [Number(p.told.includes(prefix)), { ...frr(p), prefix }] as const),
    },
  ],
  bird: [
    {
      name: 'bird_protocol_up',
      help: 'Protocol is up.',
      labels: [...BIRD, 'state'],
      of: (p) => [[Number(p.established), { ...bird(p), state: p.state }]],
    },
    {
      name: 'bird_protocol_uptime',
      help: 'Uptime of the protocol in seconds.',
      labels: BIRD,
      of: (p) => [[p.uptime, bird(p)]],
    },
    {
      name: 'bird_protocol_prefix_export_count',
      help: 'Number of exported prefixes.',
      labels: BIRD,
      of: (p) => [[p.told.length, bird(p)]],
    },
  ],
  gobgp: [
    {
      name: 'bgp_peer_state',
      help: 'State of the BGP session with the peer and its administrative state.',
      labels: ['peer', 'session_state', 'admin_state'],
      of: (p) => {
        const state = STATES.find((s) => s === p.state.toUpperCase()) ?? 'IDLE';
        return p.first
          ? [[1, { peer: p.address, session_state: state, admin_state: p.enabled ? 'UP' : 'DOWN' }]]
          : [];
      },
    },
    {
      name: 'bgp_received_message_total',
      help: 'Number of received BGP messages from peer',
      labels: ['peer'],
      of: (p) => (p.first ? [[p.messagesIn, { peer: p.address }]] : []),
    },
    {
      name: 'bgp_sent_message_total',
      help: 'Number of sent BGP messages from peer',
      labels: ['peer'],
      of: (p) => (p.first ? [[p.messagesOut, { peer: p.address }]] : []),
    },
    {
      name: 'bgp_routes_advertised',
      help: 'Number of routes advertised to peer',
      labels: ['peer', 'route_family'],
      of: (p) => [[p.told.length, { peer: p.address, route_family: `ipv${p.family}-unicast` }]],
    },
  ],
};

/** The series of these names as they stand now, in the text form of Prometheus. */
export async function compatText(kinds: readonly Compat[], agent: Agent, now: Instant): Promise<string> {
  const registry = new Registry();
  const upstreams = upstreamsOf(agent, now);
  for (const { name, help, labels, of } of kinds.flatMap((kind) => SERIES[kind])) {
    const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
    for (const upstream of upstreams) for (const [value, own] of of(upstream)) gauge.set({ ...own }, value);
  }
  return registry.metrics();
}

function upstreamsOf({ plan, site, router }: Agent, now: Instant): readonly Upstream[] {
  return Object.entries(plan.sites[site]!.upstreams).flatMap(
    ([name, { asn, address, enabled, families }]) => {
      const peer = router.speaker.peers.get(name);
      const view = peer && viewOf(peer.machine, now);
      const established = peer?.established !== undefined;
      return families.map((family, i): Upstream => {
        const wanted = plan.prefixes.filter((p) => prefixFamily(p) === family);
        return {
          name,
          address,
          asn: String(asn),
          localAsn: String(plan.asn),
          family,
          first: i === 0,
          state: view?.state ?? 'Idle',
          enabled: enabled && view?.admin !== 'down',
          established,
          uptime: established && view?.since !== undefined ? (now - view.since) / 1000 : 0,
          messagesIn: peer?.counters.messagesIn ?? 0,
          messagesOut: peer?.counters.messagesOut ?? 0,
          wanted,
          told: peer
            ? wanted.filter((prefix) => [...advertised(router.speaker, peer, { prefix })].length > 0)
            : [],
        };
      });
    },
  );
}
