/** Everything that happened, as sentences: filtered by kind, site and words; choosing one moves the whole page to its instant. */
import { useRef, useState } from 'preact/hooks';
import { about } from '../../../src/control/index.ts';
import { useApp, useShown } from '../app.ts';
import {
  chronicleOf,
  countUntil,
  type Filter,
  filtered,
  GROUP_NAMES,
  GROUPS,
  type Group,
  groupOf,
  moodOf,
  type Row,
  rowText,
  USUAL,
} from '../data/chronicle.ts';
import { clockText, instantText, many } from '../data/format.ts';
import { placeText } from '../data/scene.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { Older } from '../ui/older.tsx';
import { MoodIcon, SiteName } from '../ui/state.tsx';
import { VirtualList } from '../ui/virtual.tsx';
import './timeline.css';

const ROW = 46;
/** Sites and clients that are offered beside a chosen row. */
const NAMED = 6;

export function TimelinePanel() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const at = useStore(app.view, (v) => v.at);
  const more = useStore(app.view, (v) => v.more);
  const timeline = useStore(app.live.history)?.timeline;
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const all = timeline ? chronicleOf(timeline) : [];
  const site = more['tl.site'];
  const picked = more['tl.k']?.split(',') ?? USUAL;
  const groups = new Set(GROUP_NAMES.filter((g) => picked.includes(g)));
  const filter = { groups, site, text: more['tl.q'] ?? '' };
  const present = timeline?.latest ?? snapshot;
  const rows = useFiltered(all, filter, present);
  // The newest first.
  const indexOf = (n: number) => rows.length - 1 - n;
  const last = (at === undefined ? rows.length : countUntil(rows, at)) - 1;
  const mine = chosen === undefined ? -1 : rows.findLastIndex((r) => r.seq === chosen);
  const current = at !== undefined && mine >= 0 && rows[mine]?.at === at ? mine : last;
  const row = at === undefined ? undefined : rows[current];
  const key = `${more['tl.k']} ${site} ${filter.text}`;
  return (
    <>
      <Filters filter={filter} sites={Object.keys(snapshot.sites)} />
      <p class="dim small spread">
        <span>
          {rows.length === all.length
            ? many(all.length, 'event')
            : `${many(rows.length, 'event')} of ${many(all.length, 'event')}`}
          {timeline && ` since ${instantText(timeline.first.at)}`}
        </span>
        <Older />
      </p>
      {rows.length === 0 ? (
        <Nothing any={all.length > 0} />
      ) : (
        <VirtualList
          label="Events, the newest first"
          count={rows.length}
          rowHeight={ROW}
          active={live ? undefined : indexOf(current)}
          reveal={at}
          grows={key}
          onChoose={(n) => {
            const one = rows[indexOf(n)];
            if (!one) return;
            setChosen(one.seq);
            app.look({ at: one.at }, live ? 'push' : 'replace');
          }}
          className={(n) => (indexOf(n) > last ? 'event later' : 'event')}
          row={(n) => (
            <EventRow row={rows[indexOf(n)] as Row} text={rowText(rows[indexOf(n)] as Row, present)} />
          )}
        />
      )}
      {row && <Detail row={row} text={rowText(row, present)} />}
    </>
  );
}

function EventRow({ row, text }: { readonly row: Row; readonly text: string }) {
  return (
    <>
      <time class="mono dim small" dateTime={new Date(row.at).toISOString()}>
        {clockText(row.at)}
      </time>
      <MoodIcon mood={moodOf(row)} />
      <span class="two-lines" title={text}>
        {text}
      </span>
    </>
  );
}

function Filters({ filter, sites }: { readonly filter: Filter; readonly sites: readonly string[] }) {
  const app = useApp();
  const toggle = (group: Group) => {
    const next = new Set(filter.groups);
    if (!next.delete(group)) next.add(group);
    const text = GROUP_NAMES.filter((g) => next.has(g)).join(',');
    app.keep('tl.k', text === USUAL.join(',') ? '' : text || 'none');
  };
  return (
    <div class="filters">
      <input
        type="search"
        placeholder="Words, a site, a city, an address"
        aria-label="Words that events have to contain"
        value={filter.text}
        onInput={(e) => app.keep('tl.q', e.currentTarget.value)}
      />
      <select
        aria-label="Site"
        value={filter.site ?? ''}
        onChange={(e) => app.keep('tl.site', e.currentTarget.value)}
      >
        <option value="">All sites</option>
        {sites.map((s) => (
          <option key={s} value={s}>
            {s}
          </option>
        ))}
      </select>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in a line everywhere */}
      <div class="chips" role="group" aria-label="Kinds that are shown">
        {GROUP_NAMES.map((g) => (
          <button
            key={g}
            type="button"
            class="toggle"
            aria-pressed={filter.groups.has(g)}
            onClick={() => toggle(g)}
          >
            {GROUPS[g]}
          </button>
        ))}
      </div>
    </div>
  );
}

function Nothing({ any }: { readonly any: boolean }) {
  const app = useApp();
  if (!any)
    return (
      <Blank title="Nothing has happened yet">
        <p>Whatever happens will stand here, a sentence for each event.</p>
      </Blank>
    );
  return (
    <Blank title="Nothing fits">
      <p>No event that is kept here has all of these words, kinds and this site.</p>
      <button
        type="button"
        onClick={() => {
          const { 'tl.k': _, 'tl.q': __, 'tl.site': ___, ...more } = app.view.get().more;
          app.look({ more: { ...more, 'tl.k': GROUP_NAMES.join(',') } }, 'replace');
        }}
      >
        Show all
      </button>
    </Blank>
  );
}

/** The row that was chosen, in full, with ways to whom it is about. */
function Detail({ row, text }: { readonly row: Row; readonly text: string }) {
  const app = useApp();
  const { snapshot } = useShown();
  const { sites, vantages } = row.kind === 'gap' || row.kind === 'start' ? NOBODY : about(row);
  const known = sites.filter((s) => Object.hasOwn(snapshot.sites, s));
  const clients = vantages.filter((v) => Object.hasOwn(snapshot.vantages, v));
  const why = row.kind === 'gap' || !('is' in row) || !row.is || !('why' in row.is) ? undefined : row.is.why;
  const reasons = typeof why === 'string' ? [why] : (why ?? []);
  return (
    <section class="section detail" aria-label="The chosen event">
      <p>
        <span class="mono dim">{clockText(row.at, true)}</span>{' '}
        <span class="dim small">{GROUPS[groupOf(row)]}</span>
      </p>
      <p class="wrap">{text}</p>
      {reasons.length > 0 && (
        <ul class="why small">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <p class="orders">
        {known.slice(0, NAMED).map((id) => (
          <button key={id} type="button" onClick={() => app.select({ kind: 'site', id })}>
            <SiteName site={id} />
          </button>
        ))}
        {clients.slice(0, NAMED).map((id) => (
          <button key={id} type="button" onClick={() => app.select({ kind: 'client', id })}>
            {placeText(snapshot.vantages[id]!)}
          </button>
        ))}
      </p>
      <details class="small">
        <summary>As JSON</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
        <pre class="raw" tabIndex={0}>
          {JSON.stringify(row.kind === 'start' ? { ...row, is: '…' } : row, null, 2)}
        </pre>
      </details>
    </section>
  );
}

const NOBODY = { sites: [], vantages: [] } as const;

/** Filters anew only what is new, as long as the filter stays. */
function useFiltered(all: readonly Row[], filter: Filter, snapshot: Parameters<typeof rowText>[1]): Row[] {
  const known = useRef<
    { readonly all: readonly Row[]; readonly key: string; count: number; rows: Row[] } | undefined
  >(undefined);
  const key = JSON.stringify([[...filter.groups], filter.site, filter.text]);
  const was = known.current;
  if (was?.all !== all || was.key !== key) {
    known.current = { all, key, count: all.length, rows: filtered(all, filter, snapshot) };
    return known.current.rows;
  }
  if (was.count < all.length) {
    was.rows.push(...filtered(all, filter, snapshot, was.count));
    was.count = all.length;
  }
  return was.rows;
}
