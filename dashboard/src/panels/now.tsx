/** What one sees first: what to do, the sites with their state and their part of the people, and what just happened. */
import { useApp, useAt, useShown } from '../app.ts';
import { countUntil, usualOf } from '../data/chronicle.ts';
import { clockText, many, rttText, shareText, spanText } from '../data/format.ts';
import { news } from '../data/news.ts';
import { placeText, sceneOf } from '../data/scene.ts';
import { useStore } from '../store/store.ts';
import { About } from '../ui/about.tsx';
import { FirstStep } from '../ui/first-step.tsx';
import { State, useSiteColour } from '../ui/state.tsx';

/** Sentences that are shown here; the rest is in the timeline. */
const NEWS = 12;
/** Older than this is no news. */
const NEWS_MS = 600_000;

export function Now() {
  return (
    <>
      <FirstStep />
      <About />
      <Sites />
      <Nowhere />
      <News />
    </>
  );
}

function Sites() {
  const app = useApp();
  const { snapshot } = useShown();
  const at = useAt();
  const selected = useStore(app.view, (v) => v.selected);
  const scene = sceneOf(snapshot);
  const colour = useSiteColour();
  return (
    <section class="section">
      <h2 class="label">Sites</h2>
      <ul class="list">
        {scene.sites.map((name) => {
          const look = scene.looks.get(name)!;
          const catchment = scene.catchments.get(name)!;
          return (
            <li key={name}>
              <button
                type="button"
                class="row site-row"
                aria-current={selected?.kind === 'site' && selected.id === name}
                onClick={() => app.select({ kind: 'site', id: name })}
              >
                <span class="state">
                  <span class="dot" style={{ '--tone': colour(name) }} />
                  <strong>{name}</strong>
                  <span class="dim cut">{placeText(snapshot.sites[name]!)}</span>
                </span>
                <State look={look} />
                <span class="meter" style={{ '--tone': colour(name) }} aria-hidden="true">
                  <span style={{ width: `${100 * catchment.share}%` }} />
                </span>
                <span class="small dim">
                  {shareText(catchment.share)} of people · {many(catchment.vantages.length, 'client')} ·{' '}
                  {rttText(catchment.rttMs)} · since {spanText(at - look.since)}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Clients without a way: the list is the only place where each of them can be reached without a pointer. */
function Nowhere() {
  const app = useApp();
  const { snapshot } = useShown();
  const { lost } = sceneOf(snapshot);
  if (lost.length === 0) return null;
  return (
    <details class="section" open={lost.length <= 5}>
      <summary class="bad">{many(lost.length, 'client')} reach no site</summary>
      <ul class="list">
        {lost.map((address) => (
          <li key={address}>
            <button type="button" class="row" onClick={() => app.select({ kind: 'client', id: address })}>
              <span>
                {placeText(snapshot.vantages[address]!)} <code class="dim">{address}</code>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function News() {
  const history = useStore(useApp().live.history);
  const { snapshot } = useShown();
  const at = useAt();
  const rows = history ? usualOf(history.timeline) : [];
  const happened = rows.slice(countUntil(rows, at - NEWS_MS), countUntil(rows, at));
  const said = news(
    happened.filter((row) => row.kind !== 'gap'),
    snapshot,
    NEWS,
  );
  return (
    <section class="section">
      <h2 class="label">What just happened</h2>
      {said.length === 0 ? (
        <p class="dim">Nothing in the last ten minutes.</p>
      ) : (
        <ol class="news">
          {said.map((s) => (
            <li key={s.seq}>
              <time class="dim mono" dateTime={new Date(s.at).toISOString()}>
                {clockText(s.at)}
              </time>
              <span>{s.text}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
