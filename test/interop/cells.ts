/** The columns of the matrix: what two routers are tried for, each a test that can fail. */
import { OUR4, OUR6, THEIR4, THEIR6 } from './cells/ground.ts';
import { bfd, collision, dialling, holdTimer, ourText, peerKilled, theirText } from './cells/liveness.ts';
import { gtsm, md5, roles } from './cells/protection.ts';
import { cleanStop, refresh, theyRestart, weRestart } from './cells/restart.ts';
import {
  addPath,
  bothWays,
  defaultDeny,
  extendedMessages,
  extendedNextHop,
  inside,
  largeCommunities,
  prefixLimit,
  transit,
  twoBytePeer,
} from './cells/routes.ts';
import {
  announces,
  beside,
  crashes,
  drains,
  freezes,
  guards,
  reloads,
  siteBfd,
  siteGtsm,
  siteMd5,
  staysAway,
  stops,
} from './cells/site.ts';
import type { Room } from './room.ts';
import type { Ability } from './router.ts';

export interface Cell {
  /** The head of the column. */
  readonly name: string;
  /** What passing means, as a sentence. */
  readonly promise: string;
  /** What the daemon has to be able to do; without it the cell is not applicable, with the daemon's reason. */
  readonly needs: readonly Ability[];
  /** What our side has to be able to do, when another daemon stands in for it. */
  readonly ours?: readonly Ability[];
  run(room: Room): Promise<void>;
}

export const CELLS: readonly Cell[] = [
  {
    name: 'IPv4',
    promise: 'IPv4 routes both ways, every attribute equal',
    needs: [],
    run: (room) => bothWays(room, 'ipv4', OUR4, THEIR4),
  },
  {
    name: 'IPv6',
    promise: 'IPv6 routes both ways over an IPv6 session, every attribute equal',
    needs: ['ipv6'],
    run: (room) => bothWays(room, 'ipv6', OUR6, THEIR6),
  },
  {
    name: 'iBGP',
    promise: 'inside one AS: routes both ways with nothing prepended',
    needs: [],
    run: inside,
  },
  {
    name: '4-byte AS',
    promise: 'both sides have AS numbers above 65535 (RFC 6793)',
    needs: ['as4'],
    run: (room) => bothWays(room, 'ipv4', OUR4, THEIR4, 4200000500, 4200000600),
  },
  {
    name: '2-byte peer',
    promise:
      'a peer without 4-byte AS numbers sees AS_TRANS, and hands on AS4_PATH that we put together again (RFC 6793 §4.2.3)',
    needs: ['as2'],
    run: twoBytePeer,
  },
  {
    name: 'Large communities',
    promise: 'large communities pass through us unchanged, up to the largest numbers (RFC 8092)',
    needs: ['large'],
    run: largeCommunities,
  },
  {
    name: 'Transit',
    promise:
      'what one daemon announces the next receives from us: path longer by one, our next hop, no MED, unknown attribute marked partial',
    needs: [],
    ours: ['transit'],
    run: transit,
  },
  {
    name: 'MD5',
    promise: 'the right key: up; a wrong key or none: never (RFC 2385)',
    needs: ['md5'],
    ours: ['md5'],
    run: md5,
  },
  {
    name: 'GTSM',
    promise: 'both use it: up; only one does: never (RFC 5082)',
    needs: ['gtsm'],
    ours: ['gtsm'],
    run: gtsm,
  },
  {
    name: 'They restart',
    promise:
      'the daemon is killed: we keep its routes as stale, and when it is back hold what it sends then (RFC 4724 §4.2)',
    needs: ['restart'],
    ours: ['helper'],
    run: theyRestart,
  },
  {
    name: 'We restart',
    promise:
      'we are killed: the daemon never loses our routes, and when we are back holds what we send then (RFC 4724 §4.1)',
    needs: ['helper'],
    ours: ['restart'],
    run: weRestart,
  },
  {
    name: 'Clean stop',
    promise:
      'we are stopped as an operator would: the daemon forgets our routes at once, graceful restart or not',
    needs: [],
    run: cleanStop,
  },
  {
    name: 'They ask refresh',
    promise: 'the daemon asks, we send everything again, bracketed when both offer that (RFC 2918, 7313)',
    needs: ['askRefresh'],
    run: (room) => refresh(room, 'theirs'),
  },
  {
    name: 'We ask refresh',
    promise: 'we ask, the daemon sends everything again',
    needs: ['answerRefresh'],
    ours: ['askRefresh'],
    run: (room) => refresh(room, 'ours'),
  },
  {
    name: 'Their shutdown text',
    promise: 'what the daemon says on shutdown we show (RFC 9003)',
    needs: ['sendText'],
    run: theirText,
  },
  {
    name: 'Our shutdown text',
    promise: 'what we say on shutdown the daemon shows',
    needs: [],
    ours: ['sendText'],
    run: ourText,
  },
  {
    name: 'ADD-PATH receive',
    promise: 'the daemon sends two paths of one prefix, we hold both (RFC 7911)',
    needs: ['addPathSend', 'transit'],
    ours: ['addPathReceive'],
    run: addPath,
  },
  {
    name: 'Extended messages',
    promise: 'an UPDATE longer than 4096 bytes (RFC 8654)',
    needs: ['extendedMessages'],
    ours: ['extendedMessages', 'longUpdate'],
    run: extendedMessages,
  },
  {
    name: 'Roles',
    promise:
      'customer and provider: up, and OTC names the provider; two customers: refused with Role Mismatch (RFC 9234)',
    needs: ['roles'],
    ours: ['roles'],
    run: roles,
  },
  {
    name: 'BFD',
    promise: 'the link fails silently: both know within 3 s, the hold time being 90 s (RFC 5882)',
    needs: ['bfd'],
    ours: ['bfd'],
    run: bfd,
  },
  {
    name: 'Hold timer',
    promise: 'either side falls silent: the other gives up after the hold time, and they meet again',
    needs: [],
    run: holdTimer,
  },
  {
    name: 'Who dials',
    promise: 'a passive daemon is dialled, and a passive nearcast waits for the daemon',
    needs: ['listen'],
    ours: ['listen'],
    run: dialling,
  },
  {
    name: 'Collision',
    promise: 'two connections at the same moment: exactly one stays, and its routes (RFC 4271 §6.8)',
    needs: ['listen'],
    ours: ['listen'],
    run: collision,
  },
  {
    name: 'Peer killed',
    promise: 'the daemon is killed: the next router loses its routes within 3 s',
    needs: [],
    ours: ['transit'],
    run: peerKilled,
  },
  {
    name: 'Default deny',
    promise: 'without policy we accept nothing and send nothing (RFC 8212)',
    needs: [],
    ours: ['noPolicy', 'table'],
    run: defaultDeny,
  },
  {
    name: 'Prefix limit',
    promise: 'one prefix too many: Cease, Maximum Number of Prefixes Reached (RFC 4486)',
    needs: [],
    ours: ['table'],
    run: prefixLimit,
  },
  {
    name: 'IPv6 next hop',
    promise: 'IPv4 routes both ways over an IPv6 session (RFC 8950)',
    needs: ['extendedNextHop'],
    ours: ['extendedNextHop'],
    run: extendedNextHop,
  },
  {
    name: 'Site: health',
    promise:
      'two agents: nothing before the service works; full, degraded (GRACEFUL_SHUTDOWN, prepend, MED) and back by implicit replace, MED always sent; killed: withdrawn; recovered: full; IPv4 and IPv6 (RFC 4786 §4.4.1, RFC 8326)',
    needs: ['ipv6'],
    ours: ['agent'],
    run: announces,
  },
  {
    name: 'Site: drain',
    promise:
      'less preferred while a client is connected, withdrawn when the last has gone, back by less preferred; turned round on the way: full at once',
    needs: ['ipv6'],
    ours: ['agent'],
    run: drains,
  },
  {
    name: 'Site: freeze',
    promise: 'frozen: a dead service changes nothing and a drain is refused; thawed: withdrawn',
    needs: ['ipv6'],
    ours: ['agent'],
    run: freezes,
  },
  {
    name: 'Site: guard',
    promise:
      'two sites and a controller: the first that fails leaves, the last stays less preferred and says why, and leaves when the other is back',
    needs: ['ipv6'],
    ours: ['agent'],
    run: guards,
  },
  {
    name: 'Site: reload',
    promise:
      'a changed prepend goes out on the session that is there; --dry-run and a plan with a mistake change nothing',
    needs: ['ipv6'],
    ours: ['agent'],
    run: reloads,
  },
  {
    name: 'Site: stop',
    promise: 'withdrawn first, then the goodbye; nothing is kept, although graceful restart was agreed on',
    needs: ['ipv6'],
    ours: ['agent'],
    run: stops,
  },
  {
    name: 'Site: crash',
    promise:
      'kill -9 with graceful restart: the routes stay in the table without a gap until the agent is back and after (RFC 4724)',
    needs: ['ipv6', 'helper'],
    ours: ['agent'],
    run: crashes,
  },
  {
    name: 'Site: gone',
    promise: 'kill -9 and never back: the routes stay until the restart time is over, and then go',
    needs: ['ipv6', 'helper'],
    ours: ['agent'],
    run: staysAway,
  },
  {
    name: 'Site: MD5',
    promise: 'the site with the right key is heard; the one with another has no session (RFC 2385)',
    needs: ['ipv6', 'md5'],
    ours: ['agent'],
    run: siteMd5,
  },
  {
    name: 'Site: GTSM',
    promise: 'the site whose upstream sends with TTL 255 is heard; the other has no session (RFC 5082)',
    needs: ['ipv6', 'gtsm'],
    ours: ['agent'],
    run: siteGtsm,
  },
  {
    name: 'Site: BFD',
    promise: 'the path fails silently: the routes are gone within 5 s, the hold time being 90 s (RFC 5882)',
    needs: ['ipv6', 'bfd'],
    ours: ['agent'],
    run: siteBfd,
  },
  {
    name: 'Site: beside',
    promise:
      'the agent speaks to the daemon beside it on loopback, inside the AS: less preferred is LOCAL_PREF 0 there, and the upstream hears from the daemon what the table says, down to the withdrawal (RFC 8326 §4.2)',
    needs: ['ipv6', 'beside'],
    ours: ['agent'],
    run: beside,
  },
];
