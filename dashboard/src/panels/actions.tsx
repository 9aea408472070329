/** What can be done with the network: what is broken or held at the moment and how to end it, then each site's orders. */
import { type Fault, faultWords, type Order } from '../../../src/control/index.ts';
import { useApp, useAt, useShown } from '../app.ts';
import { chronicleOf, type Row, rowText } from '../data/chronicle.ts';
import { clockText, spanText } from '../data/format.ts';
import { placeText, sceneOf } from '../data/scene.ts';
import { capital } from '../data/sentence.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { BY, SiteOrders } from '../ui/orders.tsx';
import { PastNote } from '../ui/past-note.tsx';
import { MoodIcon, SiteName, State } from '../ui/state.tsx';
import { TokenForm } from '../ui/token-form.tsx';

/** Orders that are listed. */
const MOST_ORDERS = 12;

export function ActionsPanel() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const mayAsk = useStore(app.api.mayAsk);
  const wanted = useStore(app.view, (v) => v.more['act']);
  const { sites, looks } = sceneOf(snapshot);
  const name = wanted !== undefined && looks.has(wanted) ? wanted : sites[0];
  if (name === undefined)
    return (
      <Blank title="No sites">
        <p>This network has no site that something could be done with.</p>
      </Blank>
    );
  return (
    <>
      {!live && <PastNote />}
      {live && !mayAsk && <TokenForm />}
      <Held />
      <section class="section">
        <h2>What to do with a site</h2>
        <p class="spread">
          <select aria-label="Site" value={name} onChange={(e) => app.keep('act', e.currentTarget.value)}>
            {sites.map((s) => (
              <option key={s} value={s}>
                {s} – {placeText(snapshot.sites[s]!)}
              </option>
            ))}
          </select>
          <State look={looks.get(name)!} />
        </p>
        <SiteOrders name={name} explain />
      </section>
      <LatestOrders />
    </>
  );
}

/** Faults, freezes and drains: what somebody did and can end. */
function Held() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const at = useAt();
  const faults = Object.entries(snapshot.faults);
  const frozen = Object.entries(snapshot.sites).filter(([, s]) => s.frozen);
  const drained = Object.entries(snapshot.sites).filter(([, s]) => s.drain.phase !== 'in');
  const give = (order: Order, text: string) => (
    <button type="button" disabled={!live} onClick={() => app.intent.set(order)}>
      {text}
    </button>
  );
  if (faults.length + frozen.length + drained.length === 0)
    return (
      <section class="section">
        <h2>Broken or held</h2>
        <p class="dim">Nothing: no fault, no freeze, no drain.</p>
      </section>
    );
  return (
    <section class="section">
      <h2>Broken or held</h2>
      <ul class="list held">
        {faults.map(([id, fault]) => (
          <li key={id}>
            <MoodIcon mood="bad" />
            <span>
              {faultText(fault)} <span class="dim small">for {spanText(at - fault.at)}</span>
            </span>
            {give(healOf(fault), 'Heal')}
          </li>
        ))}
        {drained.map(([site, { drain }]) => (
          <li key={`drain ${site}`}>
            <MoodIcon mood="off" />
            <span>
              <SiteName site={site} /> {sceneOf(snapshot).looks.get(site)?.word}{' '}
              <span class="dim small">
                for {spanText(at - drain.at)}
                {drain.order && `, by ${drain.order.owner}: ${drain.order.reason}`}
              </span>
            </span>
            {give({ do: 'undrain', site, ...BY }, 'Undrain')}
          </li>
        ))}
        {frozen.map(([site, { frozen: freeze }]) => (
          <li key={`freeze ${site}`}>
            <MoodIcon mood="off" />
            <span>
              <SiteName site={site} /> frozen{' '}
              <span class="dim small">
                by {freeze!.owner}: {freeze!.reason}
                {freeze!.until !== undefined &&
                  freeze!.until > at &&
                  `; thaws in ${spanText(freeze!.until - at)}`}
              </span>
            </span>
            {give({ do: 'unfreeze', site, ...BY }, 'Unfreeze')}
          </li>
        ))}
      </ul>
      {faults.length > 1 && <p>{give({ do: 'heal', ...BY }, 'Heal everything')}</p>}
    </section>
  );
}

function LatestOrders() {
  const app = useApp();
  const { snapshot } = useShown();
  const timeline = useStore(app.live.history)?.timeline;
  const rows = timeline ? chronicleOf(timeline) : [];
  const orders: Row[] = [];
  for (let i = rows.length - 1; i >= 0 && orders.length < MOST_ORDERS; i--) {
    const row = rows[i] as Row;
    if (row.kind === 'order') orders.push(row);
  }
  return (
    <section class="section">
      <h2>What was asked</h2>
      {orders.length === 0 ? (
        <p class="dim">Nothing yet.</p>
      ) : (
        <ol class="list">
          {orders.map((row) => (
            <li key={row.seq}>
              <button type="button" class="row asked" onClick={() => app.look({ at: row.at })}>
                <time class="mono dim" dateTime={new Date(row.at).toISOString()}>
                  {clockText(row.at)}
                </time>
                <span>{rowText(row, snapshot)}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** A name stays as it is, also where a sentence begins. */
function faultText(fault: Fault): string {
  return fault.fault === 'service' ? faultWords(fault) : capital(faultWords(fault));
}

function healOf(fault: Fault): Order {
  switch (fault.fault) {
    case 'service':
      return { do: 'heal', what: fault.service, other: fault.site, ...BY };
    case 'link':
      return { do: 'heal', what: fault.ends[0], other: fault.ends[1], ...BY };
    case 'site':
      return { do: 'heal', what: fault.site, ...BY };
    case 'controller':
      return { do: 'heal', what: 'controller', ...BY };
  }
}
