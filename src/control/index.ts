/** What agents, controller and dashboard say to each other: snapshots, events and requests, typed once. Pure. */
export { apply } from './apply.ts';
export { type Body, bodySchema, type Event, eventSchema, KINDS, type Kind } from './event.ts';
export type {
  Announcement,
  Decision,
  Drain,
  Fault,
  Freeze,
  Guard,
  Hop,
  Internet,
  Landing,
  Level,
  Load,
  Network,
  Place,
  Process,
  Requests,
  Session,
  Ticket,
  Verdict,
} from './pieces.ts';
export {
  type Answer,
  answerSchema,
  type Opinion,
  ORDERS,
  type Order,
  type Outcome,
  orderSchema,
  type Request,
  requestSchema,
} from './request.ts';
export {
  type Site,
  type Snapshot,
  snapshotSchema,
  type Upstream,
  type Vantage,
  VERSION,
  type World,
  worldSchema,
} from './snapshot.ts';
