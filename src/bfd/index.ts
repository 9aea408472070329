/** Bidirectional Forwarding Detection: the machine of RFC 5880 in asynchronous mode, pure. */
export {
  type BfdState,
  type CheckName,
  type ControlPacket,
  DIAGNOSTIC,
  type Discard,
  decode,
  diagnosticText,
  encode,
  isDiscard,
  STATES,
} from './packet.ts';
export {
  type BfdConfig,
  type BfdEffect,
  type BfdEvent,
  type BfdSession,
  type BfdStep,
  type BfdTimers,
  bfdComplaint,
  bfdDue,
  newBfd,
  stepBfd,
  TABLE,
} from './session.ts';
export { type Detection, detectionTime, type Remote, transmitInterval } from './timing.ts';
