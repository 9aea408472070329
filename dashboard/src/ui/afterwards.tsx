/** What came of an order: the answer, who moved since, and what was predicted beside what is observed. It goes on as things happen. */
import { type Answer, type Order, orderWords } from '../../../src/control/index.ts';
import { useApp, useShown } from '../app.ts';
import { spanText } from '../data/format.ts';
import { capital, movesText } from '../data/sentence.ts';
import { useStore } from '../store/store.ts';
import { Beside } from '../whatif/consequence.tsx';
import type { Forecast } from '../whatif/what-if.ts';
import { MoodIcon } from './state.tsx';
import { useClock } from './use-clock.ts';

export interface GivenOrder {
  readonly order: Order;
  readonly answer: Answer;
  readonly forecast: Forecast | undefined;
}

/** Moves so long after an order are counted to it. */
const LATEST_MS = 180_000;
/** Events that are looked through. */
const MOST = 5000;

export function Afterwards({ given, onClose }: { readonly given: GivenOrder; readonly onClose: () => void }) {
  const app = useApp();
  const { live } = useShown();
  const { order, answer, forecast } = given;
  const timeline = useStore(app.live.history)?.timeline;
  const now = useClock(1000);
  // The answer is given when it is done: what it moved may have happened a moment before.
  const since = answer.at - 2000;
  const happened = timeline?.between(since, answer.at + LATEST_MS, MOST) ?? [];
  const moves = movesText(happened);
  return (
    <section class="after" aria-label="What came of it">
      <header>
        <h2 class="state">
          <MoodIcon mood="ok" />
          {capital(orderWords(order))}: done
        </h2>
        <button type="button" class="plain" aria-label="Close" title="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      <p class="dim small">
        {answer.say.length > 0 && `${capital(answer.say.join('; '))}. `}
        {spanText(now - answer.at)} ago, by {order.owner}: {order.reason}
      </p>
      {moves.length > 0 ? (
        <ul>
          {moves.map((m) => (
            <li key={m}>{m}</li>
          ))}
        </ul>
      ) : (
        <p class="dim">No client has moved yet.</p>
      )}
      {forecast && <Beside forecast={forecast} />}
      <p class="orders">
        <button type="button" onClick={() => app.look({ at: since })}>
          Look at it as it was before
        </button>
        {!live && (
          <button type="button" onClick={() => app.look({ at: undefined })}>
            Back to now
          </button>
        )}
      </p>
    </section>
  );
}
