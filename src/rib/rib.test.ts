import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, formatPrefix, ipv4, type Prefix, toHex } from '../base/index.ts';
import { encodeAttributes } from '../wire/index.ts';
import {
  AdjOut,
  AttributeStore,
  type Candidate,
  DEFAULT_DECISION,
  type DecisionOptions,
  decide,
  EBGP,
  IBGP,
  Interner,
  LOCAL,
  localPrefOf,
  originOf,
  PrefixTable,
  pathLengthOf,
  type SourceKind,
  Sources,
  Table,
} from './index.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 });

describe('interner', () => {
  test('equal bytes get equal ids and others do not, whatever is swept in between', () => {
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 200 }),
        fc.array(fc.boolean(), { maxLength: 200 }),
        (strings, keep) => {
          const interner = new Interner();
          const ids = new Map<string, number>();
          for (const s of strings) {
            const id = interner.intern(s, 0, s.length);
            expect(ids.get(toHex(s)) ?? id).toBe(id);
            ids.set(toHex(s), id);
          }
          expect(new Set(ids.values()).size).toBe(ids.size);
          const marks = new Uint8Array(interner.limit);
          const kept = [...ids].filter((_, i) => keep[i]);
          for (const [, id] of kept) marks[id] = 1;
          interner.sweep(marks, () => {});
          expect(interner.size).toBe(kept.length);
          for (const [hex, id] of kept) expect(toHex(interner.view(id))).toBe(hex);
          for (const s of strings) interner.intern(s, 0, s.length);
          expect(interner.size).toBe(ids.size);
          for (const [hex, id] of kept) expect(toHex(interner.view(id))).toBe(hex);
        },
      ),
    );
  });
});

const v4 = fc
  .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 32 }))
  .map(([b, n]) => formatPrefix(b, n));
const v6 = fc
  .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 128 }))
  .map(([b, n]) => formatPrefix(b, n));

describe('prefix table', () => {
  test.each([
    [4, v4],
    [6, v6],
  ] as const)(
    'IPv%i prefixes keep their numbers, read back as written and free them only when told',
    (family, any) => {
      fc.assert(
        fc.property(fc.array(any, { maxLength: 150 }), (list) => {
          const table = new PrefixTable(family);
          const ids = new Map<Prefix, number>();
          for (const p of list) ids.set(p, table.internText(p));
          expect(table.size).toBe(ids.size);
          for (const [p, id] of ids) {
            expect(table.findText(p)).toBe(id);
            expect(table.text(id)).toBe(p);
            const nlri = new Uint8Array(17);
            const end = table.write(id, nlri, 0);
            expect(end).toBe(1 + Math.ceil((nlri[0] as number) / 8));
            expect(table.find(nlri, 1, nlri[0] as number)).toBe(id);
          }
          const odd = [...ids].filter(([, id]) => id % 2 === 1);
          table.sweep((id) => id % 2 === 0);
          expect(table.size).toBe(odd.length);
          for (const [p, id] of odd) expect(table.findText(p)).toBe(id);
          for (const [p, id] of ids) if (id % 2 === 0) expect(table.findText(p)).toBe(0);
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each([
    [4, 32],
    [6, 128],
  ] as const)(
    'for IPv%i every prefix is what it was, at whatever size the table grows',
    (family, longest) => {
      const table = new PrefixTable(family);
      const texts = Array.from({ length: 5000 }, (_, i) => {
        const octets = new Uint8Array(longest / 8).fill(0xa5);
        octets.set([i >> 8, i], longest / 8 - 2);
        return formatPrefix(octets, longest);
      });
      const nlri = new Uint8Array(17);
      for (const [i, text] of texts.entries()) {
        expect(table.internText(text)).toBe(i + 1);
        expect([table.text(i + 1), table.findText(text)]).toEqual([text, i + 1]);
        expect(table.write(i + 1, nlri, 0)).toBe(1 + longest / 8);
        expect((nlri[longest / 8 - 1]! << 8) | nlri[longest / 8]!).toBe(i);
      }
      expect(texts.every((text, i) => table.text(i + 1) === text)).toBe(true);
    },
  );

  test('bits behind the prefix length do not matter (RFC 4271 §4.3)', () => {
    const table = new PrefixTable(4);
    const id = table.intern(new Uint8Array([10, 1, 0xff]), 0, 17);
    expect(table.text(id)).toBe('10.1.128.0/17');
    expect(table.find(new Uint8Array([10, 1, 0x80]), 0, 17)).toBe(id);
  });
});

/** One route of the property test: who sent it, and the attributes that matter. */
interface Route {
  readonly kind: SourceKind;
  readonly routerId: number;
  readonly address: Address;
  readonly localPref: number | undefined;
  readonly path: readonly number[];
  readonly origin: 0 | 1 | 2;
  readonly med: number | undefined;
  readonly originatorId: number | undefined;
  readonly clusters: number;
}

const route: fc.Arbitrary<Route> = fc.record({
  kind: fc.constantFrom<SourceKind>(LOCAL, EBGP, EBGP, IBGP),
  routerId: fc.integer({ min: 1, max: 3 }),
  address: fc.integer({ min: 1, max: 250 }).map((n) => ipv4(0x0a000000 + n)),
  localPref: fc.option(fc.constantFrom(50, 100, 200), { nil: undefined }),
  path: fc.array(fc.integer({ min: 64500, max: 64502 }), { maxLength: 2 }),
  origin: fc.constantFrom(0, 1, 2),
  med: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
  originatorId: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  clusters: fc.integer({ min: 0, max: 2 }),
});

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
const AGREED = { asn4: true, extendedMessage: true, addPath: [] };

function section(r: Route): Uint8Array {
  return encodeAttributes(
    [
      { kind: 'origin', origin: ORIGINS[r.origin] },
      { kind: 'asPath', path: r.path.length > 0 ? [{ kind: 'sequence', asns: r.path }] : [] },
      { kind: 'nextHop', nextHop: '192.0.2.1' as Address },
      ...(r.med === undefined ? [] : [{ kind: 'med' as const, med: r.med }]),
      ...(r.localPref === undefined ? [] : [{ kind: 'localPref' as const, localPref: r.localPref }]),
      ...(r.originatorId === undefined ? [] : [{ kind: 'originatorId' as const, id: ipv4(r.originatorId) }]),
      ...(r.clusters === 0
        ? []
        : [{ kind: 'clusterList' as const, ids: Array.from({ length: r.clusters }, () => ipv4(9)) }]),
    ],
    AGREED,
  );
}

function candidate(r: Route, peerOrder: number, current: boolean): Candidate {
  return {
    localPref: r.localPref ?? 100,
    local: r.kind === LOCAL,
    pathLength: r.path.length,
    origin: r.origin,
    neighborAs: r.path[0] ?? 0,
    med: r.med,
    external: r.kind === EBGP,
    routerId: r.originatorId ?? r.routerId,
    clusterLength: r.clusters,
    peerAddress: r.address,
    peerOrder,
    pathId: 0,
    current,
  };
}

const options: fc.Arbitrary<DecisionOptions> = fc.record({
  alwaysCompareMed: fc.boolean(),
  missingMedWorst: fc.boolean(),
  compareRouterId: fc.boolean(),
});

describe('a seed', () => {
  test('moves strings and prefixes about, and gives them the ids that they have without it', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 200 }), fc.nat(0xffff_ffff), (strings, seed) => {
        const [plain, seeded] = [new Interner(), new Interner(seed)];
        const tables = ([4, 6] as const).map((f) => [new PrefixTable(f), new PrefixTable(f, seed)] as const);
        for (const s of strings) {
          expect(seeded.intern(s, 0, s.length)).toBe(plain.intern(s, 0, s.length));
          const length = Math.min(32, 8 * s.length);
          for (const [a, b] of tables) expect(b.intern(s, 0, length)).toBe(a.intern(s, 0, length));
        }
        for (const s of strings) expect(seeded.find(s, 0, s.length)).toBe(plain.find(s, 0, s.length));
      }),
    );
  });
});

describe('decision', () => {
  test('the quick choice of the table is the one that the explained list makes (RFC 4271 §9.1.2.2)', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(route, { minLength: 1, maxLength: 6, selector: (r) => r.address }),
        options,
        (routes, opts) => {
          const store = new AttributeStore(65000);
          const sources = new Sources();
          const table = new Table(4, store, sources, opts);
          const prefix = table.prefixes.internText('203.0.113.0/24' as Prefix);
          const known: { route: Route; source: number; order: number }[] = [];
          const order = [...routes]
            .map((r) => r.address)
            .sort((a, b) => Number(a.split('.')[3]) - Number(b.split('.')[3]));
          for (const [i, r] of routes.entries()) {
            const source = sources.add(i, r.kind, r.routerId, r.address);
            const s = section(r);
            const id = store.accept(s, 0, s.length, true);
            expect(id).not.toBe(0);
            const before = table.bestSource[prefix] ?? 0;
            table.put(prefix, source, 0, id, id, 0);
            known.push({ route: r, source, order: order.indexOf(r.address) });
            table.decide(prefix);
            const field = known.map((k) => candidate(k.route, k.order, k.source === before));
            const slow = decide(field, opts);
            expect(table.bestSource[prefix]).toBe(known[field.indexOf(slow.best)]?.source);
            expect(slow.losers.size).toBe(field.length - 1);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('what is originated here wins over any received route, whatever preference that was given (RFC 4271 §9.1.1)', () => {
    const preferred: Route = {
      kind: EBGP,
      routerId: 1,
      address: '192.0.2.1' as Address,
      localPref: 4294967295,
      path: [],
      origin: 0,
      med: 0,
      originatorId: undefined,
      clusters: 0,
    };
    const own: Route = {
      ...preferred,
      kind: LOCAL,
      address: '192.0.2.2' as Address,
      localPref: 0,
      origin: 2,
    };
    const [theirs, ours] = [candidate(preferred, 0, true), candidate(own, 1, false)];
    const { best, losers } = decide([theirs, ours], DEFAULT_DECISION);
    expect(best).toBe(ours);
    expect(losers.get(theirs)?.name).toBe('originated here');

    const store = new AttributeStore(65000);
    const sources = new Sources();
    const table = new Table(4, store, sources, DEFAULT_DECISION);
    const prefix = table.prefixes.internText('203.0.113.0/24' as Prefix);
    for (const [i, r] of [preferred, own].entries()) {
      const s = section(r);
      const id = store.accept(s, 0, s.length, true);
      table.put(prefix, sources.add(r.kind === LOCAL ? -1 : i, r.kind, r.routerId, r.address), 0, id, id, 0);
      table.decide(prefix);
    }
    expect(sources.kind[table.bestSource[prefix] as number]).toBe(LOCAL);
  });

  test('a rank holds local preference, path length and origin', () => {
    const store = new AttributeStore(65000);
    const s = section({
      kind: EBGP,
      routerId: 1,
      address: '192.0.2.9' as Address,
      localPref: 4294967295,
      path: [1, 2],
      origin: 2,
      med: 5,
      originatorId: undefined,
      clusters: 0,
    });
    const rank = store.rank[store.accept(s, 0, s.length)] as number;
    expect([localPrefOf(rank), pathLengthOf(rank), originOf(rank)]).toEqual([4294967295, 2, 2]);
  });

  test('MED is compared only within one neighbouring AS, in whatever order the routes came (RFC 4271 §9.1.2.2 c)', () => {
    const base: Candidate = {
      ...candidate(
        {
          kind: EBGP,
          routerId: 1,
          address: '192.0.2.1' as Address,
          localPref: undefined,
          path: [1],
          origin: 0,
          med: 0,
          originatorId: undefined,
          clusters: 0,
        },
        0,
        false,
      ),
    };
    const a = { ...base, neighborAs: 1, med: 10, routerId: 3 };
    const b = { ...base, neighborAs: 2, med: 20, routerId: 2 };
    const c = { ...base, neighborAs: 1, med: 5, routerId: 4 };
    for (const field of [
      [a, b, c],
      [c, b, a],
      [b, a, c],
    ]) {
      const { best, losers } = decide(field, DEFAULT_DECISION);
      expect(best).toBe(b);
      expect(losers.get(a)?.name).toBe('MED');
      expect(losers.get(c)?.name).toBe('router id');
    }
  });

  test('without comparing router ids the external route that is best stays best (RFC 5004)', () => {
    const base = candidate(
      {
        kind: EBGP,
        routerId: 1,
        address: '192.0.2.1' as Address,
        localPref: undefined,
        path: [1],
        origin: 0,
        med: 0,
        originatorId: undefined,
        clusters: 0,
      },
      0,
      false,
    );
    const old = { ...base, routerId: 9, current: true };
    expect(decide([base, old], { ...DEFAULT_DECISION, compareRouterId: false }).best).toBe(old);
    expect(decide([base, old], DEFAULT_DECISION).best).toBe(base);
  });
});

describe('table', () => {
  test('counts, lists and choices are those of a plain map, under any order of announcements and removals', () => {
    const op = fc.record({
      prefix: fc.integer({ min: 0, max: 5 }),
      peer: fc.integer({ min: 0, max: 3 }),
      pathId: fc.integer({ min: 0, max: 1 }),
      pref: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      eligible: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 120 }), (ops) => {
        const store = new AttributeStore(65000);
        const sources = new Sources();
        const table = new Table(4, store, sources, DEFAULT_DECISION);
        const source = [0, 1, 2, 3].map((p) => sources.add(p, EBGP, p + 1, ipv4(0x0a000001 + p)));
        const model = new Map<string, { pref: number; eligible: boolean }>();
        for (const o of ops) {
          const id = table.prefixes.internText(`10.0.${o.prefix}.0/24` as Prefix);
          const key = `${o.prefix}/${o.peer}/${o.pathId}`;
          if (o.pref === undefined) expect(table.remove(id, o.peer, o.pathId)).toBe(model.delete(key));
          else {
            const s = section({
              kind: EBGP,
              routerId: 1,
              address: '192.0.2.1' as Address,
              localPref: o.pref,
              path: [1],
              origin: 0,
              med: undefined,
              originatorId: undefined,
              clusters: 0,
            });
            const a = store.accept(s, 0, s.length);
            table.put(id, source[o.peer] as number, o.pathId, a, o.eligible ? a : 0, 0);
            model.set(key, { pref: o.pref, eligible: o.eligible });
          }
          table.decide(id);
          const mine = [...model].filter(([k]) => k.startsWith(`${o.prefix}/`));
          expect([...table.routesOf(id)].length).toBe(mine.length);
          const prefs = mine.filter(([, m]) => m.eligible).map(([, m]) => m.pref);
          const best = table.bestAttributes[id] ?? 0;
          expect(best === 0 ? -1 : localPrefOf(store.rank[best] as number)).toBe(
            prefs.length === 0 ? -1 : Math.max(...prefs),
          );
        }
        expect(table.routes).toBe(model.size);
        for (const p of [0, 1, 2, 3]) {
          const mine = [...model].filter(([k]) => k.split('/')[1] === String(p));
          expect(sources.routes[source[p] as number]).toBe(mine.length);
          expect(sources.accepted[source[p] as number]).toBe(mine.filter(([, m]) => m.eligible).length);
        }
      }),
    );
  });
});

describe('Adj-RIB-Out', () => {
  test('a prefix waits once, comes out in order, and only differences are told', () => {
    const out = new AdjOut();
    for (const p of [5, 6, 5, 7, 6]) out.push(p);
    expect(out.waiting).toBe(3);
    expect([out.shift(), out.shift(), out.shift(), out.shift()]).toEqual([5, 6, 7, 0]);
    expect(out.tell(5, 9)).toBe(true);
    expect(out.tell(5, 9)).toBe(false);
    expect(out.tell(6, 0)).toBe(false);
    expect(out.size).toBe(1);
    out.push(5, true);
    expect(out.shift()).toBe(5);
    expect(out.forced).toBe(true);
    expect(out.tell(5, 9)).toBe(true);
    out.push(5);
    out.shift();
    expect(out.tell(5, 0)).toBe(true);
    expect([out.size, out.told(5), out.told(4000)]).toEqual([0, 0, 0]);
  });

  test('the queue is as the list it stands for, however pushes and shifts alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 400 }), (ops) => {
        const out = new AdjOut();
        const list: number[] = [];
        for (const o of ops) {
          if (o === 0) expect(out.shift()).toBe(list.shift() ?? 0);
          else {
            out.push(o);
            if (!list.includes(o)) list.push(o);
          }
          expect(out.waiting).toBe(list.length);
        }
      }),
    );
  });
});
