/** Arbitrary BGP messages for property tests and for the fuzzer: every kind of message, attribute and capability there is. */
import fc from 'fast-check';
import {
  type Address,
  type Community,
  formatAddress,
  formatPrefix,
  ipv4,
  type LargeCommunity,
  Reader,
  toHex,
} from '../../src/base/index.ts';
import {
  type Agreed,
  type Attribute,
  type Capability,
  type Family,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
  type Message,
  type Nlri,
  type Open,
  readExtendedCommunity,
  type Segment,
  type Update,
} from '../../src/wire/index.ts';

type Of<K extends Attribute['kind']> = Extract<Attribute, { readonly kind: K }>;

const PREFIX_FAMILIES = [IPV4_UNICAST, IPV6_UNICAST, IPV4_MULTICAST, IPV6_MULTICAST];
const OTHER_FAMILIES = ['1/128', '2/4', '25/70', '16388/71'] as Family[];

export const agreements: fc.Arbitrary<Agreed> = fc.record({
  asn4: fc.boolean(),
  extendedMessage: fc.boolean(),
  addPath: fc.subarray(PREFIX_FAMILIES),
});

const octets = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });
export const hex = (min: number, max: number): fc.Arbitrary<string> => octets(min, max).map(toHex);
const u8 = fc.nat({ max: 0xff });
const u16 = fc.nat({ max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
const quads: fc.Arbitrary<Address> = u32.map(ipv4);
const addresses6: fc.Arbitrary<Address> = fc.oneof(
  octets(16, 16).map(formatAddress),
  octets(4, 4).map((b) => formatAddress(Uint8Array.of(...new Array(10).fill(0), 0xff, 0xff, ...b))),
  octets(2, 2).map((b) =>
    formatAddress(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, ...b, ...new Array(8).fill(0))),
  ),
);
const families = fc.constantFrom(...PREFIX_FAMILIES, ...OTHER_FAMILIES);
const afi = (family: Family) => (family.startsWith('ipv4') ? 1 : 2);

export const asns = (asn4: boolean): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: asn4 ? 0xffff_ffff : 0xffff }));

export const paths = (asn4: boolean): fc.Arbitrary<readonly Segment[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom<Segment['kind']>('sequence', 'sequence', 'set', 'confedSequence', 'confedSet'),
      asns: fc.array(asns(asn4), { minLength: 1, maxLength: 8 }),
    }),
    { maxLength: 4 },
  );

export const nlris = (family: Family, agreed: Agreed, min = 0): fc.Arbitrary<readonly Nlri[]> => {
  const size = afi(family) === 1 ? 4 : 16;
  const prefix = fc
    .tuple(octets(size, size), fc.nat({ max: size * 8 }))
    .map(([b, length]) => formatPrefix(b, length));
  const one: fc.Arbitrary<Nlri> = agreed.addPath.includes(family)
    ? fc.record({ prefix, pathId: u32 })
    : fc.record({ prefix });
  return fc.array(one, { minLength: min, maxLength: 8 });
};

const extended = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 6, 0x40, 0x43, 0x80), fc.constantFrom(0, 2, 3, 0xb, 0xc), octets(6, 6))
  .map(([type, subtype, rest]) => readExtendedCommunity(new Reader(Uint8Array.of(type, subtype, ...rest))));

const tlvs = fc
  .array(octets(0, 6), { minLength: 1, maxLength: 2 })
  .map((list) => list.map((b) => toHex(Uint8Array.of(2, 0, b.length + 3, ...b))).join(''));

/** MP_REACH_NLRI of any family, opaque ones included; at least `min` prefixes. */
export const reaches = (agreed: Agreed, min = 0): fc.Arbitrary<Attribute> => {
  const read = fc.constantFrom(...PREFIX_FAMILIES).chain((family) => {
    const announced = nlris(family, agreed, min);
    const six = fc.record(
      {
        kind: fc.constant('mpReach' as const),
        family: fc.constant(family),
        nextHop: addresses6,
        linkLocal: addresses6,
        announced,
      },
      { requiredKeys: ['kind', 'family', 'nextHop', 'announced'] },
    );
    const four = fc.record({
      kind: fc.constant('mpReach' as const),
      family: fc.constant(family),
      nextHop: quads,
      announced,
    });
    return afi(family) === 1 ? fc.oneof(six, four) : six;
  });
  const opaque = fc.record({
    kind: fc.constant('mpReachOpaque' as const),
    family: fc.constantFrom(...OTHER_FAMILIES),
    nextHop: hex(0, 24),
    nlri: hex(min, 20),
  });
  return fc.oneof({ weight: 3, arbitrary: read }, { weight: 1, arbitrary: opaque });
};

const unreaches = (agreed: Agreed): fc.Arbitrary<Attribute> =>
  fc.oneof(
    fc.constantFrom(...PREFIX_FAMILIES).chain((family) =>
      fc.record({
        kind: fc.constant('mpUnreach' as const),
        family: fc.constant(family),
        withdrawn: nlris(family, agreed),
      }),
    ),
    fc.record({
      kind: fc.constant('mpUnreachOpaque' as const),
      family: fc.constantFrom(...OTHER_FAMILIES),
      nlri: hex(0, 20),
    }),
  );

const many = <T>(one: fc.Arbitrary<T>, max = 6) => fc.array(one, { minLength: 1, maxLength: max });

/** One arbitrary per kind of attribute; the mapped type makes a forgotten one a compile error. */
export const attributeOf = (agreed: Agreed): { [K in Attribute['kind']]: fc.Arbitrary<Attribute> } => ({
  origin: fc.record({ kind: fc.constant('origin'), origin: fc.constantFrom('igp', 'egp', 'incomplete') }),
  asPath: fc.record({ kind: fc.constant('asPath'), path: paths(agreed.asn4) }),
  nextHop: fc.record({ kind: fc.constant('nextHop'), nextHop: quads }),
  med: fc.record(
    { kind: fc.constant('med'), med: u32, flags: fc.constantFrom(0x90, 0xa0, 0x8f) },
    { requiredKeys: ['kind', 'med'] },
  ) as fc.Arbitrary<Of<'med'>>,
  localPref: fc.record({ kind: fc.constant('localPref'), localPref: u32 }),
  atomicAggregate: fc.constant({ kind: 'atomicAggregate' }),
  aggregator: fc.record({ kind: fc.constant('aggregator'), asn: asns(agreed.asn4), address: quads }),
  communities: fc.record({
    kind: fc.constant('communities'),
    communities: many(
      fc.tuple(u16, u16).map((n) => n.join(':') as Community),
      80,
    ),
  }),
  originatorId: fc.record({ kind: fc.constant('originatorId'), id: quads }),
  clusterList: fc.record({ kind: fc.constant('clusterList'), ids: many(quads) }),
  mpReach: reaches(agreed),
  mpReachOpaque: reaches(agreed),
  mpUnreach: unreaches(agreed),
  mpUnreachOpaque: unreaches(agreed),
  extendedCommunities: fc.record({ kind: fc.constant('extendedCommunities'), communities: many(extended) }),
  as4Path: fc.record({
    kind: fc.constant('as4Path'),
    path: paths(true).filter((p) => p.length > 0),
  }),
  as4Aggregator: fc.record({ kind: fc.constant('as4Aggregator'), asn: asns(true), address: quads }),
  ipv6ExtendedCommunities: fc.record({
    kind: fc.constant('ipv6ExtendedCommunities'),
    communities: many(hex(20, 20)),
  }),
  aigp: fc.oneof(
    fc.record({ kind: fc.constant('aigp'), other: tlvs }),
    fc.record(
      {
        kind: fc.constant('aigp'),
        metric: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
        before: tlvs,
        other: tlvs,
      },
      { requiredKeys: ['kind', 'metric'] },
    ),
  ) as fc.Arbitrary<Of<'aigp'>>,
  largeCommunities: fc.record({
    kind: fc.constant('largeCommunities'),
    communities: many(fc.tuple(u32, u32, u32).map((n) => n.join(':') as LargeCommunity)),
  }),
  otc: fc.record({ kind: fc.constant('otc'), asn: u32 }),
  unknown: fc.record({
    kind: fc.constant('unknown'),
    code: fc.constantFrom(19, 20, 22, 23, 29, 33, 40, 99, 128, 255),
    flags: fc.constantFrom(0x80, 0xc0, 0xe0, 0xd0, 0xcf),
    data: hex(0, 40),
  }),
});

/** A number that is equal for attributes which may not stand in one UPDATE together. */
function slot(a: Attribute): string {
  if (a.kind === 'unknown') return `${a.code}`;
  return a.kind.replace('Opaque', '');
}

/** Sound UPDATEs: what announces has the mandatory attributes, nothing repeats, MP attributes come first. */
export const updates = (agreed: Agreed): fc.Arbitrary<Update> => {
  const table = attributeOf(agreed);
  const { origin, asPath, nextHop, mpReach, mpReachOpaque, ...rest } = table;
  const extra = fc.uniqueArray(fc.oneof(...Object.values(rest)), { selector: slot, maxLength: 8 });
  const empty = fc.constant([] as readonly Nlri[]);
  const shape = fc.constantFrom('plain', 'mp', 'both', 'withdraw', 'end');
  return shape.chain((kind): fc.Arbitrary<Update> => {
    const plain = kind === 'plain' || kind === 'both';
    const mp = kind === 'mp' || kind === 'both';
    if (kind === 'end') return fc.constant({ kind: 'update', withdrawn: [], attributes: [], announced: [] });
    const attributes = fc
      .tuple(
        ...(mp ? [reaches(agreed, 1)] : []),
        ...(plain || mp ? [origin, asPath] : []),
        ...(plain ? [nextHop] : []),
      )
      .chain((musts) => extra.map((more) => mpFirst([...musts, ...more])));
    return fc.record({
      kind: fc.constant('update'),
      withdrawn: fc.oneof(empty, nlris(IPV4_UNICAST, agreed)),
      attributes,
      announced: plain ? nlris(IPV4_UNICAST, agreed, 1) : empty,
    });
  });
};

function mpFirst(attributes: readonly Attribute[]): Attribute[] {
  const first = (a: Attribute) => a.kind.startsWith('mp');
  return [...attributes.filter(first), ...attributes.filter((a) => !first(a))];
}

const capabilityOf: { [K in Capability['kind']]: fc.Arbitrary<Capability> } = {
  multiprotocol: fc.record({ kind: fc.constant('multiprotocol'), family: families }),
  routeRefresh: fc.constant({ kind: 'routeRefresh' }),
  extendedNextHop: fc.record({
    kind: fc.constant('extendedNextHop'),
    entries: fc.array(fc.record({ family: families, nextHopAfi: u16 }), { maxLength: 4 }),
  }),
  extendedMessage: fc.constant({ kind: 'extendedMessage' }),
  role: fc.record({
    kind: fc.constant('role'),
    role: fc.oneof(
      fc.constantFrom(
        'provider' as const,
        'rs' as const,
        'rs-client' as const,
        'customer' as const,
        'peer' as const,
      ),
      fc.integer({ min: 5, max: 255 }),
    ),
  }),
  gracefulRestart: fc.record({
    kind: fc.constant('gracefulRestart'),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    restartTime: fc.nat({ max: 4095 }),
    families: fc.array(fc.record({ family: families, forwarding: fc.boolean() }), { maxLength: 4 }),
  }),
  asn4: fc.record({ kind: fc.constant('asn4'), asn: asns(true) }),
  addPath: fc.record({
    kind: fc.constant('addPath'),
    families: fc.array(
      fc.record({
        family: families,
        mode: fc.oneof(
          fc.constantFrom('receive' as const, 'send' as const, 'both' as const),
          fc.integer({ min: 4, max: 255 }),
        ),
      }),
      { maxLength: 4 },
    ),
  }),
  enhancedRefresh: fc.constant({ kind: 'enhancedRefresh' }),
  longLivedGracefulRestart: fc.record({
    kind: fc.constant('longLivedGracefulRestart'),
    families: fc.array(
      fc.record({ family: families, forwarding: fc.boolean(), staleTime: fc.nat({ max: 0xff_ffff }) }),
      { maxLength: 4 },
    ),
  }),
  hostname: fc.record({
    kind: fc.constant('hostname'),
    host: fc.string({ unit: 'grapheme', maxLength: 12 }),
    domain: fc.string({ unit: 'grapheme', maxLength: 12 }),
  }),
  unknown: fc.record({
    kind: fc.constant('unknown'),
    code: fc.constantFrom(0, 3, 67, 75, 128, 131, 255),
    data: hex(0, 60),
  }),
};

export const capabilities: fc.Arbitrary<Capability> = fc.oneof(...Object.values(capabilityOf));

export const opens: fc.Arbitrary<Open> = fc.record({
  kind: fc.constant('open'),
  version: fc.constant(4),
  asn: fc.integer({ min: 1, max: 0xffff }),
  holdTime: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
  id: fc.integer({ min: 1, max: 0xffff_ffff }).map(ipv4),
  capabilities: fc.array(capabilities, { maxLength: 12 }),
});

export const messages = (agreed: Agreed): fc.Arbitrary<Message> =>
  fc.oneof(
    { weight: 6, arbitrary: updates(agreed) },
    { weight: 3, arbitrary: opens },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('notification' as const),
        code: u8,
        subcode: u8,
        data: hex(0, 300),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'keepalive' as const }) },
    {
      weight: 2,
      arbitrary: fc.oneof(
        fc.record({
          kind: fc.constant('routeRefresh' as const),
          family: families,
          subtype: fc.constantFrom('request' as const, 'begin' as const, 'end' as const),
        }),
        fc.record({
          kind: fc.constant('routeRefresh' as const),
          family: families,
          subtype: fc.oneof(fc.constant('request' as const), fc.integer({ min: 3, max: 255 })),
          orf: hex(1, 30),
        }),
      ),
    },
  );

/** An agreement and a message that suits it. */
export const cases: fc.Arbitrary<{ readonly agreed: Agreed; readonly message: Message }> = agreements.chain(
  (agreed) => messages(agreed).map((message) => ({ agreed, message })),
);
