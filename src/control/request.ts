/** What may be asked of a running network, and the answer. */
import { z } from 'zod';
import { at, name, text } from './pieces.ts';

const by = {
  /** Who asks for it. */
  owner: text.trim().min(1).max(120),
  reason: text.trim().min(1).max(500),
};
const ofSite = { site: name, ...by };

const orders = [
  /** Moves traffic away: less preferred, then empty, then withdrawn. */
  z.strictObject({ do: z.literal('drain'), ...ofSite }),
  z.strictObject({ do: z.literal('undrain'), ...ofSite }),
  /** Nothing that the site announces changes; thaws by itself after `seconds`. */
  z.strictObject({
    do: z.literal('freeze'),
    ...ofSite,
    seconds: z.number().positive().max(31_536_000).optional(),
  }),
  z.strictObject({ do: z.literal('unfreeze'), ...ofSite }),
  /** A service fails: `refuse` nobody listens, `hang` no answer, `wrong` an error. */
  z.strictObject({
    do: z.literal('fail'),
    service: name,
    ...ofSite,
    how: z.enum(['refuse', 'hang', 'wrong']).default('refuse'),
  }),
  /** kill -9 of the agent and its services. */
  z.strictObject({ do: z.literal('kill'), ...ofSite }),
  /** Ends the agent cleanly, when it runs, and starts it anew. */
  z.strictObject({ do: z.literal('restart'), ...ofSite }),
  /** Cuts a site from an upstream (all of them without `other`), or two networks from each other. */
  z.strictObject({ do: z.literal('cut'), one: name, other: name.optional(), ...by }),
  /** Undoes fail, kill and cut: at a site, of a service, of a cable, or everything without `what`. */
  z.strictObject({ do: z.literal('heal'), what: name.optional(), other: name.optional(), ...by }),
] as const;

export const orderSchema = z.discriminatedUnion('do', orders).meta({ id: 'Order' });
export type Order = z.infer<typeof orderSchema>;
export const ORDERS = orders.map((o) => o.shape.do.value) as readonly Order['do'][];

/** Asks what the guard thinks of an order, and does nothing. */
const considerSchema = z.strictObject({ do: z.literal('consider'), order: orderSchema });

export const requestSchema = z.discriminatedUnion('do', [...orders, considerSchema]).meta({ id: 'Request' });
export type Request = z.infer<typeof requestSchema>;

/** `refused`: by the guard or a freeze; `unknown`: no such name; `failed`: it was tried. */
export const outcome = z.enum(['done', 'refused', 'unknown', 'failed']);
export type Outcome = z.infer<typeof outcome>;

/** What the guard says to it: `not asked` where no guard has a say, such as of a kill. */
export const opinion = z.object({
  guard: z.enum(['allows', 'refuses', 'not asked']),
  why: z.array(text),
});
export type Opinion = z.infer<typeof opinion>;

export const answerSchema = z
  .object({
    /** `considered`: nothing was done, and this is what the guard thinks. */
    outcome: z.enum([...outcome.options, 'considered']),
    /** What was done, or why not, one sentence each. */
    say: z.array(text),
    opinion: opinion.optional(),
    /** Valid names, the nearest first, where one was unknown. */
    nearest: z.array(name).optional(),
    /** Where the stream stood when it was answered: what comes of it follows after. */
    run: z.string(),
    seq: z.int().nonnegative(),
    at,
  })
  .meta({ id: 'Answer' });
export type Answer = z.infer<typeof answerSchema>;
