/** Plans for the tests of this room. */
import { formatComplaint, type Plan, parsePlan } from '../plan/index.ts';

/** Three sites in one scope, one service each, a controller; `more` goes into the upstreams, `rest` stands at the end. */
export function threeSites(more = '', rest = 'controller: http://127.0.0.1:1'): Plan {
  return planOf(`network: three
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
defaults:
  upstream: { role: provider, families: [ipv4, ipv6], hold-time: 9s${more} }
  service: { rise: 2, fall: 2, min-stable: 1s, flaps: "4 per 1m, then wait 2s up to 10s" }
  probe: { every: 1s, timeout: 300ms, fast: 100ms }
sites:
  fra: { id: 1, place: "Frankfurt, DE", upstreams: [ { asn: 64601, address: 198.51.100.1, next-hop: [198.51.100.2, "2001:db8:1::2"] } ] }
  nyc: { id: 2, place: "New York, US", upstreams: [ { asn: 64602, address: 198.51.100.5, next-hop: [198.51.100.6, "2001:db8:2::2"] } ] }
  tyo: { id: 3, place: "Tokyo, JP", upstreams: [ { asn: 64603, address: 198.51.100.9, next-hop: [198.51.100.10, "2001:db8:3::2"] } ] }
services:
  web: { address: [203.0.113.80, "2001:db8:53::80"], probes: [ tcp: { port: 80 } ] }
guard: { keep: 1, leave: 2 per 3s, lease: 10s, drift: 200ms }
drain: { settle: 1s, empty: { sessions: 0, for: 1s }, deadline: 8s, gone: 3s, return: 1s }
${rest}
`);
}

export function planOf(text: string): Plan {
  const parsed = parsePlan(text);
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return parsed.plan;
}
