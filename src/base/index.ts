/** The ground floor: values and small tools that every room shares. Pure, and imports nothing. */
export {
  type Address,
  addressBytes,
  familyOf,
  formatAddress,
  type IpFamily,
  ipv4,
  ipv4Number,
  isLinkLocal,
  parseAddress,
} from './address.ts';
export { AS_TRANS, type Asn, isDocumentationAsn, isPrivateAsn, isReservedAsn, parseAsn } from './asn.ts';
export { AssertionError, assert, never } from './assert.ts';
export { concat, fromHex, fromUtf8, OutOfBytes, Reader, sameBytes, toHex, toUtf8, Writer } from './bytes.ts';
export {
  type Community,
  communityNumber,
  formatCommunity,
  type LargeCommunity,
  largeCommunityNumbers,
  parseCommunity,
  parseLargeCommunity,
  WELL_KNOWN,
} from './community.ts';
export { Heap } from './heap.ts';
export {
  after,
  between,
  type Clock,
  earliest,
  type Instant,
  instant,
  type Millis,
  millis,
  seconds,
} from './instant.ts';
export {
  covers,
  formatPrefix,
  hostPrefix,
  type Prefix,
  type PrefixBits,
  parsePrefix,
  prefixBits,
  prefixFamily,
  prefixLength,
  sameBits,
} from './prefix.ts';
export { Random } from './random.ts';
