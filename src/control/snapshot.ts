/**
 * All there is to see of a network at one instant, as one plain value. Every piece in it has `at`, the instant from which it
 * has been as it stands; the snapshot's own `at` is the instant for which all of it is true.
 */
import { z } from 'zod';
import {
  announcement,
  at,
  decision,
  drain,
  fault,
  freeze,
  guard,
  internet,
  landing,
  load,
  name,
  network,
  place,
  process,
  requests,
  session,
  ticket,
  verdict,
} from './pieces.ts';
import { VERSION } from './version.ts';

const since = { at };

export const upstream = z.object({
  asn: z.int(),
  address: z.string(),
  /** What the neighbour is to us (RFC 9234). */
  role: z.string(),
  /** Where it is, when known. */
  place: place.optional(),
  session: session.extend(since),
  /** By prefix. */
  announcements: z.record(z.string(), announcement.extend(since)),
});
export type Upstream = z.infer<typeof upstream>;

export const site = z.object({
  place,
  /** Bits per second. */
  capacity: z.number().positive().optional(),
  process: process.extend(since),
  /** By service. */
  verdicts: z.record(z.string(), verdict.extend(since)),
  drain: drain.extend(since),
  frozen: freeze.extend(since).optional(),
  /** By scope. */
  decisions: z.record(z.string(), decision.extend(since)),
  /** By scope. */
  tickets: z.record(z.string(), ticket.extend(since)),
  upstreams: z.record(z.string(), upstream),
  load: load.extend(since),
});
export type Site = z.infer<typeof site>;

export const vantage = z.object({
  place,
  /** The access network, and the router of it that is nearest. */
  asn: z.int(),
  router: name,
  /** People there; a weight, no census. */
  users: z.number().nonnegative(),
  landing: landing.extend(since),
  requests: requests.extend(since),
});
export type Vantage = z.infer<typeof vantage>;

/** The snapshot without its number: what a run begins with. */
const world = {
  network: network.extend(since),
  sites: z.record(z.string(), site),
  /** By scope; empty where each site judges alone. */
  guard: z.record(z.string(), guard.extend(since)),
  internet: internet.extend(since),
  /** By the address that means the vantage. */
  vantages: z.record(z.string(), vantage),
  /** By a name that stays the same from `fault` to `healed`. */
  faults: z.record(z.string(), z.intersection(fault, z.object(since))),
};
export const worldSchema = z.object(world);
export type World = z.infer<typeof worldSchema>;

export const position = {
  /** Of the running program: another one after each start. */
  run: z.string().min(1).max(64),
  /** The number of the last event that is in here. Goes on over restarts. */
  seq: z.int().nonnegative(),
  at,
};

export const snapshotSchema = z
  .object({ version: z.literal(VERSION), ...position, ...world })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof snapshotSchema>;
