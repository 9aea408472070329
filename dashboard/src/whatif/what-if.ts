/**
 * The what-if of the page: one for each `App`. It loads the world when somebody first needs it, follows what is shown and what is
 * changed (the address of the page has it, so a link has it too), and has colours at once and sums as soon as nobody drags.
 */
import type { Order, Snapshot } from '../../../src/control/index.ts';
import type { App } from '../app.ts';
import { derived, type Source, type Store, store } from '../store/store.ts';
import {
  type Change,
  changeOf,
  type Door,
  deploymentAfter,
  doorsOf,
  formatChange,
  NOTHING,
  prefixOf,
  readChange,
} from './change.ts';
import { type Port, Predictor } from './predictor.ts';
import type { Answers, Colours, Opened, Question, Sums } from './protocol.ts';

export type Stage =
  | { readonly is: 'idle' }
  | { readonly is: 'loading' }
  | { readonly is: 'ready'; readonly opened: Opened }
  | { readonly is: 'failed'; readonly why: string };

export interface Coloured extends Colours {
  /** The names that the numbers in `site` stand for. */
  readonly sites: readonly string[];
  /** When they were wished for, as `performance.now()` counts. */
  readonly since: number;
}

export interface Summed extends Sums {
  readonly sites: readonly string[];
}

/** What an order is predicted to do. */
export interface Forecast extends Summed {
  /** For each vantage by its address, the part of each site; undefined where the graph does not know its network. */
  readonly vantages: ReadonlyMap<string, Float32Array> | undefined;
}

export interface WhatIf {
  readonly stage: Source<Stage>;
  readonly colours: Source<Coloured | undefined>;
  readonly sums: Source<Summed | undefined>;
  /** The prefix that colours, sums and answers are about; `choose` takes another one of the network's. */
  readonly prefix: Source<string | undefined>;
  choose(prefix: string): void;
  /** What is changed, and the doors it is about. */
  readonly change: Source<Change>;
  readonly doors: Source<readonly Door[]>;
  /** Loads the world unless that was done. */
  need(): void;
  /** Loads anew after a failure. */
  retry(): void;
  set(change: Change): void;
  /** Rejects with a sentence; resolves to undefined for what cannot be predicted. */
  forecast(order: Order): Promise<Forecast | undefined>;
  why(asn: number): Promise<Answers['why']>;
  movers(asn: number): Promise<Answers['movers']>;
  /** An AS number for the text of a person: a number or a city. */
  find(text: string): Promise<Answers['find']>;
}

const known = new WeakMap<App, WhatIf>();

export function whatIfOf(app: App): WhatIf {
  const is = known.get(app) ?? createWhatIf(app, startWorker);
  known.set(app, is);
  return is;
}

function startWorker(): Port {
  // Its handlers are typed for events of more kinds than come here.
  return new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: 'predictor',
  }) as unknown as Port;
}

export function createWhatIf(app: Pick<App, 'api' | 'shown' | 'view' | 'look'>, start: () => Port): WhatIf {
  const stage: Store<Stage> = store<Stage>({ is: 'idle' });
  const colours = store<Coloured | undefined>(undefined);
  const sums = store<Summed | undefined>(undefined);
  let predictor: Predictor | undefined;
  let stops: readonly (() => void)[] = [];
  let asked = '';
  let around = '';
  const prefix = derived([app.shown, app.view], () => {
    const snapshot = app.shown.get()?.snapshot;
    return snapshot && prefixOf(snapshot, app.view.get().more['prefix']);
  });
  const doors = derived([app.shown, prefix], () => {
    const snapshot = app.shown.get()?.snapshot;
    return snapshot ? doorsOf(snapshot, prefix.get()) : [];
  });
  const change = derived([app.view, doors], () => readChange(app.view.get().more, doors.get()));

  function question(of: Change = change.get(), about = prefix.get()): Question | undefined {
    const snapshot = app.shown.get()?.snapshot;
    if (!snapshot) return undefined;
    return {
      sites: Object.keys(snapshot.sites),
      before: deploymentAfter(snapshot, NOTHING, about),
      after: deploymentAfter(snapshot, of, about),
    };
  }

  function follow(): void {
    const wanted = question();
    if (!wanted || !predictor || stage.get().is !== 'ready') return;
    // Another internet, since the server was started anew.
    if (internetNow() !== around) {
      failed('');
      load();
      return;
    }
    // Counts change every second; the network does not.
    const key = JSON.stringify(wanted);
    if (key === asked) return;
    asked = key;
    predictor.colour(wanted, performance.now());
  }

  function coloured(is: Colours, about: Question, since: number): void {
    colours.set({ ...is, sites: about.sites, since });
    const mine = predictor;
    if (!mine?.idle) return;
    mine.ask<'sums'>({ ask: 'sums', question: about }).then(
      (found) => {
        if (mine === predictor && mine.idle) sums.set({ ...found, sites: about.sites });
      },
      (error: Error) => failed(error.message),
    );
  }

  function failed(why: string): void {
    predictor?.close();
    predictor = undefined;
    for (const stop of stops) stop();
    stops = [];
    asked = '';
    stage.set({ is: 'failed', why });
  }

  /** Tells internets apart. */
  function internetNow(): string {
    return Object.keys(app.shown.get()?.snapshot.internet.ases ?? {}).join();
  }

  async function load(): Promise<void> {
    stage.set({ is: 'loading' });
    around = internetNow();
    try {
      const response = await app.api.get('world');
      const world = await response.arrayBuffer();
      const mine = new Predictor(start(), coloured, failed);
      predictor = mine;
      const opened = await mine.ask<'open'>({ ask: 'open', world }, [world]);
      if (mine !== predictor) return;
      stage.set({ is: 'ready', opened });
      stops = [app.shown.watch(follow), app.view.watch(follow)];
      follow();
    } catch (error) {
      failed((error as Error).message);
    }
  }

  /** The predictor, once it is ready. */
  async function ready(): Promise<Predictor> {
    if (stage.get().is === 'idle') load();
    return new Promise((resolve, reject) => {
      let stop = () => {};
      const look = () => {
        const is = stage.get();
        if (is.is === 'loading' || is.is === 'idle') return false;
        if (is.is === 'ready' && predictor) resolve(predictor);
        else reject(new Error(is.is === 'failed' ? is.why : 'the predictor is not there'));
        return true;
      };
      if (look()) return;
      stop = stage.watch(() => look() && stop());
    });
  }

  return {
    stage,
    colours,
    sums,
    change,
    doors,
    need: () => {
      if (stage.get().is === 'idle') load();
    },
    retry: () => {
      if (stage.get().is === 'failed') load();
    },
    prefix,
    choose: (next) => app.look({ more: { ...app.view.get().more, prefix: next } }, 'replace'),
    set: (next) => app.look({ more: { ...app.view.get().more, ...formatChange(next) } }, 'replace'),
    async forecast(order) {
      const snapshot = app.shown.get()?.snapshot;
      const of = snapshot && changeOf(order, snapshot);
      // What comes of an order is seen in clients, and they go by the usual prefix.
      const about = of && question(of, prefixOf(snapshot));
      if (!snapshot || !about) return undefined;
      const mine = await ready();
      const [found, vantages] = await Promise.all([
        mine.ask<'sums'>({ ask: 'sums', question: about }),
        spotsOf(mine, snapshot, about),
      ]);
      return { ...found, sites: about.sites, vantages };
    },
    async why(asn) {
      const mine = await ready();
      return mine.ask<'why'>({ ask: 'why', question: question() ?? EMPTY, asn });
    },
    find: async (text) => (await ready()).ask<'find'>({ ask: 'find', text }),
    async movers(asn) {
      const mine = await ready();
      return mine.ask<'movers'>({ ask: 'movers', question: question() ?? EMPTY, asn });
    },
  };
}

const EMPTY: Question = {
  sites: [],
  before: { operator: 0, announcements: [] },
  after: { operator: 0, announcements: [] },
};

/** Where the vantages would land, each from the router of its home network. */
async function spotsOf(
  predictor: Predictor,
  { vantages, internet }: Snapshot,
  question: Question,
): Promise<Forecast['vantages']> {
  const all = Object.entries(vantages);
  const asn = Uint32Array.from(all, ([, v]) => v.asn);
  const lonLat = Float64Array.from(
    all.flatMap(([, v]) => {
      const at = internet.ases[String(v.asn)]?.routers[v.router] ?? v.place;
      return [at.lon, at.lat];
    }),
  );
  const found = await predictor.ask<'spots'>({ ask: 'spots', question, spots: { asn, lonLat } });
  const width = question.sites.length;
  const rows = all.map(([address], i) => [address, found.subarray(i * width, (i + 1) * width)] as const);
  const placed = rows.filter(([, parts]) => !Number.isNaN(parts[0]));
  return placed.length === 0 ? undefined : new Map(placed);
}
