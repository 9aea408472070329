/** What if: sites as switches, prepends as sliders, and what would come of it before anybody does it. */
import { useEffect, useState } from 'preact/hooks';
import type { Snapshot } from '../../../src/control/index.ts';
import { useApp, useShown } from '../app.ts';
import { countText, rateText, rttText, shareText } from '../data/format.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { SiteName, useSiteColour } from '../ui/state.tsx';
import './whatif.css';
import { type Change, type Door, doorKey, isNothing, MOST_PREPEND, NOTHING } from './change.ts';
import { Flows } from './flows.tsx';
import { demandOf } from './load.ts';
import type { Opened, SiteSum } from './protocol.ts';
import { type Summed, whatIfOf } from './what-if.ts';

export default function WhatIfPanel() {
  const app = useApp();
  const whatIf = whatIfOf(app);
  const stage = useStore(whatIf.stage);
  useEffect(() => whatIf.need(), []);
  if (stage.is === 'failed')
    return (
      <Blank title="Nothing can be predicted at the moment">
        <p>{stage.why}.</p>
        <button type="button" onClick={() => whatIf.retry()}>
          Try again
        </button>
      </Blank>
    );
  if (stage.is !== 'ready')
    return (
      <Blank wait title="Fetching the networks">
        <p>The predictor needs every network and who buys from whom: a few megabytes, once.</p>
      </Blank>
    );
  return <Board opened={stage.opened} />;
}

function Board({ opened }: { readonly opened: Opened }) {
  const app = useApp();
  const whatIf = whatIfOf(app);
  const { snapshot } = useShown();
  const sums = useStore(whatIf.sums);
  const colours = useStore(whatIf.colours);
  const change = useStore(whatIf.change);
  const doors = useStore(whatIf.doors);
  const sites = Object.keys(snapshot.sites);
  const remarks = colours?.remarks ?? [];
  return (
    <>
      <section class="section">
        <h2>What if</h2>
        <p>Switch sites off, lengthen their paths, and see who would go where. Nothing is done by it.</p>
        <PrefixChoice prefixes={snapshot.network.prefixes} />
        <p class="dim small">
          {countText(opened.networks)} client networks, predicted: {opened.source}.
        </p>
        <p>
          <button type="button" disabled={isNothing(change)} onClick={() => whatIf.set(NOTHING)}>
            As it is now
          </button>
        </p>
      </section>
      {remarks.length > 0 && (
        <section class="section warn">
          <ul>
            {[...new Set(remarks)].slice(0, 5).map((what) => (
              <li key={what}>{what}</li>
            ))}
          </ul>
        </section>
      )}
      <Totals sums={sums} change={change} />
      <section class="section">
        <ul class="whatif">
          {sites.map((site) => (
            <SiteRow
              key={site}
              site={site}
              doors={doors.filter((d) => d.site === site)}
              change={change}
              sums={sums}
              snapshot={snapshot}
            />
          ))}
        </ul>
      </section>
      <Apply change={change} doors={doors} />
      <Find />
    </>
  );
}

/** Nothing to choose where the network has one prefix alone. */
function PrefixChoice({ prefixes }: { readonly prefixes: readonly string[] }) {
  const whatIf = whatIfOf(useApp());
  const prefix = useStore(whatIf.prefix);
  if (prefixes.length < 2) return null;
  return (
    <p>
      <label>
        Of the prefix{' '}
        <select value={prefix} onChange={(e) => whatIf.choose(e.currentTarget.value)}>
          {prefixes.map((p) => (
            <option key={p} value={p}>
              {p}
            </option>
          ))}
        </select>
      </label>
    </p>
  );
}

function Totals({ sums, change }: { readonly sums: Summed | undefined; readonly change: Change }) {
  if (!sums) return null;
  const { before, after, moved } = sums;
  return (
    <section class="section" aria-label="All sites together">
      <dl class="facts">
        <dt>People who move</dt>
        <dd>{isNothing(change) ? 'nobody' : shareText(moved)}</dd>
        <dt>Round trip, half of them within</dt>
        <dd>
          <FromTo from={rttText(before.all.rtt?.p50)} to={rttText(after.all.rtt?.p50)} />
        </dd>
        <dt>nine of ten within</dt>
        <dd>
          <FromTo from={rttText(before.all.rtt?.p90)} to={rttText(after.all.rtt?.p90)} />
        </dd>
        {(after.unreached > 0 || before.unreached > 0) && (
          <>
            <dt>People who reach no site</dt>
            <dd class={after.unreached > before.unreached ? 'bad' : undefined}>
              <FromTo from={shareText(before.unreached)} to={shareText(after.unreached)} />
            </dd>
          </>
        )}
      </dl>
      <Flows sums={sums} />
    </section>
  );
}

function FromTo({ from, to }: { readonly from: string; readonly to: string }) {
  return <span>{from === to ? to : `${from} → ${to}`}</span>;
}

interface RowProps {
  readonly site: string;
  readonly doors: readonly Door[];
  readonly change: Change;
  readonly sums: Summed | undefined;
  readonly snapshot: Snapshot;
}

function SiteRow({ site, doors, change, sums, snapshot }: RowProps) {
  const whatIf = whatIfOf(useApp());
  const tone = useSiteColour()(site);
  const isOn = doors.some((d) => d.on);
  const on = change.off.has(site) ? false : isOn || change.on.has(site);
  const k = sums?.sites.indexOf(site) ?? -1;
  const [before, after] = [sums?.before.sites[k], sums?.after.sites[k]];
  const turn = () => {
    const [off, up] = [new Set(change.off), new Set(change.on)];
    off.delete(site);
    up.delete(site);
    if (on && isOn) off.add(site);
    else if (!on && !isOn) up.add(site);
    whatIf.set({ ...change, off, on: up });
  };
  const slide = (door: Door, times: number) => {
    const prepend = new Map(change.prepend);
    if (times === door.prepend) prepend.delete(doorKey(door));
    else prepend.set(doorKey(door), times);
    whatIf.set({ ...change, prepend });
  };
  return (
    <li style={{ '--tone': tone }}>
      <div class="whatif-head">
        <label class="switch">
          <input type="checkbox" checked={on} onChange={turn} aria-label={`${site} announces`} />
          <SiteName site={site} />
        </label>
        <Share before={before} after={after} />
      </div>
      <Bars before={before?.share ?? 0} after={after?.share ?? 0} />
      <LoadLine site={site} snapshot={snapshot} before={before} after={after} sums={sums} />
      {on &&
        doors.map((door) => {
          const times = change.prepend.get(doorKey(door)) ?? door.prepend;
          return (
            <label class="slide small" key={doorKey(door)}>
              <span class="dim cut">{door.upstream}</span>
              <input
                type="range"
                min="0"
                max={MOST_PREPEND}
                value={times}
                aria-label={`Prepends of ${site} at ${door.upstream}`}
                onInput={(e) => slide(door, Number(e.currentTarget.value))}
              />
              <span class={times === door.prepend ? 'dim' : undefined}>+{times}</span>
            </label>
          );
        })}
    </li>
  );
}

function Share({
  before,
  after,
}: {
  readonly before: SiteSum | undefined;
  readonly after: SiteSum | undefined;
}) {
  if (!before || !after) return <span class="dim">…</span>;
  const difference = Math.round(100 * after.share) - Math.round(100 * before.share);
  return (
    <span title={`${shareText(after.certain)} for certain, the rest undecided`}>
      <strong>{shareText(after.share)}</strong>
      {difference !== 0 && (
        <span class="dim">
          {' '}
          {difference > 0 ? '+' : '−'}
          {Math.abs(difference)}
        </span>
      )}
    </span>
  );
}

/** What is in the site's colour, what was as a mark. */
function Bars({ before, after }: { readonly before: number; readonly after: number }) {
  return (
    <svg class="whatif-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect x="0" y="1" width="100" height="4" fill="var(--raised)" />
      <rect x="0" y="1" width={100 * after} height="4" fill="var(--tone)" />
      <rect x={Math.min(99.4, 100 * before)} y="0" width="0.6" height="6" fill="var(--ink)" />
    </svg>
  );
}

/** What clients ask for now, divided as is predicted; where the site's capacity is known. */
function LoadLine({
  site,
  snapshot,
  before,
  after,
  sums,
}: {
  readonly site: string;
  readonly snapshot: Snapshot;
  readonly before: SiteSum | undefined;
  readonly after: SiteSum | undefined;
  readonly sums: Summed | undefined;
}) {
  const capacity = snapshot.sites[site]?.capacity;
  const total = demandOf(snapshot);
  if (!sums || !before || !after || after.share === 0) return null;
  const trips = <FromTo from={rttText(before.rtt?.p50)} to={rttText(after.rtt?.p50)} />;
  if (capacity === undefined || total === 0) return <p class="dim small">{trips} for half of them</p>;
  const full = (share: number, unreached: number) => (total * share * (1 - unreached)) / capacity;
  const [was, is] = [full(before.share, sums.before.unreached), full(after.share, sums.after.unreached)];
  return (
    <p class={is > 1 ? 'bad small' : 'dim small'}>
      load <FromTo from={shareText(was)} to={shareText(is)} /> of {rateText(capacity)}
      {is > 1 ? ': more than it can carry' : ''} · {trips}
    </p>
  );
}

/** The way to a client network for who does not point at the map. */
function Find() {
  const app = useApp();
  const [missing, setMissing] = useState('');
  const find = async (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('network') ?? '').trim();
    if (text === '') return;
    const asn = await whatIfOf(app)
      .find(text)
      .catch(() => undefined);
    if (asn === undefined) setMissing(text);
    else app.select({ kind: 'network', id: String(asn) });
  };
  return (
    <section class="section">
      <h3>A network, its way and why</h3>
      <form class="find" onSubmit={find}>
        <input name="network" aria-label="City or AS number" placeholder="City or AS number" maxLength={80} />
        <button type="submit">Show</button>
      </form>
      {missing && <p role="alert">No network of {missing} is known here.</p>}
    </section>
  );
}

/** The orders that would make it so, as far as there are such. */
function Apply({ change, doors }: { readonly change: Change; readonly doors: readonly Door[] }) {
  const app = useApp();
  const { live } = useShown();
  if (isNothing(change)) return null;
  const by = { owner: 'dashboard', reason: 'tried in the what-if first' };
  const prepends = doors.flatMap((d) => {
    const to = change.prepend.get(doorKey(d));
    return to === undefined ? [] : [{ ...d, to }];
  });
  return (
    <section class="section">
      <h3>Make it so</h3>
      {!live && <p class="dim">This is the past; orders are of the present.</p>}
      <div class="orders">
        {[...change.off].map((site) => (
          <button
            key={site}
            type="button"
            disabled={!live}
            onClick={() => app.intent.set({ do: 'drain', site, ...by })}
          >
            Drain {site}
          </button>
        ))}
        {[...change.on].map((site) => (
          <button
            key={site}
            type="button"
            disabled={!live}
            onClick={() => app.intent.set({ do: 'undrain', site, ...by })}
          >
            Undrain {site}
          </button>
        ))}
      </div>
      {prepends.length > 0 && (
        <>
          <p class="dim small">Prepends are in the plan; no order changes them. There:</p>
          <ul class="small">
            {prepends.map((d) => (
              <li key={doorKey(d)}>
                {d.site}, upstream {d.upstream}: <code>prepend: {d.to}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
