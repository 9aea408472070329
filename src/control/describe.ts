/** Events as people read them: one sentence each, and what it is about. Names stand in it as they are: text, never markup. */
import { never } from '../base/index.ts';
import type { Body } from './event.ts';
import type { Fault } from './pieces.ts';
import type { Order } from './request.ts';

/** One sentence, without a full stop. */
export function describe(event: Body): string {
  switch (event.kind) {
    case 'start':
      return `a run of ${event.is.network.name} begins with ${Object.keys(event.is.sites).length} sites`;
    case 'process':
      return `the agent of ${event.site} ${STANDING[event.is.standing]}`;
    case 'verdict':
      return `${event.service} at ${event.site} is ${event.is.phase}${because(event.is.why)}`;
    case 'drain':
      return `${event.site} ${DRAIN[event.is.phase]}${event.is.order && event.is.phase !== 'in' ? ` (${event.is.order.owner}: ${event.is.order.reason})` : ''}`;
    case 'freeze':
      return event.is
        ? `${event.site} is frozen by ${event.is.owner}: ${event.is.reason}`
        : `${event.site} is not frozen any more`;
    case 'decision':
      return `${event.site} ${LEVEL[event.is.level]} for ${event.is.prefixes.join(' ')}${because(event.is.why)}`;
    case 'ticket':
      return `${event.site} ${TICKET[event.is.ticket]}${because(event.is.refused === undefined ? [] : [event.is.refused])}`;
    case 'guard':
      return `guard: ${event.is.spokenFor.length} of ${event.is.sites.length} sites are out or may leave, ${event.is.keep} must stay${
        event.is.sharedFaults.length > 0 ? `; ${event.is.sharedFaults.join(', ')} fails everywhere` : ''
      }`;
    case 'session':
      return `the session of ${event.site} with ${event.upstream} is ${event.is.state}${because(event.is.why === undefined ? [] : [event.is.why])}`;
    case 'announcement': {
      const { site, upstream, prefix, was, is } = event;
      if (!is) return `${site} no longer speaks of ${prefix} to ${upstream}`;
      const stands =
        is.actual === 'withdrawn'
          ? `${upstream} ${was && was.actual !== 'withdrawn' ? 'no longer has' : 'does not have'} ${prefix} from ${site}`
          : `${upstream} has ${prefix} from ${site}${is.actual === 'full' ? '' : ', less preferred'}`;
      return is.actual === is.expected ? stands : `${stands}, but ${SHOULD[is.expected]}${because(is.why)}`;
    }
    case 'landing': {
      const { vantage, was, is } = event;
      const rtt = `${Math.round(is.rttMs)} ms`;
      if (is.site === undefined)
        return `${vantage} lands nowhere${because(is.lost === undefined ? [] : [is.lost])}`;
      if (was.site === is.site && was.path.join() === is.path.join())
        return `${vantage} still goes to ${is.site}, for another reason`;
      if (was.site === is.site) return `${vantage} goes to ${is.site} another way, ${rtt}`;
      return `${vantage} moves from ${was.site ?? 'nowhere'} to ${is.site}, ${rtt}`;
    }
    case 'traffic':
      return `${Object.values(event.sites)
        .reduce((n, s) => n + s.perSecond, 0)
        .toFixed(1)} requests a second`;
    case 'fault':
      return faultWords(event.is);
    case 'healed':
      return `healed: ${faultWords(event.was)}`;
    case 'order':
      return `${event.order.owner} asks: ${orderWords(event.order)} (${event.order.reason}): ${event.outcome}${because(event.say)}`;
    case 'note':
      return event.say;
    default:
      return never(event);
  }
}

/** Sites and vantages that an event is about, for a filter. */
export function about(event: Body): {
  readonly sites: readonly string[];
  readonly vantages: readonly string[];
} {
  switch (event.kind) {
    case 'landing':
      return {
        sites: [...new Set([event.was.site, event.is.site])].filter((s) => s !== undefined),
        vantages: [event.vantage],
      };
    case 'traffic':
      return { sites: Object.keys(event.sites), vantages: Object.keys(event.vantages) };
    case 'fault':
    case 'healed': {
      const fault = event.kind === 'fault' ? event.is : event.was;
      const sites = fault.fault === 'link' ? fault.ends : 'site' in fault ? [fault.site] : [];
      return { sites, vantages: [] };
    }
    case 'order': {
      const { order } = event;
      if (order.do === 'cut')
        return { sites: [order.one, order.other].filter((s) => s !== undefined), vantages: [] };
      if (order.do === 'heal')
        return { sites: [order.what, order.other].filter((s) => s !== undefined), vantages: [] };
      return { sites: [order.site], vantages: [] };
    }
    default:
      return { sites: 'site' in event ? [event.site] : [], vantages: [] };
  }
}

/** An order as it would be typed. */
export function orderWords(order: Order): string {
  switch (order.do) {
    case 'fail':
      return `fail ${order.service} at ${order.site}`;
    case 'cut':
      return `cut ${order.one}${order.other === undefined ? '' : ` ${order.other}`}`;
    case 'heal':
      return ['heal', order.what, order.other].filter((w) => w !== undefined).join(' ');
    default:
      return `${order.do} ${order.site}`;
  }
}

function because(why: readonly string[]): string {
  return why.length === 0 ? '' : `: ${why.slice(0, 2).join('; ')}`;
}

/** What is broken on purpose, without a full stop. */
export function faultWords(fault: Fault): string {
  switch (fault.fault) {
    case 'service':
      return `${fault.service} at ${fault.site} fails on purpose (${fault.how})`;
    case 'link':
      return `the cable ${fault.ends.join(' – ')} is cut`;
    case 'site':
      return `the agent of ${fault.site} is dead`;
    case 'controller':
      return 'the controller is dead: nobody hands out tickets';
  }
}

const STANDING = { starting: 'starts', running: 'runs', stopping: 'says goodbye', dead: 'is dead' };

const DRAIN = {
  in: 'is in',
  lessPreferred: 'drains: less preferred',
  empty: 'drains: empty, waits for its ticket',
  withdrawn: 'drains: withdrawn',
  out: 'is drained: out',
  returning: 'comes back',
};

const LEVEL = {
  full: 'announces in full',
  'less-preferred': 'announces as less preferred',
  withdrawn: 'withdraws',
  pending: 'waits for its health',
};

const SHOULD = {
  full: 'should have it in full',
  'less-preferred': 'should have it as less preferred',
  withdrawn: 'should not have it',
};

const TICKET = {
  unknown: 'does not know whether it may leave',
  held: 'may leave',
  lease: 'may leave, though the controller is lost',
  refused: 'may not leave',
  asked: 'asks whether it may leave',
  idle: 'needs no ticket now, and would get none',
  lost: 'may not leave: the controller is lost',
  alone: 'judges alone',
};
