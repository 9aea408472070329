/** What an operator may say of one peer's session, and what is taken where nothing is said. */
import { type Address, type Asn, type Millis, millis, seconds } from '../base/index.ts';
import { type Capability, type Family, IPV4_UNICAST, IPV6_UNICAST, type Role } from '../wire/index.ts';
import { seedOf } from './chance.ts';

export interface PeerConfig {
  readonly localAsn: Asn;
  /** BGP Identifier (RFC 6286). */
  readonly localId: Address;
  /** Which AS may answer: one, one of several, or `any` other than our own and the reserved ones. */
  readonly remoteAsn: Asn | readonly Asn[] | 'any';
  /** Wait for the peer to connect. Default false. */
  readonly passive?: boolean;
  /** Families to exchange; at least one has to be common. Default IPv4 and IPv6 unicast. */
  readonly families?: readonly Family[];
  /** All of `families` have to be common, or the session is refused (RFC 5492 §5). Default false. */
  readonly allFamilies?: boolean;
  /** Capabilities without which the session is refused with Unsupported Capability (RFC 5492 §5). Default none. */
  readonly require?: readonly RequiredCapability[];
  /** What we offer, in whole seconds: 0 (off), or 3 … 65535. Default 90 s. */
  readonly holdTime?: Millis;
  /** A peer that offers less, other than 0, is refused with Unacceptable Hold Time. Default 3 s, what RFC 4271 §4.2 demands. */
  readonly minHoldTime?: Millis;
  /** RFC 9687; 0 is off. Default the greater of 8 min and twice the negotiated hold time. */
  readonly sendHoldTime?: Millis;
  /** Between attempts to connect. RFC 4271 §10 suggests 120 s; default 30 s, because operators wait for it. At least 1 s. */
  readonly connectRetry?: Millis;
  /** Back-off after a session that failed (RFC 4271 §8.1.1 DampPeerOscillations); see {@link Backoff}. */
  readonly backoff?: Partial<Backoff>;
  /** RFC 8654. Default true. */
  readonly extendedMessage?: boolean;
  /** RFC 7313. Default true. */
  readonly enhancedRefresh?: boolean;
  /** Families in which we take several paths a prefix (RFC 7911). Default none. */
  readonly addPathReceive?: readonly Family[];
  /** Families in which we could send several. Default none. */
  readonly addPathSend?: readonly Family[];
  /** Families of IPv4 prefixes for which IPv6 next hops may be used (RFC 8950). Default none. */
  readonly extendedNextHop?: readonly Family[];
  /** RFC 4724; absent: the capability is not offered. */
  readonly gracefulRestart?: GracefulRestart;
  /** What we are to the peer (RFC 9234). External sessions only. */
  readonly role?: Role;
  /** Refuse a peer that names no role (RFC 9234 §4.2). Default false. */
  readonly roleStrict?: boolean;
  /** `on`: a path that BFD reports gone ends the session (RFC 5882 §4.2). `strict`: and none is begun before BFD is up. Default `off`. */
  readonly bfd?: 'off' | 'on' | 'strict';
  /** After how long a session that a prefix limit ended is tried again; absent: when the operator says `start`. */
  readonly prefixLimitRestart?: Millis;
  /** How long routes may be stale after BoRR (RFC 7313 §4) when EoRR does not come. Default 6 min. */
  readonly refreshStaleTime?: Millis;
  /** Sent in the hostname capability; absent: not offered. Cut to 64 octets. */
  readonly hostname?: { readonly host: string; readonly domain?: string };
  /** Start of the dice for jitter, a 32-bit number. Default made of AS numbers and identifier: give each peer its own. */
  readonly seed?: number;
}

/** Capabilities that can be demanded of a peer; families are demanded with `allFamilies`. */
export type RequiredCapability = Exclude<
  Capability['kind'],
  'multiprotocol' | 'unknown' | 'role' | 'longLivedGracefulRestart' | 'hostname'
>;

/**
 * The first session that fails is tried again after `initial`, each further one after twice as long, up to `most`; all with 75 … 100 % jitter.
 * A session that stood for `stable` starts over.
 */
export interface Backoff {
  /** Default 1 s. */
  readonly initial: Millis;
  /** Default 60 s. */
  readonly most: Millis;
  /** Default 60 s. */
  readonly stable: Millis;
}

export interface GracefulRestart {
  /** How long the peer is asked to keep our routes, up to 4095 s. Default 120 s. */
  readonly restartTime?: Millis;
  /** Families whose forwarding survives our restart, so that the peer keeps our routes. Default all of the session. */
  readonly families?: readonly Family[];
  /** We only help others restart. Default false. */
  readonly helperOnly?: boolean;
  /** A NOTIFICATION keeps routes as well (RFC 8538). Default true. */
  readonly notification?: boolean;
  /** The most that routes may be stale: before the peer is back, and again from then to its End-of-RIB. Default 6 min. */
  readonly staleTime?: Millis;
}

/** A {@link PeerConfig} with nothing left open. */
export interface Settings
  extends Required<
    Omit<PeerConfig, 'gracefulRestart' | 'role' | 'prefixLimitRestart' | 'hostname' | 'sendHoldTime'>
  > {
  readonly backoff: Backoff;
  readonly gracefulRestart: Required<GracefulRestart> | undefined;
  readonly role: Role | undefined;
  readonly prefixLimitRestart: Millis | undefined;
  /** Undefined: from the negotiated hold time. */
  readonly sendHoldTime: Millis | undefined;
  readonly hostname: { readonly host: string; readonly domain: string } | undefined;
}

export const DEFAULT_PEER = {
  passive: false,
  families: [IPV4_UNICAST, IPV6_UNICAST] as readonly Family[],
  allFamilies: false,
  require: [] as readonly RequiredCapability[],
  holdTime: seconds(90),
  minHoldTime: seconds(3),
  connectRetry: seconds(30),
  extendedMessage: true,
  enhancedRefresh: true,
  addPathReceive: [] as readonly Family[],
  addPathSend: [] as readonly Family[],
  extendedNextHop: [] as readonly Family[],
  roleStrict: false,
  bfd: 'off',
  refreshStaleTime: seconds(360),
} as const;

export const BACKOFF: Backoff = { initial: seconds(1), most: seconds(60), stable: seconds(60) };

/** RFC 4271 §4.2: the field has 16 bits, and 1 and 2 may not be used. */
const HOLD_MOST = 65_535;
/** RFC 4724 §3: 12 bits. */
const RESTART_MOST = 4095;

/** Fills in what was left out and brings numbers into the ranges that the wire has. */
export function settingsOf(config: PeerConfig): Settings {
  const families = config.families ?? DEFAULT_PEER.families;
  const { gracefulRestart: gr, hostname } = config;
  const remote = String(config.remoteAsn);
  return {
    ...DEFAULT_PEER,
    ...config,
    families,
    holdTime: wholeSeconds(config.holdTime ?? DEFAULT_PEER.holdTime),
    minHoldTime: wholeSeconds(config.minHoldTime ?? DEFAULT_PEER.minHoldTime),
    connectRetry: millis(Math.max(1000, config.connectRetry ?? DEFAULT_PEER.connectRetry)),
    backoff: { ...BACKOFF, ...config.backoff },
    sendHoldTime: config.sendHoldTime,
    role: config.role,
    prefixLimitRestart: config.prefixLimitRestart,
    hostname: hostname && { host: hostname.host, domain: hostname.domain ?? '' },
    seed: (config.seed ?? seedOf(`${config.localAsn} ${config.localId} ${remote}`)) >>> 0,
    gracefulRestart: gr && {
      restartTime: seconds(Math.min(RESTART_MOST, Math.floor((gr.restartTime ?? seconds(120)) / 1000))),
      families: (gr.families ?? families).filter((f) => families.includes(f)),
      helperOnly: gr.helperOnly ?? false,
      notification: gr.notification ?? true,
      staleTime: gr.staleTime ?? seconds(360),
    },
  };
}

function wholeSeconds(time: Millis): Millis {
  const s = Math.floor(time / 1000);
  return s <= 0 ? millis(0) : seconds(Math.min(HOLD_MOST, Math.max(3, s)));
}
