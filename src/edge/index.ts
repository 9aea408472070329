/** What a client meets at a site: DNS and HTTP services that say which site served. */
export { answerDns, type DnsOptions } from './answer.ts';
export { type ControlPage, type ControlPageOptions, type Given, serveControlPage } from './control-page.ts';
export { type Edge, type EdgeOptions, type EdgeService, type RunningService, startEdge } from './edge.ts';
export type { ServedBy } from './http.ts';
export { FAULTS, type Fault, type Identity, type Zone } from './identity.ts';
export { planZone } from './zone.ts';
