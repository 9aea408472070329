export {
  BACKOFF,
  type Backoff,
  DEFAULT_PEER,
  type GracefulRestart,
  type PeerConfig,
  type RequiredCapability,
  type Settings,
  settingsOf,
} from './config.ts';
export type { Down, LinkName, Negotiated, PeerEffect, PeerEvent } from './event.ts';
export { negotiate, ourOpen, type Restart } from './open.ts';
export {
  establishedLink,
  newPeer,
  type PeerState,
  type PeerStep,
  peerDue,
  stepPeer,
  type Wait,
  type Welcome,
  welcome,
} from './peer.ts';
export {
  type Deferral,
  type DeferralEvent,
  deferralOver,
  deferredFamilies,
  newDeferral,
  stepDeferral,
} from './restart.ts';
export { type Phase, type Session, TABLE } from './session.ts';
export { type PeerView, viewOf } from './view.ts';
