/**
 * What happens to a peer and what it wants done: both plain values. `host` performs effects on real sockets, `emulate` on
 * virtual links, the journal writes them down.
 */
import type { Address, Asn } from '../base/index.ts';
import type { Agreed, Family, Notification, Open, Role, RouteRefresh } from '../wire/index.ts';

/** Which of a peer's two possible connections (RFC 4271 §6.8): the one we opened or the one we accepted. */
export type LinkName = 'outgoing' | 'incoming';

export type PeerEvent =
  /**
   * The operator, or start-up, wants this peer up (ManualStart / AutomaticStart). `restarting`: we come back from a restart and
   * say so (RFC 4724 §4.1) for the length of our restart time; `forwarding`: families whose packets went on being forwarded meanwhile.
   */
  | { readonly kind: 'start'; readonly restarting?: boolean; readonly forwarding?: readonly Family[] }
  /**
   * The operator wants it down: a Cease with this subcode and text (RFC 4486, RFC 9003). `hard`: forget our routes at once (RFC
   * 8538 §3.1); by default for the subcodes 1, 2, 3 and 10.
   */
  | { readonly kind: 'stop'; readonly subcode: number; readonly text?: string; readonly hard?: boolean }
  /**
   * A connection stands. For `incoming` this is how a peer hears of one that was accepted: ask `welcome` before. A second one
   * of the same name says that the first is gone.
   */
  | { readonly kind: 'tcpUp'; readonly link: LinkName; readonly local: Address; readonly remote: Address }
  /** A connection ended or could not be made; `why` is the system's word for it. */
  | { readonly kind: 'tcpDown'; readonly link: LinkName; readonly why: string }
  | { readonly kind: 'open'; readonly link: LinkName; readonly open: Open }
  | { readonly kind: 'keepalive'; readonly link: LinkName }
  | { readonly kind: 'notification'; readonly link: LinkName; readonly notification: Notification }
  | { readonly kind: 'refresh'; readonly link: LinkName; readonly refresh: RouteRefresh }
  /** One or more UPDATEs arrived; their routes go to the RIB, the session only needs to know that the peer lives. */
  | { readonly kind: 'update'; readonly link: LinkName }
  /** The RIB took an End-of-RIB marker (RFC 4724 §2). */
  | { readonly kind: 'endOfRib'; readonly link: LinkName; readonly family: Family }
  /** Bytes that no BGP speaker may send: answered with this NOTIFICATION. */
  | {
      readonly kind: 'malformed';
      readonly link: LinkName;
      readonly notification: Notification;
      readonly why: string;
    }
  /** The RIB holds more prefixes than the peer may send (RFC 4486 §4). */
  | { readonly kind: 'prefixLimit'; readonly family: Family; readonly limit: number }
  /** Bytes left our send buffer, or there are none to send: the peer's window is not shut (RFC 9687). */
  | { readonly kind: 'sent'; readonly link: LinkName }
  /** Bytes wait and cannot leave (RFC 9687 §4). */
  | { readonly kind: 'blocked'; readonly link: LinkName }
  /** BFD says that the path to the peer is gone (RFC 5882 §4.2). */
  | { readonly kind: 'bfdDown' }
  | { readonly kind: 'bfdUp' }
  /** The earliest deadline has come. */
  | { readonly kind: 'due' };

export type PeerEffect =
  /** Open the outgoing connection; answered by `tcpUp` or `tcpDown`. */
  | { readonly do: 'connect' }
  /** Close a connection after what was sent before has left; no `tcpDown` follows. */
  | { readonly do: 'close'; readonly link: LinkName }
  | {
      readonly do: 'send';
      readonly link: LinkName;
      readonly message: Open | Notification | { readonly kind: 'keepalive' } | RouteRefresh;
    }
  /** Established. Routes may be exchanged over this link from now on. */
  | { readonly do: 'up'; readonly link: LinkName; readonly negotiated: Negotiated }
  /**
   * No longer established. Routes of the families in `retain` stay, marked stale, until `flush` names them (RFC 4724 §4.2);
   * all others go at once.
   */
  | { readonly do: 'down'; readonly why: Down; readonly retain: readonly Family[] }
  /** Remove what is still stale in these families. `refresh`: the peer has ended a refresh, which it may do as often as it likes. */
  | {
      readonly do: 'flush';
      readonly families: readonly Family[];
      readonly why: string;
      readonly refresh?: true;
    }
  /** The peer wants everything of this family again (RFC 2918); with `markers` between BoRR and EoRR (RFC 7313). */
  | { readonly do: 'resend'; readonly family: Family; readonly markers: boolean }
  /** BoRR from the peer: all its routes of this family are stale from now on; `flush` follows (RFC 7313 §4). */
  | { readonly do: 'stale'; readonly family: Family };

/** What both OPENs together say. */
export interface Negotiated {
  readonly remoteAsn: Asn;
  readonly remoteId: Address;
  /** Seconds; 0 is none. */
  readonly holdTime: number;
  readonly families: readonly Family[];
  /** How we read what the peer sends. */
  readonly receive: Agreed;
  /** How we write what we send. */
  readonly send: Agreed;
  /** Families of IPv4 prefixes that may have IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: readonly Family[];
  readonly routeRefresh: boolean;
  readonly enhancedRefresh: boolean;
  /** Our role and the peer's, where both are known and fit (RFC 9234). */
  readonly role?: Role;
  readonly remoteRole?: Role;
  /**
   * Both sides understand graceful restart. `families` the peer can restart without loss: their routes we keep while it is away, for at
   * most `restartTime` seconds. Whether the peer keeps ours depends on what we said.
   */
  readonly gracefulRestart?: {
    readonly restartTime: number;
    readonly families: readonly Family[];
    /** The peer said that it has restarted, and waits for our End-of-RIB before it selects (RFC 4724 §4.1). */
    readonly peerRestarted: boolean;
    /** RFC 8538: a NOTIFICATION other than Hard Reset keeps routes as well. */
    readonly notification: boolean;
  };
  readonly remoteCapabilities: Open['capabilities'];
  readonly local: Address;
  readonly remote: Address;
}

/** Why a session ended, in a form that a person can read and a program can count. */
export interface Down {
  readonly by: 'us' | 'peer' | 'transport' | 'timer' | 'bfd';
  /** One sentence in the operator's words, such as `peer said: Cease / Administrative Shutdown, "maintenance until 04:00"`. */
  readonly reason: string;
  readonly sent?: Notification;
  readonly received?: Notification;
}
