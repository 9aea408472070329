/**
 * The pieces that a snapshot is made of. Each piece changes as a whole and by one kind of event; in a snapshot it stands with
 * `at`, the instant of that event. Instants are milliseconds since 1970, whole numbers; durations are milliseconds.
 */
import { z } from 'zod';

/** Longest text that travels: a reason, a sentence. */
export const TEXT_LIMIT = 2000;

export const at = z.int().nonnegative().describe('Milliseconds since 1970, UTC.');
export const text = z.string().max(TEXT_LIMIT);
/** A name out of the plan. Whatever it holds is text, never markup. */
export const name = z.string().min(1).max(200);
const asn = z.int().min(0).max(0xffff_ffff);
const count = z.int().nonnegative();
const sentences = z.array(text);

export const order = z.object({ owner: text, reason: text });

export const place = z.object({
  name: z.string(),
  /** Two letters, ISO 3166; empty where unknown. */
  country: z.string(),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});
export type Place = z.infer<typeof place>;

/** What the operator declared, as far as it is shown. */
export const network = z.object({
  name,
  asn,
  prefixes: z.array(z.string()),
  services: z.record(z.string(), z.object({ addresses: z.array(z.string()) })),
  guard: z.object({
    /** Sites that have to stay in. */
    keep: count,
    leave: z.object({ count, perMs: z.number().nonnegative() }),
    remainingCapacity: z.boolean(),
    /** What a refused site announces. */
    last: z.enum(['less-preferred', 'full', 'withdrawn']),
    /** Somebody hands out tickets; without, each site judges alone. */
    controller: z.boolean(),
  }),
});
export type Network = z.infer<typeof network>;

/** The process of a site's agent. */
export const process = z.object({
  standing: z.enum(['starting', 'running', 'stopping', 'dead']),
  pid: count.optional(),
});
export type Process = z.infer<typeof process>;

/** What health checks conclude of a service at a site. */
export const verdict = z.object({
  verdict: z.enum(['unknown', 'down', 'degraded', 'up']),
  /** `rising` and `falling` are on the way to another verdict. */
  phase: z.enum(['unknown', 'rising', 'up', 'falling', 'down', 'degraded']),
  /** From the nearest cause back to the first. */
  why: sentences,
});
export type Verdict = z.infer<typeof verdict>;

export const drain = z.object({
  phase: z.enum(['in', 'lessPreferred', 'empty', 'withdrawn', 'out', 'returning']),
  /** When the phase ends by itself. */
  until: at.optional(),
  order: order.optional(),
  /** How it went: `not empty: 12 sessions`. */
  remarks: sentences,
});
export type Drain = z.infer<typeof drain>;

/** Nothing that the site announces changes, whatever its health. */
export const freeze = order.extend({ until: at.optional() });
export type Freeze = z.infer<typeof freeze>;

/** What a site has decided for a scope: prefixes that come and go together. */
export const decision = z.object({
  prefixes: z.array(z.string()),
  /** `pending`: nothing is announced yet. */
  level: z.enum(['full', 'less-preferred', 'withdrawn', 'pending']),
  why: sentences,
});
export type Decision = z.infer<typeof decision>;

/** Whether a site may leave a scope, as it knows it. */
export const ticket = z.object({
  ticket: z.enum(['unknown', 'held', 'lease', 'refused', 'asked', 'idle', 'lost', 'alone']),
  /** Why the guard refuses, with its numbers. */
  refused: text.optional(),
});
export type Ticket = z.infer<typeof ticket>;

/** How the guard sees a scope. */
export const guard = z.object({
  keep: count,
  sites: z.array(name),
  /** Sites that are out, may leave at any moment, or are not heard of. */
  spokenFor: z.array(name),
  /** Probes, as `service/probe`, that fail at every site: no reason to leave. */
  sharedFaults: z.array(z.string()),
});
export type Guard = z.infer<typeof guard>;

/** A BGP session of a site with an upstream. */
export const session = z.object({
  /** RFC 4271 §8.2.2, in lower case; `disabled` by the operator, `unknown` when nobody can say. */
  state: z.string().max(40),
  /** When it came to be so, by the site's own account; absent when nobody can say. */
  since: at.optional(),
  /** Why there is none. */
  why: text.optional(),
});
export type Session = z.infer<typeof session>;

export const level = z.enum(['full', 'less-preferred', 'withdrawn']);
export type Level = z.infer<typeof level>;

/** One prefix towards one upstream: the cell of the matrix. */
export const announcement = z.object({
  /** What the site's decision and the plan ask for. */
  expected: level,
  /** What the upstream holds of it, looked at from the upstream's side where that can be seen. */
  actual: level,
  /** Copies of our number in the path beyond the first, as the upstream holds it; absent where it holds nothing, or nobody can say. */
  prepend: count.optional(),
  /** It carries GRACEFUL_SHUTDOWN there (RFC 8326): whoever has another way takes that. */
  leaving: z.literal(true).optional(),
  /** Why it is not full; where the two differ, why they do. More is in the site's decision. */
  why: sentences,
});
export type Announcement = z.infer<typeof announcement>;

/** One router on the way of a client, the first one being in the client's own network. */
export const hop = z.object({
  router: z.string(),
  asn,
  /** The network's name. */
  as: z.string(),
  /** Why this router sends it on as it does: the step of the decision, and what it was chosen over. Absent where unknown. */
  why: text.optional(),
});
export type Hop = z.infer<typeof hop>;

/** Where a vantage's packets end. */
export const landing = z.object({
  /** Absent: they are lost. */
  site: name.optional(),
  upstream: name.optional(),
  /** There and back. */
  rttMs: z.number().nonnegative(),
  /** The networks on the way, the client's own first, ours last. */
  path: z.array(asn),
  hops: z.array(hop),
  /** Why they are lost. */
  lost: text.optional(),
});
export type Landing = z.infer<typeof landing>;

/** Requests and queries of a vantage since the run began. `failed`: a site was reached and did not serve; `lost`: none was. */
export const requests = z.object({ served: count, failed: count, lost: count });
export type Requests = z.infer<typeof requests>;

/** What a site had to do. */
export const load = z.object({
  /** Requests and queries since the run began. */
  asked: count,
  /** In the seconds before. */
  perSecond: z.number().nonnegative(),
  /** What its clients ask for, to be held against the site's capacity; absent where unknown. */
  bitsPerSecond: z.number().nonnegative().optional(),
});
export type Load = z.infer<typeof load>;

/** Something that was broken on purpose. */
export const fault = z.discriminatedUnion('fault', [
  z.object({ fault: z.literal('service'), site: name, service: name, how: z.string().max(40) }),
  /** `ends`: a site and its upstream, or two routers. */
  z.object({ fault: z.literal('link'), ends: z.tuple([name, name]) }),
  z.object({ fault: z.literal('site'), site: name }),
  /** Nobody hands out tickets. */
  z.object({ fault: z.literal('controller') }),
]);
export type Fault = z.infer<typeof fault>;

/** The networks between clients and sites; it does not change in a run. */
export const internet = z.object({
  /** By AS number. */
  ases: z.record(
    z.string(),
    z.object({
      name: z.string(),
      /** `backbone` buys from nobody, `edge` sells to nobody, `upstream` is one that the plan names. */
      tier: z.enum(['backbone', 'upstream', 'carrier', 'edge']),
      /** People behind it. */
      users: z.number().nonnegative(),
      /** By the router's name. */
      routers: z.record(z.string(), place),
    }),
  ),
  links: z.array(
    z.object({
      from: name,
      to: name,
      /** What `to` is to `from`; `internal` within one AS. */
      relation: z.enum(['customer', 'peer', 'internal']),
      /** One way. */
      latencyMs: z.number().nonnegative(),
    }),
  ),
  /** Where sites are connected. */
  doors: z.array(z.object({ site: name, upstream: name, router: name, latencyMs: z.number().nonnegative() })),
});
export type Internet = z.infer<typeof internet>;
