/** The machine beneath: time, connections, files. Impure; everything above it hands plain values in and out. */

export {
  type BfdArrival,
  type BfdPath,
  type BfdSocket,
  type BfdTransport,
  bfdTransport,
} from './bfd-transport.ts';
export { realClock } from './clock.ts';
export {
  type Connection,
  type ConnectionHandlers,
  HIGH_WATER,
  LOW_WATER,
  QUEUE_LIMIT,
} from './connection.ts';
export { type ClientOptions, type ControlClient, connectControl } from './control-client.ts';
export { type ControlHandler, type ControlServer, serveControl } from './control-server.ts';
export { type Args, ControlError, controlPath, type Exit, type Surroundings } from './control-socket.ts';
export { DIAL_LIMIT_MS, type DialHandlers, dial, type Target } from './dial.ts';
export { endpoint, HostError, type HostErrorKind, listenError } from './error.ts';
export { makeFolder } from './folder.ts';
export {
  type Dated,
  type Journal,
  type JournalFile,
  type JournalLine,
  type JournalOptions,
  journal,
  journalFiles,
  readJournal,
} from './journal.ts';
export { libc } from './libc.ts';
export {
  type Guest,
  guestAt,
  type ListenAt,
  type Listener,
  type ListenHandlers,
  listen,
} from './listener.ts';
export { type Facts, type Level, type Logger, type LoggerOptions, logger, redact } from './logger.ts';
export { type ListenerWatch, type PortWatch, watchListeners } from './probe/listening.ts';
export { probeTask, runProbe } from './probe/probe.ts';
export { watchPid } from './probe/process.ts';
export { type ProbeTask, type Schedule, type ScheduleOptions, schedule } from './probe/schedule.ts';
export type {
  Endpoint,
  ProbeAnswer,
  ProbeReport,
  ProbeSpec,
  ProbeSurroundings,
  TargetAnswer,
} from './probe/spec.ts';
export { type Protection, protectionComplaint } from './protection.ts';
export { releaseCode } from './resident.ts';
