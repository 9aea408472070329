import { describe, expect, test } from 'vitest';
import type { Order, Snapshot } from '../../../src/control/index.ts';
import {
  clientAnswer,
  type Deployment,
  groundOf,
  predict,
  sitesIn,
  summarise,
  without,
} from '../../../src/predict/index.ts';
import { CITIES, findPlace, generateWorld, packWorld, transitNear } from '../../../src/topology/index.ts';
import type { App } from '../app.ts';
import { nearestPoint } from '../map/nearest-point.ts';
import { store } from '../store/store.ts';
import { type Selected, START, type View } from '../store/view.ts';
import { network } from '../testing/snapshot.test-support.ts';
import {
  type Change,
  changeOf,
  deploymentAfter,
  doorKey,
  doorsOf,
  formatChange,
  isNothing,
  NOTHING,
  readChange,
} from './change.ts';
import { comparison } from './comparison.ts';
import { Engine } from './engine.ts';
import { flowsIn } from './flows.tsx';
import { whyText } from './network.tsx';
import { type Port, Predictor } from './predictor.ts';
import { type Ask, type Colours, NO_SITE, type Question, type Reply } from './protocol.ts';
import { shownClients } from './shown-clients.ts';
import { createWhatIf } from './what-if.ts';

const PREFIX = '203.0.113.0/24';
const by = { owner: 'a', reason: 'b' };

/** The snapshot with another state of one cell. */
function cell(snapshot: Snapshot, site: string, more: object): Snapshot {
  const here = snapshot.sites[site]!;
  const up = here.upstreams['as64601']!;
  const announcements = { [PREFIX]: { ...up.announcements[PREFIX]!, ...more } };
  return {
    ...snapshot,
    sites: { ...snapshot.sites, [site]: { ...here, upstreams: { as64601: { ...up, announcements } } } },
  };
}

const key = (site: string) => doorKey({ site, upstream: 'as64601' });
const told = (d: Deployment) => d.announcements.map((a) => `${a.site}+${a.prepend}`).join(' ');

describe('what is announced after a change', () => {
  const snapshot = network('fra nyc tyo', 'lon');

  test('without a change it is what upstreams hold, prepends included, and nothing of who is withdrawn', () => {
    const now = cell(cell(snapshot, 'nyc', { prepend: 2 }), 'tyo', { actual: 'withdrawn' });
    expect(told(deploymentAfter(now))).toBe('fra+0 nyc+2');
    expect(deploymentAfter(now)).toMatchObject({
      operator: 64500,
      announcements: [{ upstream: 64601, relation: 'provider', place: { lat: expect.any(Number) } }, {}],
    });
  });

  test('sites go off and on, paths get longer, doors close', () => {
    const now = cell(snapshot, 'tyo', { actual: 'withdrawn' });
    const change: Change = {
      off: new Set(['fra']),
      on: new Set(['tyo']),
      prepend: new Map([[key('nyc'), 3]]),
      closed: new Set(),
    };
    expect(told(deploymentAfter(now, change))).toBe('nyc+3 tyo+0');
    expect(told(deploymentAfter(snapshot, { ...NOTHING, closed: new Set([key('nyc')]) }))).toBe(
      'fra+0 tyo+0',
    );
  });

  test('a route that is to be left attracts nobody while there is another, and everybody when there is none (RFC 8326)', () => {
    const leaving = { actual: 'less-preferred', leaving: true };
    expect(told(deploymentAfter(cell(snapshot, 'fra', leaving)))).toBe('nyc+0 tyo+0');
    const alone = cell(network('fra', 'lon'), 'fra', leaving);
    expect(told(deploymentAfter(alone))).toBe('fra+0');
  });

  test.each<[Order, string | undefined]>([
    [{ do: 'drain', site: 'nyc', ...by }, 'fra+0 tyo+0'],
    [{ do: 'kill', site: 'nyc', ...by }, 'fra+0 tyo+0'],
    [{ do: 'fail', site: 'nyc', service: 'resolver', how: 'refuse', ...by }, 'fra+0 tyo+0'],
    [{ do: 'cut', one: 'nyc', ...by }, 'fra+0 tyo+0'],
    [{ do: 'cut', one: 'nyc', other: 'as64601', ...by }, 'fra+0 tyo+0'],
    [{ do: 'cut', one: '64601', other: 'nyc', ...by }, 'fra+0 tyo+0'],
    [{ do: 'cut', one: 'nyc', other: 'AS 64601', ...by }, 'fra+0 tyo+0'],
    [{ do: 'cut', one: '64701', other: '64702', ...by }, undefined],
    [{ do: 'freeze', site: 'nyc', ...by }, 'fra+0 nyc+0 tyo+0'],
    [{ do: 'heal', what: 'nyc', ...by }, 'fra+0 nyc+0 tyo+0'],
    [{ do: 'heal', what: 'resolver', ...by }, undefined],
    [{ do: 'heal', ...by }, 'fra+0 nyc+0 tyo+0'],
  ])('%j leads to %s', (order, expected) => {
    const change = changeOf(order, snapshot);
    expect(change && told(deploymentAfter(snapshot, change))).toBe(expected);
  });

  test('a change survives the way through the address, whatever sites are called', () => {
    const odd = 'a,b:c <script>/%';
    const named: Snapshot = { ...snapshot, sites: { ...snapshot.sites, [odd]: snapshot.sites['fra']! } };
    const doors = doorsOf(named);
    const change: Change = {
      off: new Set([odd, 'nyc']),
      on: new Set(['tyo']),
      prepend: new Map([
        [key(odd), 8],
        [key('fra'), 1],
      ]),
      closed: new Set(),
    };
    expect(readChange({ ...formatChange(change) }, doors)).toEqual(change);
    expect(formatChange(NOTHING)).toEqual({ off: '', on: '', prepend: '' });
  });

  test('what is not of this network, or nonsense, is left out of an address', () => {
    const doors = doorsOf(snapshot);
    const more = { off: 'xyz,%E0%A4%A', on: 'nope', prepend: 'fra:as64601:9,fra:as1:2,::,fra:as64601:0' };
    expect(isNothing(readChange(more, doors))).toBe(true);
  });
});

describe('the engine', () => {
  const world = generateWorld({ ases: 600, seed: 7 });
  const deployment: Deployment = {
    operator: 64500,
    announcements: ['fra', 'nyc', 'sin', 'gru'].map((site) => {
      const place = findPlace(site === 'gru' ? 'sao' : site, CITIES)!;
      return { site, upstream: transitNear(world, place)[0]!, relation: 'provider', place };
    }),
  };
  const sites = [...sitesIn(deployment), 'never'];
  const after = without(deployment, ['fra']);
  const question: Question = { sites, before: deployment, after };
  const engine = new Engine(packWorld(world).buffer);
  const ground = groundOf(world);

  test('every point has the colour of a site that is possible for its network, and says how sure that is', () => {
    const { points } = engine.opened;
    const { site, sure, remarks } = engine.colours(question, () => 0);
    expect(remarks).toEqual([]);
    expect([points.count, site.length, points.lonLat.length]).toEqual([
      sure.length,
      sure.length,
      2 * sure.length,
    ]);
    const prediction = predict(ground, after);
    let undecided = 0;
    for (let i = 0; i < points.count; i++) {
      const answer = clientAnswer(prediction, points.asn[i]!)!;
      const part = answer.parts.find((p) => p.site === sites[site[i]!])?.part;
      if (answer.parts.length === 0) expect(site[i]).toBe(NO_SITE);
      else expect(part).toBeGreaterThan(0);
      if (answer.cities.length === 1 && part !== undefined) expect(sure[i]! / 255).toBeCloseTo(part, 2);
      if (sure[i]! < 250) undecided++;
    }
    expect(undecided).toBeGreaterThan(0);
    expect([...site]).not.toContain(sites.indexOf('fra'));
  });

  test('undecided ones are drawn in the colours of their sites as often as is likely', () => {
    const { site } = engine.colours(question, () => 0);
    const { points } = engine.opened;
    const prediction = predict(ground, after);
    const wanted = new Float64Array(sites.length);
    const drawn = new Float64Array(sites.length);
    for (let i = 0; i < points.count; i++) {
      for (const p of clientAnswer(prediction, points.asn[i]!)!.parts)
        wanted[sites.indexOf(p.site)]! += p.part;
      if (site[i] !== NO_SITE) drawn[site[i]!]!++;
    }
    for (const k of sites.keys()) expect(Math.abs(drawn[k]! - wanted[k]!)).toBeLessThan(0.06 * points.count);
  });

  test('sums are those of the summary, and what flows is what the shares differ by', () => {
    const sums = engine.sums(question);
    const [a, b] = [summarise(predict(ground, deployment)), summarise(predict(ground, after))];
    for (const [k, name] of sites.entries()) {
      expect(sums.before.sites[k]?.share).toBe(a.sites.find((s) => s.site === name)?.share ?? 0);
      expect(sums.after.sites[k]?.share).toBe(b.sites.find((s) => s.site === name)?.share ?? 0);
    }
    const width = sites.length + 1;
    const [fra, nobody] = [sites.indexOf('fra'), sites.length];
    let all = 0;
    for (let from = 0; from < width; from++)
      for (let to = 0; to < width; to++) {
        const f = sums.flows[from * width + to]!;
        all += f;
        if (to === fra || from === to) expect(f).toBe(0);
      }
    expect(all).toBeCloseTo(sums.moved, 6);
    const left = sums.flows.subarray(fra * width, (fra + 1) * width).reduce((x, y) => x + y, 0);
    expect(left).toBeCloseTo(sums.before.sites[fra]!.share * (1 - sums.before.unreached), 4);
    expect(sums.flows[fra * width + nobody]).toBe(0);
    expect(flowsIn({ ...sums, sites })[0]?.from).toBe('fra');
  });

  test('nothing changes, nobody moves', () => {
    const sums = engine.sums({ sites, before: deployment, after: deployment });
    expect(sums.moved).toBe(0);
    expect(flowsIn({ ...sums, sites })).toEqual([]);
  });

  test('nothing is announced: everybody is lost, and it is no fault', () => {
    const nothing = { ...deployment, announcements: [] };
    const lost = { sites, before: deployment, after: nothing };
    expect(new Set(engine.colours(lost, () => 0).site)).toEqual(new Set([NO_SITE]));
    expect(engine.sums(lost)).toMatchObject({
      moved: expect.closeTo(1, 5),
      after: { unreached: expect.closeTo(1, 5) },
    });
  });

  test('an upstream that the graph does not know is said', () => {
    const odd: Deployment = {
      ...deployment,
      announcements: [{ site: 'fra', upstream: 1, relation: 'provider' }],
    };
    const { remarks } = engine.colours({ sites, before: deployment, after: odd }, () => 0);
    expect(remarks).toEqual(['the graph does not know AS1, the upstream of fra']);
  });

  test('a network is told with its way and its reasons; one that is not there is not', () => {
    const asn = engine.opened.points.asn[5]!;
    const found = engine.why(question, asn);
    expect(found?.answer.asn).toBe(asn);
    expect(
      found?.explanation?.hops.map((h) => whyText(h)).every((text) => /^(to|undecided)/.test(text)),
    ).toBe(true);
    expect(engine.why(question, 4_199_999_999)).toBeUndefined();
    expect(engine.movers(question, 4_199_999_999)).toBeUndefined();
    expect(engine.movers(question, asn)?.every((m) => m.text !== '')).toBe(true);
  });

  test('places in networks have the parts of the nearest city; unknown networks have none', () => {
    const asn = Uint32Array.from([engine.opened.points.asn[9]!, 4_199_999_999]);
    const { lonLat } = engine.opened.points;
    const parts = engine.spots(question, {
      asn,
      lonLat: Float64Array.from([lonLat[18]!, lonLat[19]!, 0, 0]),
    });
    const sum = parts.subarray(0, sites.length).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
    expect([...parts.subarray(sites.length)].every(Number.isNaN)).toBe(true);
  });

  test('a network is found by its number or as the biggest of a city', () => {
    const { asn, weight } = engine.opened.points;
    expect(engine.find(`AS${asn[3]}`)).toBe(asn[3]);
    expect(engine.find(` ${asn[3]} `)).toBe(asn[3]);
    expect(engine.find('4199999999')).toBeUndefined();
    expect(engine.find('Nowhere at All')).toBeUndefined();
    const tokyo = engine.find('tokyo');
    expect(clientAnswer(predict(ground, deployment), tokyo!)?.cities.map((c) => c.place?.name)).toContain(
      'Tokyo',
    );
    expect(weight[asn.indexOf(tokyo!)]).toBeGreaterThan(0);
  });

  test('bytes that are no world are refused with a sentence', () => {
    expect(() => new Engine(new ArrayBuffer(10))).toThrow(/./);
  });
});

/** A worker that answers when it is told to. */
class Desk implements Port {
  readonly asks: Ask[] = [];
  ended = false;
  onmessage: Port['onmessage'] = null;
  onerror: Port['onerror'] = null;
  postMessage(ask: Ask): void {
    this.asks.push(ask);
  }
  terminate(): void {
    this.ended = true;
  }
  reply(reply: Reply): void {
    this.onmessage?.({ data: reply });
  }
}

const SETTLED = () => new Promise((resolve) => setTimeout(resolve, 0));
const GREY: Colours = { site: new Uint8Array(1), sure: new Uint8Array(1), tookMs: 1, remarks: [] };
const question = (n: number): Question => ({
  sites: [`s${n}`],
  before: { operator: 1, announcements: [] },
  after: { operator: n, announcements: [] },
});

describe('the predictor', () => {
  test('while one wish is worked on only the latest of those that follow is kept', async () => {
    const desk = new Desk();
    const seen: string[] = [];
    const predictor = new Predictor(
      desk,
      (_, { sites }) => seen.push(sites[0]!),
      () => {},
    );
    for (let n = 0; n < 50; n++) predictor.colour(question(n), n);
    expect(desk.asks.length).toBe(1);
    expect(predictor.idle).toBe(false);
    desk.reply({ id: desk.asks[0]!.id, answer: GREY });
    await SETTLED();
    expect(desk.asks.length).toBe(2);
    desk.reply({ id: desk.asks[1]!.id, answer: GREY });
    await SETTLED();
    expect(seen).toEqual(['s0', 's49']);
    expect(predictor.idle).toBe(true);
  });

  test('a fault is said once, and whoever waits hears of it', async () => {
    const desk = new Desk();
    const faults: string[] = [];
    const predictor = new Predictor(
      desk,
      () => {},
      (why) => faults.push(why),
    );
    const asked = predictor.ask<'why'>({ ask: 'why', question: question(1), asn: 1 });
    desk.onerror?.({ message: 'out of memory' });
    await expect(asked).rejects.toThrow('out of memory');
    expect(faults.length).toBe(1);
  });
});

describe('the what-if of the page', () => {
  function page(world: () => Promise<Response>) {
    const desk = new Desk();
    const view = store<View>(START);
    const shown = store<ReturnType<App['shown']['get']>>({
      snapshot: network('fra nyc', 'lon'),
      at: 0,
      live: true,
    });
    const app = {
      api: { get: world } as never,
      shown,
      view,
      look: (change: object) => view.set({ ...view.get(), ...change } as View),
    };
    return { desk, shown, view, whatIf: createWhatIf(app, () => desk) };
  }

  const opened = { points: { count: 0 }, networks: 3, weightUnit: 'users', source: 'x' } as never;

  test('it asks anew when the network or the change is another, and not when only counts are', async () => {
    const { desk, shown, whatIf } = page(async () => new Response(new ArrayBuffer(8)));
    whatIf.need();
    whatIf.need();
    await SETTLED();
    await SETTLED();
    desk.reply({ id: desk.asks[0]!.id, answer: opened });
    await SETTLED();
    expect(desk.asks.map((a) => a.ask)).toEqual(['open', 'colours']);
    desk.reply({ id: desk.asks[1]!.id, answer: GREY });
    await SETTLED();
    // Nobody drags: now the sums.
    expect(desk.asks.map((a) => a.ask)).toEqual(['open', 'colours', 'sums']);
    const before = shown.get()!;
    const { fra } = before.snapshot.sites;
    const load = { ...fra!.load, asked: 9 };
    shown.set({
      ...before,
      snapshot: { ...before.snapshot, sites: { ...before.snapshot.sites, fra: { ...fra!, load } } },
    });
    expect(desk.asks.length).toBe(3);
    whatIf.set({ ...NOTHING, off: new Set(['fra']) });
    expect([...whatIf.change.get().off]).toEqual(['fra']);
    expect(desk.asks.length).toBe(4);
  });

  test('what is predicted is of the prefix that is chosen, and the address keeps the choice', async () => {
    const { desk, shown, view, whatIf } = page(async () => new Response(new ArrayBuffer(8)));
    const SIX = '2001:db8:53::/48';
    const { snapshot, ...rest } = shown.get()!;
    const sites = Object.entries(snapshot.sites).map(([name, site]) => {
      const up = site.upstreams['as64601']!;
      const actual = name === 'fra' ? ('withdrawn' as const) : ('full' as const);
      const six = { ...up.announcements[PREFIX]!, actual };
      const announcements = { ...up.announcements, [SIX]: six };
      return [name, { ...site, upstreams: { as64601: { ...up, announcements } } }] as const;
    });
    const network = { ...snapshot.network, prefixes: [SIX, PREFIX] };
    shown.set({ ...rest, snapshot: { ...snapshot, network, sites: Object.fromEntries(sites) } });
    whatIf.need();
    await SETTLED();
    await SETTLED();
    desk.reply({ id: desk.asks[0]!.id, answer: opened });
    await SETTLED();
    const announced = () => {
      const latest = desk.asks.findLast((a) => a.ask === 'colours') as { readonly question: Question };
      return told(latest.question.after);
    };
    expect([whatIf.prefix.get(), announced()]).toEqual([PREFIX, 'fra+0 nyc+0']);
    desk.reply({ id: desk.asks.at(-1)!.id, answer: GREY });
    await SETTLED();
    whatIf.choose(SIX);
    expect([whatIf.prefix.get(), announced()]).toEqual([SIX, 'nyc+0']);
    expect(whatIf.doors.get().map((d) => `${d.site} ${d.on}`)).toEqual(['fra false', 'nyc true']);
    expect(view.get().more).toMatchObject({ prefix: SIX });
    // One that the network does not have is not asked for.
    whatIf.choose('198.51.100.0/24');
    expect(whatIf.prefix.get()).toBe(PREFIX);
    // Clients are observed on the usual prefix, and so an order is held against that.
    whatIf.choose(SIX);
    whatIf.forecast({ do: 'drain', site: 'nyc', ...by }).catch(() => {});
    await SETTLED();
    const forecast = desk.asks.findLast((a) => a.ask === 'sums') as { readonly question: Question };
    expect([told(forecast.question.before), told(forecast.question.after)]).toEqual(['fra+0 nyc+0', 'fra+0']);
  });

  test('a world that is not to be had is said, and tried again when asked to', async () => {
    let tries = 0;
    const { whatIf } = page(async () => {
      tries++;
      throw new Error('nobody has given this network an AS graph');
    });
    whatIf.need();
    await SETTLED();
    expect(whatIf.stage.get()).toEqual({ is: 'failed', why: 'nobody has given this network an AS graph' });
    whatIf.need();
    expect(tries).toBe(1);
    whatIf.retry();
    await SETTLED();
    expect(tries).toBe(2);
    await expect(whatIf.forecast({ do: 'kill', site: 'fra', ...by })).rejects.toThrow('AS graph');
  });
});

test('the vantages are compared by what was possible for each of them', () => {
  const snapshot = network('fra nyc', 'lon chi');
  const [lon, chi] = Object.keys(snapshot.vantages) as [string, string];
  const predicted = new Map([
    [lon, Float32Array.from([0.5, 0.5])],
    [chi, Float32Array.from([1, 0])],
    ['127.99.0.1', Float32Array.from([1, 0])],
  ]);
  const { rows, agree, of } = comparison(snapshot, ['fra', 'nyc'], predicted);
  expect([agree, of]).toEqual([1, 2]);
  expect(rows.map((r) => r.site)).toEqual(['fra', 'nyc']);
  expect(rows.reduce((sum, r) => sum + r.predicted, 0)).toBeCloseTo(1, 5);
  expect(rows.reduce((sum, r) => sum + r.observed, 0)).toBeCloseTo(1, 5);
});

test('the nearest point is found within reach, also over the date line', () => {
  const points = Float32Array.from([10, 50, 179.9, 0, 10.3, 50]);
  const reach = { lon: 1, lat: 1 };
  expect(nearestPoint(points, { lng: 10.2, lat: 50 }, reach)).toBe(2);
  expect(nearestPoint(points, { lng: -179.8, lat: 0.1 }, reach)).toBe(1);
  expect(nearestPoint(points, { lng: 190 - 360, lat: 5 }, reach)).toBeUndefined();
});

test('the what-if shows predicted clients unless somebody chose others', () => {
  const selected: Selected = { kind: 'network', id: '1' };
  expect(shownClients(START)).toBe('observed');
  expect(shownClients({ ...START, panel: 'what-if' })).toBe('predicted');
  expect(shownClients({ ...START, selected })).toBe('predicted');
  expect(shownClients({ ...START, panel: 'what-if', more: { clients: 'off' } })).toBe('off');
  expect(shownClients({ ...START, more: { clients: 'nonsense' } })).toBe('observed');
});
