export { mergeAs4, splitAs4 } from './as4.ts';
export type { Attribute, AttributeKind, ExtendedCommunity, Nlri, Origin, Segment } from './attribute.ts';
export { ATTRIBUTES, attributeName, FLAG } from './attribute-table.ts';
export {
  type AttributesRead,
  decodeAttributes,
  encodeAttributes,
  type Order,
  passOn,
  TooLong,
} from './attributes.ts';
export type { Capability, Role } from './capability.ts';
export { CAPABILITIES, capabilityName } from './capability-table.ts';
export { type Accepted, type Decoded, decodeMessage, encodeMessage, type Refusal } from './codec.ts';
export { type Fault, type Reaction, type WireError, worst } from './error.ts';
export {
  parseExtendedCommunity,
  readExtendedCommunity,
  writeExtendedCommunity,
} from './extended-community.ts';
export {
  type Family,
  family,
  familyCode,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
} from './family.ts';
export {
  BAD_HEADER,
  EXTENDED_MESSAGE_MAX,
  frameLength,
  HEADER_LENGTH,
  headerError,
  MESSAGE_MAX,
  MESSAGE_TYPE,
  NEED_MORE,
} from './frame.ts';
export { judge, type Neighbour } from './judge.ts';
export type { Agreed, Hex, Keepalive, Message, Notification, Open, RouteRefresh, Update } from './message.ts';
export {
  CEASE,
  cease,
  describeNotification,
  hardReset,
  insideHardReset,
  NOTIFICATIONS,
  notificationName,
  notificationOf,
  printable,
  shutdownText,
} from './notification.ts';
export { formatPath, parsePath, pathLength } from './path.ts';
export {
  ENDS_IN_SET,
  HAS_LOCAL_PREF,
  HAS_MED,
  HAS_NEXT_HOP,
  HAS_OTC,
  LOOPED,
  NO_ADVERTISE,
  NO_EXPORT,
  newSummary,
  ODD_NEXT_HOP,
  REFLECTED,
  type Summary,
  summarise,
} from './scan.ts';
export {
  asWithdrawal,
  decodeUpdate,
  endOfRib,
  endOfRibMarker,
  type UpdateRead,
  type UpdateRefused,
} from './update.ts';
