/** Protocol values as an operator says them: one short phrase each, safe for a terminal. */

import type { Note } from '../speaker/index.ts';
import { type Capability, capabilityName, describeNotification, printable } from '../wire/index.ts';

/** A capability with what it says: `4-octet AS 64601`, `graceful restart 120 s, restarting: ipv4-unicast`. */
export function capabilityPhrase(c: Capability): string {
  switch (c.kind) {
    case 'multiprotocol':
      return `multiprotocol ${c.family}`;
    case 'asn4':
      return `4-octet AS ${c.asn}`;
    case 'role':
      return `role ${c.role}`;
    case 'routeRefresh':
      return 'route refresh';
    case 'enhancedRefresh':
      return 'enhanced route refresh';
    case 'extendedMessage':
      return 'extended messages';
    case 'extendedNextHop':
      return `extended next hop ${list(c.entries.map((e) => `${e.family} over ${afi(e.nextHopAfi)}`))}`;
    case 'addPath':
      return `add-path ${list(c.families.map((f) => `${way(f.mode)} ${f.family}`))}`;
    case 'gracefulRestart':
      return [
        `graceful restart ${c.restartTime} s`,
        ...(c.restarting ? [', restarting'] : []),
        ...(c.notification ? [', also after a NOTIFICATION'] : []),
        ...(c.families.length > 0
          ? [`: ${list(c.families.map((f) => `${f.family}${f.forwarding ? ' (kept forwarding)' : ''}`))}`]
          : [', helper only']),
      ].join('');
    case 'longLivedGracefulRestart':
      return `long-lived graceful restart ${list(c.families.map((f) => `${f.family} ${f.staleTime} s`))}`;
    case 'hostname':
      return `hostname ${printable(c.domain === '' ? c.host : `${c.host}.${c.domain}`)}`;
    case 'unknown':
      return `${capabilityName(c)}${c.data === '' ? '' : ` 0x${cut(c.data, 32)}`}`;
  }
}

/** A sentence for a log, how much it matters, and the facts beside it. */
export interface Sentence {
  readonly level: 'debug' | 'info' | 'warn';
  readonly text: string;
  readonly facts: { readonly [name: string]: unknown };
}

/** What a speaker has noted, in a sentence. */
export function noteSentence(note: Note): Sentence {
  switch (note.kind) {
    case 'up': {
      const { remoteAsn, remoteId, holdTime, families } = note.negotiated;
      const facts = { asn: remoteAsn, id: remoteId, holdTime, families: families.join(' ') };
      return { level: 'info', text: `${note.peer} is up`, facts };
    }
    case 'down': {
      const { sent, reason } = note.why;
      const facts = {
        ...(sent ? { sent: describeNotification(sent) } : {}),
        ...(note.retained.length > 0 ? { kept: note.retained.join(' ') } : {}),
      };
      return { level: 'warn', text: `${note.peer} is down: ${reason}`, facts };
    }
    case 'fault':
      return {
        level: 'warn',
        text: `${note.peer} sent a fault: ${note.why}`,
        facts: { faults: note.count },
      };
    case 'endOfRib':
      return { level: 'debug', text: `${note.peer} has sent its table`, facts: { family: note.family } };
    case 'limit': {
      const text = note.reached
        ? `${note.peer} sends more prefixes than it may: its session ends`
        : `${note.peer} comes near its prefix limit`;
      const facts = { family: note.family, prefixes: note.prefixes, limit: note.limit };
      return { level: 'warn', text, facts };
    }
    case 'flushed': {
      const facts = { families: note.families.join(' ') };
      return { level: 'info', text: `stale routes of ${note.peer} are gone: ${note.why}`, facts };
    }
    case 'selecting':
      return { level: 'info', text: note.why, facts: {} };
  }
}

/** `once`, `twice`, `3 times`; `never` for none. */
export function times(n: number): string {
  return ['never', 'once', 'twice'][n] ?? `${n} times`;
}

/** `1 prefix`, `2 prefixes`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

function way(mode: 'receive' | 'send' | 'both' | number): string {
  return mode === 'both' ? 'send and receive' : typeof mode === 'number' ? `mode ${mode}` : mode;
}

/** RFC 4760 §8: the address families that can carry a next hop. */
function afi(n: number): string {
  return n === 1 ? 'IPv4' : n === 2 ? 'IPv6' : `AFI ${n}`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'for nothing' : items.join(', ');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
