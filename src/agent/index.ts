/** The daemon of a site: health and BGP in one process; and the service that hands out tickets. */
export { Agent, type AgentOptions, type Tickets } from './agent.ts';
export type { Entry as AuditEntry } from './audit.ts';
export {
  BfdDriver,
  type BfdDriverOptions,
  type BfdSettings,
  type BfdView,
  type OnBfdState,
  type Strays,
} from './bfd.ts';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
export type { Happening } from './history.ts';
export { type IssuerOptions, type IssuerService, type IssuerView, serveIssuer } from './issuer-service.ts';
export { rehearse } from './rehearsal.ts';
export { type ReadPlan, readPlan } from './reload.ts';
export { Router, type RouterOptions, type RouterPeer, type Transport } from './router.ts';
export { readPasswords, readSecret } from './secret.ts';
export { replaceFile } from './state-file.ts';
export { peerNamed } from './upstream.ts';
export type {
  AgentReloadView,
  AgentVerbs,
  DrainView,
  ExplainView,
  OrderArgs,
  OrderView,
  ProbeView,
  ScopeView,
  ServiceView,
  StatusView,
  UpstreamView,
} from './views.ts';
