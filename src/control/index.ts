/** What agents, controller and dashboard say to each other: snapshots, events and requests, typed once. Pure. */
export { apply, applyAll } from './apply.ts';
export { type Catchment, catchments } from './catchment.ts';
export { changes } from './changes.ts';
export {
  type Cursor,
  format,
  formatCursor,
  type Read,
  readAnswer,
  readCursor,
  readEvent,
  readRequest,
  readSnapshot,
} from './codec.ts';
export { about, describe, faultWords, orderWords } from './describe.ts';
export { diagramOf } from './diagram.ts';
export { type Body, type Event, eventSchema, KINDS, type Kind } from './event.ts';
export { lookOf, type Mood, placeText, type SiteLook } from './look.ts';
export { openApi, PAGE, PAGE_LIMIT, ROUTES, type Route, type RouteName } from './openapi.ts';
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
  type World,
} from './snapshot.ts';
export { Timeline, type TimelineOptions } from './timeline.ts';
export { VERSION } from './version.ts';
