export type { Down, LinkName, Negotiated, PeerEffect, PeerEvent } from './event.ts';
