/** One client network of the prediction: where it would land, AS by AS and why, and what would move it. */
import { useEffect, useState } from 'preact/hooks';
import type { Explanation, Hop, Way } from '../../../src/predict/index.ts';
import { useApp, useShown } from '../app.ts';
import { countText, rttText, shareText } from '../data/format.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { SiteName, useSiteColour } from '../ui/state.tsx';
import type { Answers } from './protocol.ts';
import { whatIfOf } from './what-if.ts';

const MOST_MOVES = 8;
/** Numbers for private use from here on (RFC 6996): nobody on the internet has them. */
const FIRST_PRIVATE = 4_200_000_000;

type Got<T> =
  | { readonly is: 'waiting' }
  | { readonly is: 'there'; readonly it: T }
  | { readonly is: 'failed'; readonly why: string };

export default function NetworkDetail() {
  const app = useApp();
  const id = useStore(app.view, (v) => v.selected?.id ?? '');
  const asn = /^\d{1,10}$/.test(id) ? Number(id) : -1;
  const whatIf = whatIfOf(app);
  // The colours change whenever what is asked changes.
  const colours = useStore(whatIf.colours);
  const [got, setGot] = useState<Got<Answers['why']>>({ is: 'waiting' });
  useEffect(() => {
    let gone = false;
    whatIf.why(asn).then(
      (it) => gone || setGot({ is: 'there', it }),
      (error: Error) => gone || setGot({ is: 'failed', why: error.message }),
    );
    return () => {
      gone = true;
    };
  }, [asn, colours]);
  if (got.is === 'waiting') return <Blank wait title={`Asking about AS${id}`} />;
  if (got.is === 'failed')
    return (
      <Blank title="Nothing can be predicted at the moment">
        <p>{got.why}.</p>
        <button type="button" onClick={() => whatIf.retry()}>
          Try again
        </button>
      </Blank>
    );
  if (!got.it || got.it.answer.asn !== asn)
    return (
      <Blank title={`No network AS${id} here`}>
        <p>The graph that is predicted with does not know it.</p>
      </Blank>
    );
  const { answer, explanation } = got.it;
  const place = answer.cities[0]?.place;
  const where = place ? `${place.name}${place.cc ? `, ${place.cc}` : ''}` : answer.cc;
  return (
    <>
      <header class="section">
        <h2>{answer.name || `A network in ${where || 'an unknown place'}`}</h2>
        <p class="dim">
          <code>AS{asn}</code>
          {where ? ` · ${where}` : ''} · people: {countText(answer.weight)}
        </p>
        {asn >= FIRST_PRIVATE && answer.name === '' && (
          <p class="dim small">
            This network is made up, to stand for the many that the real internet has here.
          </p>
        )}
      </header>
      <section class="section">
        <h3>Would land at</h3>
        {answer.parts.length === 0 ? (
          <p class="bad">No site: it has no route.</p>
        ) : (
          <ul class="flows">
            {answer.parts.map((p) => (
              <li key={p.site}>
                <SiteName site={p.site} /> {answer.certain ? 'for certain' : shareText(p.part)}
              </li>
            ))}
          </ul>
        )}
        {answer.cities[0]?.rttMs !== undefined && (
          <p class="dim small">
            {rttText(answer.cities[0].rttMs)} there and back, by distance
            {answer.cities[0].nearest ? `; the nearest site is ${answer.cities[0].nearest.site}` : ''}
          </p>
        )}
      </section>
      {explanation && <Steps explanation={explanation} />}
      <Moves key={asn} asn={asn} />
    </>
  );
}

function Steps({ explanation }: { readonly explanation: Explanation }) {
  const colour = useSiteColour();
  const { internet } = useShown().snapshot;
  const nameOf = (asn: number, name: string) => name || internet.ases[String(asn)]?.name || '';
  return (
    <section class="section">
      <h3>The way, and why</h3>
      <ol class="way" style={{ '--tone': colour(explanation.site) }}>
        {explanation.hops.map((hop) => (
          <li key={hop.asn}>
            <p>
              <strong>{nameOf(hop.asn, hop.name) || 'This network'}</strong>{' '}
              <code class="dim">AS{hop.asn}</code>{' '}
              {hop.place && <span class="dim small">{hop.place.name}</span>}
            </p>
            <p class="small">{whyText(hop)}</p>
          </li>
        ))}
        <li class="end">
          <p>
            <strong>{explanation.site}</strong> <span class="dim small">would answer</span>
          </p>
        </li>
      </ol>
    </section>
  );
}

/** What one network decides, in a sentence. */
export function whyText({ chosen, equal, by, runnerUp }: Hop): string {
  const to = wayText(chosen);
  if (equal.length > 0) return `undecided between ${[to, ...equal.map(wayText)].join(' and ')}`;
  if (!runnerUp || by === undefined) return `to ${to}: there is no other way`;
  const over = wayText(runnerUp);
  switch (by) {
    case 'local preference':
      return `to ${to}, which it is said to prefer, and not to ${over}`;
    case 'relationship':
      return `to ${to}, because a ${chosen.relation ?? 'route of its own'} comes before a ${runnerUp.relation ?? 'neighbour'}; not to ${over}`;
    case 'path length':
      return `to ${to}, because the path is shorter: ${chosen.length} against ${runnerUp.length} by ${over}`;
    case 'nearest exit':
      return `to ${to}, because that exit is nearer: ${kmText(chosen)} against ${kmText(runnerUp)} to ${over}`;
  }
}

function wayText({ via, site, relation }: Way): string {
  if (via === undefined) return `the site ${site} itself`;
  return relation === undefined ? `AS${via}` : `its ${relation} AS${via}`;
}

function kmText({ km }: Way): string {
  return km === undefined ? 'an unknown distance' : `${km} km`;
}

function Moves({ asn }: { readonly asn: number }) {
  const whatIf = whatIfOf(useApp());
  const [got, setGot] = useState<Got<Answers['movers']> | undefined>(undefined);
  const ask = () => {
    setGot({ is: 'waiting' });
    whatIf.movers(asn).then(
      (it) => setGot({ is: 'there', it }),
      (error: Error) => setGot({ is: 'failed', why: error.message }),
    );
  };
  return (
    <section class="section">
      <h3>What would move it</h3>
      {got === undefined && (
        <p>
          <button type="button" onClick={ask}>
            Try every single change
          </button>
        </p>
      )}
      {got?.is === 'waiting' && (
        <p class="dim" role="status">
          Trying every site and every prepend …
        </p>
      )}
      {got?.is === 'failed' && <p class="bad">{got.why}.</p>}
      {got?.is === 'there' && (got.it?.length ?? 0) === 0 && (
        <p>No single change moves it to another site.</p>
      )}
      {got?.is === 'there' && got.it && got.it.length > 0 && (
        <ul class="flows">
          {got.it.slice(0, MOST_MOVES).map((m) => (
            <li key={m.text}>
              {m.text}: to <SiteName site={m.parts[0]?.site} />{' '}
              <span class="dim small">and {shareText(m.others)} of all people move with it</span>
            </li>
          ))}
          {got.it.length > MOST_MOVES && <li class="dim small">and {got.it.length - MOST_MOVES} more</li>}
        </ul>
      )}
    </section>
  );
}
