/** What every panel and every layer of the map works with. One for the page; components get it by `useApp()`. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Order, Snapshot } from '../../src/control/index.ts';
import type { Theme } from './data/palette.ts';
import type { Api } from './store/api.ts';
import type { Live } from './store/live.ts';
import { type Past, past } from './store/past.ts';
import { derived, type Source, type Store, store, useStore } from './store/store.ts';
import type { ThemeChoice, ThemeStores } from './store/theme.ts';
import { formatView, readView, type Selected, START, type View } from './store/view.ts';
import { useClock } from './ui/use-clock.ts';

export interface Shown {
  readonly snapshot: Snapshot;
  /** The instant that is shown, milliseconds since 1970; of the present: that of the latest event. Ages go by `useAt()`. */
  readonly at: number;
  /** It is the present. */
  readonly live: boolean;
}

export interface App {
  readonly api: Api;
  readonly live: Live;
  /** What happened before the page was opened, and how it gets here. */
  readonly past: Past;
  /** What is looked at; the same as the address. Change it by `look`. */
  readonly view: Source<View>;
  /** The network at the instant of the view. Undefined: nothing was heard yet. Everything that is drawn comes from here. */
  readonly shown: Source<Shown | undefined>;
  readonly theme: Source<Theme>;
  readonly themeChoice: Store<ThemeChoice>;
  /** An order that somebody wants to give; the dialog for it is open while there is one. */
  readonly intent: Store<Order | undefined>;
  /** What the screen reader says next. */
  readonly said: Source<string>;
  /** Changes a part of the view. `undefined` takes a part out. `replace` leaves no step for the browser's back button. */
  look(change: { readonly [K in keyof View]?: View[K] | undefined }, how?: 'push' | 'replace'): void;
  /** Sets one of `view.more`; empty takes it out. */
  keep(key: string, value: string): void;
  select(selected: Selected | undefined): void;
  say(text: string): void;
}

/** The address follows the view this much later, where that makes no step for the back button. */
const ADDRESS_MS = 250;

export function createApp(api: Api, live: Live, themes: ThemeStores): App {
  const view = store<View>({ ...START, ...readView(location.hash) });
  const said = store('');
  const addressOf = (v: View) => formatView(v) || location.pathname + location.search;
  // A slider changes the view many times a second; browsers refuse so many changes of the address.
  let due: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    clearTimeout(due);
    due = undefined;
    history.replaceState(null, '', addressOf(view.get()));
  };
  addEventListener('hashchange', () => {
    clearTimeout(due);
    due = undefined;
    view.set(readView(location.hash));
  });
  const look: App['look'] = (change, how = 'push') => {
    const { more = {}, map = START.map, ...rest } = { ...view.get(), ...change };
    const kept = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined));
    const next: View = { ...kept, map, more };
    if (how === 'push' && formatView(next) !== formatView(view.get())) {
      if (due !== undefined) write();
      history.pushState(null, '', addressOf(next));
    } else due ??= setTimeout(write, ADDRESS_MS);
    view.set(next);
  };
  const at = derived([view], () => view.get().at);
  // While a past instant is shown, news change nothing that is drawn, except where they belong before it.
  let last: Shown | undefined;
  const shown = derived<Shown | undefined>([live.history, at], () => {
    const timeline = live.history.get()?.timeline;
    if (!timeline) return undefined;
    const instant = at.get();
    const snapshot = instant === undefined ? timeline.latest : (timeline.at(instant) ?? timeline.first);
    const next = { snapshot, at: instant ?? snapshot.at, live: instant === undefined };
    const same = last?.snapshot === snapshot && last.at === next.at && last.live === next.live;
    last = same ? last : next;
    return last;
  });
  return {
    api,
    live,
    past: past(api, live),
    view,
    shown,
    theme: themes.theme,
    themeChoice: themes.choice,
    intent: store<Order | undefined>(undefined),
    said,
    look,
    keep: (key, value) => look({ more: { ...view.get().more, [key]: value } }, 'replace'),
    select: (selected) => look({ selected }),
    say: (text) => said.set(text),
  };
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('useApp outside of the page');
  return app;
}

/** What is shown, in a component that is only drawn when there is something. */
export function useShown(): Shown {
  const shown = useStore(useApp().shown);
  if (!shown) throw new Error('a panel was drawn before anything was heard');
  return shown;
}

/** The instant that ages are counted to: that of the view, or the time of this moment, which goes on every second. */
export function useAt(): number {
  const { at, live } = useShown();
  const now = useClock(1000);
  // A clock behind that of the server must not make ages negative.
  return live ? Math.max(now, at) : at;
}
