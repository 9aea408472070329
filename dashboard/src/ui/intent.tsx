/** The dialog of an order: what the guard thinks, who would move, who asks and why; then it is done, and what came of it is shown. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Answer, type Opinion, type Order, orderWords } from '../../../src/control/index.ts';
import { useApp, useShown } from '../app.ts';
import { EXPLAIN, HARMS } from '../data/orders.ts';
import { capital } from '../data/sentence.ts';
import { useStore } from '../store/store.ts';
import { Consequence, type Foreseen, useForecast } from '../whatif/consequence.tsx';
import { Afterwards, type GivenOrder } from './afterwards.tsx';
import { rememberedOwner, rememberOwner } from './owner.ts';
import { MoodIcon } from './state.tsx';
import { TokenForm } from './token-form.tsx';
import './orders.css';

export function Intent() {
  const app = useApp();
  const order = useStore(app.intent);
  const [given, setGiven] = useState<GivenOrder | undefined>(undefined);
  return (
    <>
      {given && <Afterwards key={given.answer.seq} given={given} onClose={() => setGiven(undefined)} />}
      {order && <Dialog key={JSON.stringify(order)} first={order} onGiven={setGiven} />}
    </>
  );
}

type Progress =
  | { readonly step: 'asked' }
  | { readonly step: 'sent' }
  | { readonly step: 'answered'; readonly answer: Answer }
  | { readonly step: 'failed'; readonly why: string };

interface Props {
  readonly first: Order;
  readonly onGiven: (given: GivenOrder) => void;
}

function Dialog({ first, onGiven }: Props) {
  const app = useApp();
  const mayAsk = useStore(app.api.mayAsk);
  const box = useRef<HTMLDialogElement>(null);
  const foreseen = useRef<Foreseen>({ is: 'waiting' });
  const [order, setOrder] = useState<Order>({ ...first, owner: rememberedOwner() ?? first.owner });
  const [progress, setProgress] = useState<Progress>({ step: 'asked' });
  useEffect(() => box.current?.showModal(), []);
  const close = () => box.current?.close();
  const words =
    order.do === 'heal' && order.what === undefined ? 'Heal everything' : capital(orderWords(order));
  const complete = order.owner.trim() !== '' && order.reason.trim() !== '';
  const send = async (event: Event) => {
    event.preventDefault();
    setProgress({ step: 'sent' });
    try {
      const answer = await app.api.request(order);
      rememberOwner(order.owner);
      app.say(`${orderWords(order)}: ${answer.outcome}. ${answer.say.join('. ')}`);
      if (answer.outcome !== 'done') return setProgress({ step: 'answered', answer });
      const { current } = foreseen;
      onGiven({ order, answer, forecast: current.is === 'there' ? current.forecast : undefined });
      close();
    } catch (error) {
      setProgress({ step: 'failed', why: (error as Error).message });
    }
  };
  return (
    <dialog
      ref={box}
      class="dialog"
      aria-labelledby="intent-title"
      aria-describedby="intent-what"
      onClose={() => app.intent.set(undefined)}
      // A click beside the dialog leaves it.
      onMouseDown={(e) => e.target === box.current && isOutside(e, e.currentTarget) && close()}
    >
      <h2 id="intent-title">{words}?</h2>
      <p id="intent-what" class="dim">
        {EXPLAIN[order.do]}
      </p>
      {mayAsk && <GuardSays key={`g ${keyOf(order)}`} order={order} />}
      <WhoMoves key={`w ${keyOf(order)}`} order={order} onForeseen={(f) => (foreseen.current = f)} />
      {progress.step === 'answered' && <Refusal answer={progress.answer} />}
      {progress.step === 'failed' && (
        <p class="bad" role="alert">
          {capital(progress.why)}.
        </p>
      )}
      {mayAsk ? (
        <form class="section" onSubmit={send}>
          <Fields order={order} onChange={setOrder} />
          <p class="right">
            <button type="button" onClick={close}>
              Leave it
            </button>{' '}
            <button
              type="submit"
              class={HARMS.has(order.do) ? 'main harm' : 'main'}
              disabled={!complete || progress.step === 'sent'}
            >
              {progress.step === 'sent' ? 'Asking …' : words}
            </button>
          </p>
        </form>
      ) : (
        <>
          <TokenForm />
          <p class="right">
            <button type="button" onClick={close}>
              Leave it
            </button>{' '}
            <button type="button" class="main" disabled>
              {words}
            </button>
          </p>
        </>
      )}
    </dialog>
  );
}

function WhoMoves({
  order,
  onForeseen,
}: {
  readonly order: Order;
  readonly onForeseen: (f: Foreseen) => void;
}) {
  const foreseen = useForecast(order);
  onForeseen(foreseen);
  return <Consequence foreseen={foreseen} />;
}

/** Asked anew for every other thing that is asked. */
function GuardSays({ order }: { readonly order: Order }) {
  const app = useApp();
  const [state, setState] = useState<
    | { readonly is: 'asking' }
    | { readonly is: 'said'; readonly answer: Answer }
    | { readonly is: 'failed'; readonly why: string }
  >({ is: 'asking' });
  useEffect(() => {
    let gone = false;
    // What is not filled in yet must not keep the guard from answering.
    const asked = {
      ...order,
      owner: order.owner.trim() || 'dashboard',
      reason: order.reason.trim() || 'considered',
    };
    app.api.request({ do: 'consider', order: asked }).then(
      (answer) => gone || setState({ is: 'said', answer }),
      (error: Error) => gone || setState({ is: 'failed', why: error.message }),
    );
    return () => {
      gone = true;
    };
  }, []);
  if (state.is === 'asking')
    return (
      <p class="dim" role="status">
        Asking the guard …
      </p>
    );
  if (state.is === 'failed') return <p class="warn">The guard could not be asked: {state.why}.</p>;
  const { opinion, say, nearest } = state.answer;
  if (!opinion)
    return (
      <p class="bad" role="alert">
        {capital(say.join('; '))}.{nearest && nearest.length > 0 && ` Did you mean ${nearest[0]}?`}
      </p>
    );
  return (
    <div class="guard-says" role="status">
      <MoodIcon mood={GUARD_MOOD[opinion.guard]} />
      <div>
        <p class={opinion.guard === 'refuses' ? 'bad' : opinion.guard === 'allows' ? 'ok' : 'dim'}>
          {GUARD_SAYS[opinion.guard]}
          {opinion.why.length > 0 && `: ${opinion.why.join('; ')}`}.
        </p>
        {opinion.guard === 'refuses' && order.do === 'drain' && (
          <p class="dim small">
            It may be asked all the same: the site becomes less preferred, and waits there until the guard
            lets it go.
          </p>
        )}
      </div>
    </div>
  );
}

const GUARD_MOOD = { allows: 'ok', refuses: 'bad', 'not asked': 'off' } as const;
const GUARD_SAYS: { readonly [G in Opinion['guard']]: string } = {
  allows: 'The guard allows it',
  refuses: 'The guard refuses',
  'not asked': 'The guard is not asked',
};

function Refusal({ answer }: { readonly answer: Answer }) {
  const { outcome, say, nearest } = answer;
  return (
    <div role="alert">
      <p class="bad">
        {
          {
            refused: 'It was refused',
            unknown: 'Not known',
            failed: 'It did not work',
            done: 'Done',
            considered: 'Considered',
          }[outcome]
        }
        {say.length > 0 && `: ${say.join('; ')}`}.
      </p>
      {nearest && nearest.length > 0 && <p>Did you mean {nearest.slice(0, 3).join(', ')}?</p>}
    </div>
  );
}

/** Who asks and why, and what an order needs besides. */
function Fields({ order, onChange }: { readonly order: Order; readonly onChange: (order: Order) => void }) {
  const { snapshot } = useShown();
  const site =
    'site' in order ? snapshot.sites[order.site] : order.do === 'cut' ? snapshot.sites[order.one] : undefined;
  return (
    <div class="fields">
      {order.do === 'fail' && (
        <>
          <label for="intent-service">Service</label>
          <select
            id="intent-service"
            value={order.service}
            onChange={(e) => onChange({ ...order, service: e.currentTarget.value })}
          >
            {Object.keys(site?.verdicts ?? {}).map((s) => (
              <option key={s} value={s}>
                {s}
              </option>
            ))}
          </select>
          <label for="intent-how">How</label>
          <select
            id="intent-how"
            value={order.how}
            onChange={(e) => onChange({ ...order, how: e.currentTarget.value as typeof order.how })}
          >
            <option value="refuse">nobody listens</option>
            <option value="hang">it listens and does not answer</option>
            <option value="wrong">it answers with an error</option>
          </select>
        </>
      )}
      {order.do === 'cut' && site && (
        <>
          <label for="intent-other">Cable to</label>
          <select
            id="intent-other"
            value={order.other ?? ''}
            onChange={({ currentTarget: { value } }) => {
              const { other: _, ...rest } = order;
              onChange(value === '' ? rest : { ...rest, other: value });
            }}
          >
            {Object.keys(site.upstreams).map((u) => (
              <option key={u} value={u}>
                {u}
              </option>
            ))}
            <option value="">every upstream</option>
          </select>
        </>
      )}
      {order.do === 'freeze' && (
        <>
          <label for="intent-seconds">For</label>
          <select
            id="intent-seconds"
            value={String(order.seconds ?? '')}
            onChange={({ currentTarget: { value } }) => {
              const { seconds: _, ...rest } = order;
              onChange(value === '' ? rest : { ...rest, seconds: Number(value) });
            }}
          >
            <option value="">as long as nobody unfreezes it</option>
            <option value="60">a minute</option>
            <option value="600">ten minutes</option>
            <option value="3600">an hour</option>
            <option value="86400">a day</option>
          </select>
        </>
      )}
      <label for="intent-owner">Who asks</label>
      <input
        id="intent-owner"
        value={order.owner}
        maxLength={120}
        required
        autocomplete="name"
        onInput={(e) => onChange({ ...order, owner: e.currentTarget.value })}
      />
      <label for="intent-reason">Why</label>
      <input
        id="intent-reason"
        value={order.reason}
        maxLength={500}
        required
        autocomplete="off"
        onInput={(e) => onChange({ ...order, reason: e.currentTarget.value })}
      />
    </div>
  );
}

/** What is asked, without who and why. */
function keyOf({ owner: _, reason: __, ...order }: Order): string {
  return JSON.stringify(order);
}

function isOutside({ clientX: x, clientY: y }: MouseEvent, box: Element): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}
