/**
 * Capabilities (RFC 5492): one row per kind. A value that cannot be read is no error: it is kept as `unknown` and the
 * session decides without it.
 */
import { assert, fromHex, fromUtf8, OutOfBytes, Reader, toHex, toUtf8, Writer } from '../base/index.ts';
import type { Capability, Role } from './capability.ts';
import { type Family, family, familyCode } from './family.ts';

type CapabilityKind = Capability['kind'];
type KnownCapability = Exclude<CapabilityKind, 'unknown'>;
type Of<K extends CapabilityKind> = Extract<Capability, { readonly kind: K }>;

interface Row<K extends KnownCapability> {
  readonly code: number;
  /** Reads the whole value; undefined or OutOfBytes when it is not of the form the RFC gives. Reserved bits are passed over. */
  decode(r: Reader): Of<K> | undefined;
  encode(c: Of<K>, w: Writer): void;
}

const ROLES: readonly Role[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];
const MODES = [undefined, 'receive', 'send', 'both'] as const;
const FORWARDING = 0x80;

export const CAPABILITIES: { readonly [K in KnownCapability]: Row<K> } = {
  // RFC 4760 §8
  multiprotocol: {
    code: 1,
    decode(r) {
      const afi = r.u16();
      r.u8();
      return { kind: 'multiprotocol', family: family(afi, r.u8()) };
    },
    encode(c, w) {
      const { afi, safi } = familyCode(c.family);
      w.u16(afi).u8(0).u8(safi);
    },
  },
  // RFC 2918 §2
  routeRefresh: { code: 2, decode: () => ({ kind: 'routeRefresh' }), encode: () => {} },
  // RFC 8950 §4
  extendedNextHop: {
    code: 5,
    decode(r) {
      const entries: { family: Family; nextHopAfi: number }[] = [];
      while (r.left > 0) {
        const afi = r.u16();
        const safi = r.u16();
        if (safi > 255) return undefined;
        entries.push({ family: family(afi, safi), nextHopAfi: r.u16() });
      }
      return { kind: 'extendedNextHop', entries };
    },
    encode(c, w) {
      for (const e of c.entries) {
        const { afi, safi } = familyCode(e.family);
        w.u16(afi).u16(safi).u16(e.nextHopAfi);
      }
    },
  },
  // RFC 8654 §3
  extendedMessage: { code: 6, decode: () => ({ kind: 'extendedMessage' }), encode: () => {} },
  // RFC 9234 §4.1
  role: {
    code: 9,
    decode(r) {
      const n = r.u8();
      return { kind: 'role', role: ROLES[n] ?? n };
    },
    encode: (c, w) => w.u8(typeof c.role === 'number' ? c.role : ROLES.indexOf(c.role)),
  },
  // RFC 4724 §3, RFC 8538 §2
  gracefulRestart: {
    code: 64,
    decode(r) {
      const head = r.u16();
      const families: { family: Family; forwarding: boolean }[] = [];
      while (r.left > 0) {
        const f = readFamily(r);
        families.push({ family: f, forwarding: (r.u8() & FORWARDING) !== 0 });
      }
      const [restarting, notification] = [(head & 0x8000) !== 0, (head & 0x4000) !== 0];
      return { kind: 'gracefulRestart', restarting, notification, restartTime: head & 0x0fff, families };
    },
    encode(c, w) {
      assert(c.restartTime <= 0x0fff, `a restart time of ${c.restartTime} s does not fit 12 bits`);
      w.u16((c.restarting ? 0x8000 : 0) | (c.notification ? 0x4000 : 0) | c.restartTime);
      for (const f of c.families) writeFamily(f.family, w).u8(f.forwarding ? FORWARDING : 0);
    },
  },
  // RFC 6793 §3
  asn4: {
    code: 65,
    decode: (r) => ({ kind: 'asn4', asn: r.u32() }),
    encode: (c, w) => w.u32(c.asn),
  },
  // RFC 7911 §4
  addPath: {
    code: 69,
    decode(r) {
      const families: { family: Family; mode: 'receive' | 'send' | 'both' | number }[] = [];
      while (r.left > 0) {
        const f = readFamily(r);
        const n = r.u8();
        families.push({ family: f, mode: MODES[n] ?? n });
      }
      return { kind: 'addPath', families };
    },
    encode(c, w) {
      for (const { family: f, mode } of c.families)
        writeFamily(f, w).u8(typeof mode === 'number' ? mode : MODES.indexOf(mode));
    },
  },
  // RFC 7313 §3.1
  enhancedRefresh: { code: 70, decode: () => ({ kind: 'enhancedRefresh' }), encode: () => {} },
  // RFC 9494 §3.1
  longLivedGracefulRestart: {
    code: 71,
    decode(r) {
      const families: { family: Family; forwarding: boolean; staleTime: number }[] = [];
      while (r.left > 0) {
        const f = readFamily(r);
        const forwarding = (r.u8() & FORWARDING) !== 0;
        families.push({ family: f, forwarding, staleTime: (r.u8() << 16) | r.u16() });
      }
      return { kind: 'longLivedGracefulRestart', families };
    },
    encode(c, w) {
      for (const f of c.families) {
        assert(f.staleTime <= 0xff_ffff, `a stale time of ${f.staleTime} s does not fit 24 bits`);
        writeFamily(f.family, w)
          .u8(f.forwarding ? FORWARDING : 0)
          .u8(f.staleTime >> 16)
          .u16(f.staleTime);
      }
    },
  },
  // draft-walton-bgp-hostname-capability §3
  hostname: {
    code: 73,
    decode(r) {
      const host = fromUtf8(r.take(r.u8()));
      const domain = fromUtf8(r.take(r.u8()));
      return host === undefined || domain === undefined ? undefined : { kind: 'hostname', host, domain };
    },
    encode(c, w) {
      for (const text of [toUtf8(c.host), toUtf8(c.domain)]) {
        assert(text.length <= 255, `a name of ${text.length} octets does not fit 255`);
        w.u8(text.length).put(text);
      }
    },
  },
};

/** Capabilities kept as bytes that have a name (IANA's registry of capability codes). */
const OTHER_NAMES: { readonly [code: number]: string } = {
  3: 'outbound route filtering',
  7: 'BGPsec',
  8: 'multiple labels',
  66: 'dynamic capability',
  67: 'dynamic capability',
  68: 'multisession',
  72: 'routing policy distribution',
  74: 'multi-label',
  75: 'software version',
  76: 'paths limit',
  128: 'route refresh (pre-standard)',
  131: 'multisession (pre-standard)',
};

/** What a capability is called when shown to people. */
export function capabilityName(c: Capability): string {
  return c.kind === 'unknown' ? (OTHER_NAMES[c.code] ?? `capability ${c.code}`) : c.kind;
}

/** Indexed by code, 0 … 255. */
const ROW_OF_CODE = Array.from({ length: 256 }, (_, code) => {
  // The cast forgets which kind the row is of: the decoder only uses what all rows share.
  const rows = Object.values(CAPABILITIES) as unknown as Row<KnownCapability>[];
  return rows.find((row) => row.code === code);
});

/** The capability of a code and the bytes of its value. Never fails: what is unknown or not of its form is kept as it came. */
export function decodeCapability(code: number, value: Uint8Array): Capability {
  const r = new Reader(value);
  try {
    const known = ROW_OF_CODE[code]?.decode(r);
    if (known && r.left === 0) return known;
  } catch (e) {
    if (!(e instanceof OutOfBytes)) throw e;
  }
  return { kind: 'unknown', code, data: toHex(value) };
}

/** Appends code, length and value. Asserts that the value fits its one-octet length. */
export function encodeCapability(c: Capability, w: Writer): void {
  const value = new Writer(16);
  if (c.kind === 'unknown') {
    const data = fromHex(c.data);
    assert(data, `${c.data} is not hexadecimal`);
    value.put(data);
  } else {
    // The compiler cannot follow that the row and the capability are of the same kind.
    (CAPABILITIES[c.kind] as Row<KnownCapability>).encode(c as never, value);
  }
  assert(value.length <= 255, `a capability of ${value.length} octets does not fit 255`);
  w.u8(c.kind === 'unknown' ? c.code : CAPABILITIES[c.kind].code)
    .u8(value.length)
    .put(value.done());
}

function readFamily(r: Reader): Family {
  const afi = r.u16();
  return family(afi, r.u8());
}

function writeFamily(f: Family, w: Writer): Writer {
  const { afi, safi } = familyCode(f);
  return w.u16(afi).u8(safi);
}
