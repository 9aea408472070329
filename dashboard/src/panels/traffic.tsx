/** Requests, round trips and people without a site, over the time of the slider. */
import { useMemo } from 'preact/hooks';
import { useApp, useShown } from '../app.ts';
import { clockText, countText, rttText, shareText } from '../data/format.ts';
import { sceneOf } from '../data/scene.ts';
import { spanOf, stretchOf } from '../data/span.ts';
import { columnsOf, trafficOf } from '../data/traffic.ts';
import { useStore } from '../store/store.ts';
import { Chart } from '../ui/chart.tsx';
import { Older } from '../ui/older.tsx';
import { SiteName, useSiteColour } from '../ui/state.tsx';
import { useClock } from '../ui/use-clock.ts';

export function TrafficPanel() {
  const app = useApp();
  const { snapshot } = useShown();
  const at = useStore(app.view, (v) => v.at);
  const span = spanOf(useStore(app.view, (v) => v.more['span']));
  const timeline = useStore(app.live.history)?.timeline;
  const theme = useStore(app.theme);
  const colour = useSiteColour();
  const known = Math.max(useClock(1000), timeline?.latest.at ?? 0);
  const stretch = stretchOf(span, known, at);
  const traffic = timeline && trafficOf(timeline);
  const columns = useMemo(
    () => traffic && columnsOf(traffic, stretch, known),
    [traffic?.samples.length, stretch.from, stretch.to],
  );
  const rates = useMemo(
    () =>
      (traffic?.sites ?? []).map((label, i) => ({
        label,
        colour: colour(label),
        values: columns?.rates[i] ?? [],
      })),
    [columns, theme],
  );
  const trips = useMemo(
    () => [{ label: 'mean round trip', colour: '--accent', values: columns?.rttMs ?? [] }],
    [columns, theme],
  );
  const lost = useMemo(
    () => [
      {
        label: 'people without a site',
        colour: '--bad',
        values: columns?.lost ?? [],
      },
    ],
    [columns, theme],
  );
  const { catchments } = sceneOf(snapshot);
  const asked = Object.values(snapshot.sites).reduce((n, s) => n + s.load.perSecond, 0);
  return (
    <>
      <header class="section">
        <h2>Requests and round trips</h2>
        <p class="dim small">
          {clockText(stretch.from)} to {clockText(stretch.to)} UTC, as the slider. <Older />
        </p>
      </header>
      <section class="section">
        <h3>Requests a second</h3>
        {asked === 0 && columns?.rates.every((r) => r.every((n) => n === 0)) && (
          <p class="dim">
            Nobody asks for anything in this time: send a request as a client, with the curl command that
            nearcast up prints.
          </p>
        )}
        <Chart
          label="Requests a second at each site"
          seconds={columns?.seconds ?? []}
          lines={rates}
          stretch={stretch}
          unit=""
        />
      </section>
      <section class="section">
        <h3>Mean round trip of all people</h3>
        <Chart
          label="Mean round trip of all people"
          seconds={columns?.seconds ?? []}
          lines={trips}
          stretch={stretch}
          unit=" ms"
        />
      </section>
      <section class="section">
        <h3>People whose packets end nowhere</h3>
        <Chart
          label="Part of the people without a site"
          seconds={columns?.seconds ?? []}
          lines={lost}
          stretch={stretch}
          unit=" %"
        />
      </section>
      <section class="section">
        <h3>At the instant that is shown</h3>
        <table>
          <caption class="unseen">Requests, people and round trips of each site</caption>
          <thead>
            <tr>
              <th scope="col">Site</th>
              <th scope="col">A second</th>
              <th scope="col">Since the start</th>
              <th scope="col">People</th>
              <th scope="col">Round trip</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(snapshot.sites).map(([name, { load }]) => (
              <tr key={name}>
                <th scope="row">
                  <button
                    type="button"
                    class="plain link"
                    onClick={() => app.select({ kind: 'site', id: name })}
                  >
                    <SiteName site={name} />
                  </button>
                </th>
                <td>{load.perSecond.toFixed(1)}</td>
                <td>{countText(load.asked)}</td>
                <td>{shareText(catchments.get(name)?.share ?? 0)}</td>
                <td>{rttText(catchments.get(name)?.rttMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
