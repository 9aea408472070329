export type { Note, OutsideEvent, SpeakerEffect, SpeakerInput } from './input.ts';
export { type Began, type Entry, type Played, type Pulled, play } from './journal.ts';
export type { PeerOptions, SpeakerOptions } from './options.ts';
export type { Counters, Peer } from './peer.ts';
export { FAMILIES } from './rib.ts';
export { familyOfPrefix } from './section.ts';
export { Speaker } from './speaker.ts';
export type { Validate } from './subject.ts';
export {
  type AdvertisedView,
  advertised,
  type RouteView,
  routes,
  type Selection,
  sizes,
  whyAdvertised,
} from './views.ts';
