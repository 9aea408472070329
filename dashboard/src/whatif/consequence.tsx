/** What an order is predicted to do, and afterwards what was predicted beside what is observed. */
import { useEffect, useState } from 'preact/hooks';
import type { Order, Snapshot } from '../../../src/control/index.ts';
import { useApp, useShown } from '../app.ts';
import { rateText, rttText, shareText } from '../data/format.ts';
import { SiteName } from '../ui/state.tsx';
import './whatif.css';
import { comparison } from './comparison.ts';
import { Flows } from './flows.tsx';
import { demandOf } from './load.ts';
import { type Forecast, whatIfOf } from './what-if.ts';

/** `none`: the predictor has nothing to say to such an order. */
export type Foreseen =
  | { readonly is: 'waiting' }
  | { readonly is: 'none' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'there'; readonly forecast: Forecast };

/** The forecast of an order as things stood when it was first asked for: afterwards it is held against what came. */
export function useForecast(order: Order): Foreseen {
  const app = useApp();
  const [foreseen, set] = useState<Foreseen>({ is: 'waiting' });
  useEffect(() => {
    let gone = false;
    whatIfOf(app)
      .forecast(order)
      .then(
        (forecast) => gone || set(forecast ? { is: 'there', forecast } : { is: 'none' }),
        (error: Error) => gone || set({ is: 'failed', why: error.message }),
      );
    return () => {
      gone = true;
    };
  }, []);
  return foreseen;
}

/** Before: who would move where, and what that means for those that receive them. */
export function Consequence({ foreseen }: { readonly foreseen: Foreseen }) {
  const { snapshot } = useShown();
  if (foreseen.is === 'none') return null;
  if (foreseen.is === 'waiting')
    return (
      <p class="dim" role="status">
        Predicting …
      </p>
    );
  if (foreseen.is === 'failed') return <p class="dim">Nothing is predicted: {foreseen.why}.</p>;
  const { forecast } = foreseen;
  const { before, after, moved } = forecast;
  if (moved < 0.0005) return <p>Predicted: nobody moves.</p>;
  return (
    <div class="consequence">
      <p>
        Predicted: <strong>{shareText(moved)}</strong> of all people move; nine of ten are within{' '}
        {rttText(after.all.rtt?.p90)} then, now {rttText(before.all.rtt?.p90)}.
        {after.unreached > before.unreached && (
          <span class="bad"> {shareText(after.unreached)} would reach no site.</span>
        )}
      </p>
      <Flows sums={forecast} />
      <Receivers forecast={forecast} snapshot={snapshot} />
    </div>
  );
}

/** The load of sites that would get more, where it is known what they can carry. */
function Receivers({ forecast, snapshot }: { readonly forecast: Forecast; readonly snapshot: Snapshot }) {
  const total = demandOf(snapshot);
  const rows = forecast.sites.flatMap((site, k) => {
    const capacity = snapshot.sites[site]?.capacity;
    const [was, is] = [forecast.before.sites[k]!.share, forecast.after.sites[k]!.share];
    if (capacity === undefined || total === 0 || is - was < 0.001) return [];
    return [{ site, capacity, was: (total * was) / capacity, is: (total * is) / capacity }];
  });
  if (rows.length === 0) return null;
  return (
    <ul class="flows small">
      {rows.map(({ site, capacity, was, is }) => (
        <li key={site} class={is > 1 ? 'bad' : undefined}>
          <SiteName site={site} /> would carry {shareText(is)} of {rateText(capacity)}, now {shareText(was)}
          {is > 1 ? ': more than it can' : ''}
        </li>
      ))}
    </ul>
  );
}

/** After: of the vantages, who lands where, predicted beside observed. It follows what is shown. */
export function Beside({ forecast }: { readonly forecast: Forecast }) {
  const { snapshot } = useShown();
  if (!forecast.vantages)
    return <p class="dim small">The graph does not know the networks of the clients.</p>;
  const { rows, agree, of } = comparison(snapshot, forecast.sites, forecast.vantages);
  return (
    <div class="beside">
      <p role="status">
        {agree} of {of} clients are where it was predicted.
      </p>
      <table>
        <caption class="unseen">People of the clients, predicted and observed</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Predicted</th>
            <th scope="col">Observed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.site ?? ''}>
              <th scope="row">
                <SiteName site={r.site} />
              </th>
              <td>{shareText(r.predicted)}</td>
              <td>{shareText(r.observed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
