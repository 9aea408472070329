/** Capabilities (RFC 5492): what a speaker says of itself in OPEN. */
import type { Asn } from '../base/index.ts';
import type { Family } from './family.ts';
import type { Hex } from './message.ts';

/** RFC 9234 §4.1: what the sender of the OPEN is to its neighbour. */
export type Role = 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';

export type Capability =
  /** RFC 4760. */
  | { readonly kind: 'multiprotocol'; readonly family: Family }
  /** RFC 2918. */
  | { readonly kind: 'routeRefresh' }
  /** RFC 8950. */
  | {
      readonly kind: 'extendedNextHop';
      readonly entries: readonly { readonly family: Family; readonly nextHopAfi: number }[];
    }
  /** RFC 8654. */
  | { readonly kind: 'extendedMessage' }
  /** RFC 9234; a number that is no role is kept as it came. */
  | { readonly kind: 'role'; readonly role: Role | number }
  /** RFC 4724, with the N bit of RFC 8538. `restartTime` in seconds, 0 … 4095. */
  | {
      readonly kind: 'gracefulRestart';
      readonly restarting: boolean;
      readonly notification: boolean;
      readonly restartTime: number;
      readonly families: readonly { readonly family: Family; readonly forwarding: boolean }[];
    }
  /** RFC 6793. */
  | { readonly kind: 'asn4'; readonly asn: Asn }
  /** RFC 7911. */
  | {
      readonly kind: 'addPath';
      readonly families: readonly {
        readonly family: Family;
        readonly mode: 'receive' | 'send' | 'both' | number;
      }[];
    }
  /** RFC 7313. */
  | { readonly kind: 'enhancedRefresh' }
  /** RFC 9494. `staleTime` in seconds. */
  | {
      readonly kind: 'longLivedGracefulRestart';
      readonly families: readonly {
        readonly family: Family;
        readonly forwarding: boolean;
        readonly staleTime: number;
      }[];
    }
  /** draft-walton-bgp-hostname-capability, as FRR and BIRD send it. */
  | { readonly kind: 'hostname'; readonly host: string; readonly domain: string }
  /** Any other, or one of the above whose value could not be read. */
  | { readonly kind: 'unknown'; readonly code: number; readonly data: Hex };
