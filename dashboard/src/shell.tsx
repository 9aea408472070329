/** The page around everything: head, map, tabs at the side, and what is said when there is nothing to show. */
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from './app.ts';
import { clockText, instantText, spanText } from './data/format.ts';
import { capital, movesText, sentence } from './data/sentence.ts';
import { MapView } from './map/view.tsx';
import { ClientDetail } from './panels/client.tsx';
import { PANELS, panelOf } from './panels/index.ts';
import { SiteDetail } from './panels/site.tsx';
import { useStore } from './store/store.ts';
import { Blank } from './ui/blank.tsx';
import { Choice } from './ui/choice.tsx';
import { Dock } from './ui/dock.tsx';
import { Guarded } from './ui/guarded.tsx';
import { Intent } from './ui/intent.tsx';
import { lazy } from './ui/lazy.tsx';
import { Links } from './ui/links.tsx';
import { useClock } from './ui/use-clock.ts';

export function Shell() {
  const { shown, view } = useApp();
  const ready = useStore(shown, (s) => s !== undefined);
  const wide = useStore(view, (v) => v.selected === undefined && panelOf(v.panel).wide === true);
  return (
    <div class={wide ? 'shell wide' : 'shell'}>
      <Head />
      {ready ? (
        <>
          <main class="map" aria-label="Map">
            <Guarded name="The map">
              <MapView />
            </Guarded>
          </main>
          <section class="dock" aria-label="Time">
            <Guarded name="The time line">
              <Dock />
            </Guarded>
          </section>
          <aside class="side" aria-label="Details">
            <Side />
            <Intent />
          </aside>
          <footer class="foot narrow-only">
            <Colours />
          </footer>
        </>
      ) : (
        <main class="empty">
          <Nothing />
        </main>
      )}
      <Sayer />
    </div>
  );
}

function Head() {
  return (
    <header class="head">
      <div class="brand">
        <Mark />
        <h1>nearcast</h1>
      </div>
      <What />
      <div class="tools">
        <ConnectionChip />
        <Links />
        <div class="wide-only">
          <Colours />
        </div>
      </div>
      <Lost />
    </header>
  );
}

function Colours() {
  const app = useApp();
  const choice = useStore(app.themeChoice);
  return (
    <Choice
      label="Colours"
      value={choice}
      options={[
        { value: 'auto', text: 'Auto', title: 'As the system prefers' },
        { value: 'dark', text: 'Dark' },
        { value: 'light', text: 'Light' },
      ]}
      onChoose={(value) => app.themeChoice.set(value)}
    />
  );
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="8" fill="none" stroke="var(--accent)" stroke-width="1.6" />
      <circle cx="10" cy="10" r="4.6" fill="none" stroke="var(--accent)" stroke-width="1.2" opacity=".55" />
      <circle cx="10" cy="10" r="2" fill="var(--accent)" />
    </svg>
  );
}

/** The newcomer's line: what one is looking at. */
function What() {
  const shown = useStore(useApp().shown);
  if (!shown) return <p class="what">A living anycast network.</p>;
  const { network, sites } = shown.snapshot;
  const addresses = Object.values(network.services).flatMap((s) => s.addresses);
  const address = addresses.find((a) => !a.includes(':')) ?? addresses[0] ?? network.prefixes[0] ?? '';
  const n = Object.keys(sites).length;
  return (
    <p class="what">
      <strong>
        One address, {address}, announced from {n === 1 ? 'one site' : `${n} sites`}.
      </strong>{' '}
      <span class="wide-only">
        Each dot is a client; its colour is the site that answers it. Kill a site and watch.
      </span>
    </p>
  );
}

function ConnectionChip() {
  const app = useApp();
  const connection = useStore(app.live.connection);
  const shown = useStore(app.shown);
  const now = useClock(1000);
  const text =
    connection.state === 'live'
      ? shown && !shown.live
        ? 'Replay'
        : 'Live'
      : connection.state === 'connecting'
        ? 'Connecting'
        : connection.state === 'lost'
          ? 'Lost'
          : 'Failed';
  const mood = { Live: 'ok', Replay: 'warn', Connecting: 'dim', Lost: 'bad', Failed: 'bad' }[text];
  return (
    <span class="chip" title={instantText(shown?.live === false ? shown.at : now)}>
      <span class={`dot ${mood}`} style={{ '--tone': 'currentColor' }} />
      <span class={mood}>{text}</span>
      <span class="mono">{clockText(shown?.live === false ? shown.at : now)} UTC</span>
    </span>
  );
}

/** The bar that says that what is shown is old. */
function Lost() {
  const { live, shown } = useApp();
  const connection = useStore(live.connection);
  const has = useStore(shown, (s) => s !== undefined);
  const now = useClock(1000);
  if (!has || (connection.state !== 'lost' && connection.state !== 'failed')) return null;
  return (
    <div class="bar bad" role="alert">
      <span>
        {connection.state === 'lost'
          ? `No connection for ${spanText(now - connection.since)}. What is shown is what was last heard; nothing is lost, it goes on from there.`
          : connection.why}
      </span>
      <button type="button" onClick={() => live.retry()}>
        Try now
      </button>
    </div>
  );
}

/** Before the first snapshot. */
function Nothing() {
  const { live } = useApp();
  const connection = useStore(live.connection);
  if (connection.state === 'failed')
    return (
      <Blank title="This page and the server do not understand each other">
        <p>{connection.why}</p>
        <button type="button" onClick={() => location.reload()}>
          Load the page anew
        </button>
      </Blank>
    );
  if (connection.state === 'lost')
    return (
      <Blank title="Nobody answers">
        <p>
          {capital(connection.why)}. Does <code>nearcast up</code> still run? This page tries again by itself.
        </p>
        <button type="button" onClick={() => live.retry()}>
          Try now
        </button>
      </Blank>
    );
  return (
    <Blank wait title="Looking at the network">
      <p>Sites start, sessions come up, routes spread: a few seconds.</p>
    </Blank>
  );
}

const NetworkDetail = lazy('the network', () => import('./whatif/network.tsx'));

function Side() {
  const app = useApp();
  const view = useStore(app.view);
  const box = useRef<HTMLDivElement>(null);
  const { selected } = view;
  const subject = `${selected?.kind} ${selected?.id}`;
  const before = useRef(subject);
  useEffect(() => {
    const here = box.current;
    here?.scrollTo(0, 0);
    // On a phone it is the page that scrolls.
    if (here && here.getBoundingClientRect().top < 0) here.scrollIntoView();
    // What had the focus may be gone with what was shown before.
    if (before.current !== subject && document.activeElement === document.body)
      here?.focus({ preventScroll: true });
    before.current = subject;
  }, [subject, view.panel]);
  const panel = panelOf(view.panel);
  if (selected)
    return (
      <section
        class="panel"
        ref={box}
        tabIndex={-1}
        aria-label={`${selected.kind} ${selected.id}`}
        onKeyDown={(e) => e.key === 'Escape' && app.select(undefined)}
      >
        <p>
          <button type="button" class="plain back" onClick={() => app.select(undefined)}>
            ← {panel.title}
          </button>
        </p>
        <Guarded name="This detail" key={subject}>
          {selected.kind === 'site' ? (
            <SiteDetail name={selected.id} />
          ) : selected.kind === 'network' ? (
            <NetworkDetail />
          ) : (
            <ClientDetail id={selected.id} />
          )}
        </Guarded>
      </section>
    );
  return (
    <>
      <Tabs active={panel.id} />
      <div
        class="panel"
        ref={box}
        tabIndex={-1}
        role="tabpanel"
        id="panel"
        aria-labelledby={`tab-${panel.id}`}
      >
        <Guarded name={panel.title} key={panel.id}>
          <panel.Body />
        </Guarded>
      </div>
    </>
  );
}

/** Arrow keys go from tab to tab, as people who use no pointer expect. */
function Tabs({ active }: { readonly active: string }) {
  const app = useApp();
  // There may be more tabs than there is room for.
  useEffect(
    () => document.getElementById(`tab-${active}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    [active],
  );
  const go = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = PANELS.findIndex((p) => p.id === active);
    const next = PANELS[(at + step + PANELS.length) % PANELS.length];
    if (!next) return;
    app.look({ panel: next.id }, 'replace');
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="What to look at" onKeyDown={go}>
      {PANELS.map(({ id, title }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === active}
          aria-controls="panel"
          tabIndex={id === active ? 0 : -1}
          onClick={() => app.look({ panel: id })}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

/** What just happened, for the screen reader: moves summed up, so that a hundred clients are one sentence. */
function Sayer() {
  const app = useApp();
  const said = useStore(app.said);
  useEffect(
    () =>
      app.live.onEvents((events, before) => {
        if (app.view.get().at !== undefined) return;
        const told = events.filter((e) => TOLD.includes(e.kind)).flatMap((e) => sentence(e, before) ?? []);
        const text = [...told.slice(0, 3), ...movesText(events)].join(' ');
        if (text !== '') app.say(text);
      }),
    [],
  );
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}

const TOLD: readonly string[] = ['start', 'process', 'decision', 'drain', 'freeze', 'order', 'note'];
