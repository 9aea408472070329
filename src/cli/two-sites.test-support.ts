/** A small internet that does not exist, and a plan with two sites on it, for the verbs that predict. */
import { CITIES, findPlace, generateWorld, transitNear } from '../topology/index.ts';

export const made = generateWorld({ ases: 600, seed: 3 });

/** The AS number of a network near a city that sells transit. */
export function near(city: string): number {
  return transitNear(made, findPlace(city, CITIES) as { lat: number; lon: number })[0] as number;
}

/** The plan as text; each site may have a capacity. */
export function twoSites(capacity: { readonly fra?: string; readonly sin?: string } = {}): string {
  const of = (site: 'fra' | 'sin') => (capacity[site] === undefined ? '' : `capacity: ${capacity[site]}, `);
  return `network: test
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra: { place: "Frankfurt, DE", ${of('fra')}upstreams: [ { asn: ${near('Frankfurt')}, address: 192.0.2.1, role: provider } ] }
  sin: { place: "Singapore, SG", ${of('sin')}upstreams: [ { asn: ${near('Singapore')}, address: 192.0.2.2, role: provider } ] }
services:
  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }
`;
}
