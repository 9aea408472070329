export type { Attribute, AttributeKind, ExtendedCommunity, Nlri, Origin, Segment } from './attribute.ts';
export type { Capability, Role } from './capability.ts';
export {
  type Family,
  family,
  familyCode,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
} from './family.ts';
export type { Agreed, Hex, Keepalive, Message, Notification, Open, RouteRefresh, Update } from './message.ts';
