/** The dialog of an order: what is about to be asked, its answer, and what the guard thinks of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Answer, type Order, orderWords } from '../../../src/control/index.ts';
import { useApp } from '../app.ts';
import { capital } from '../data/sentence.ts';
import { useStore } from '../store/store.ts';

export function Intent() {
  const order = useStore(useApp().intent);
  return order ? <Dialog key={JSON.stringify(order)} order={order} /> : null;
}

type Progress =
  | { readonly step: 'asked' }
  | { readonly step: 'sent' }
  | { readonly step: 'answered'; readonly answer: Answer }
  | { readonly step: 'failed'; readonly why: string };

function Dialog({ order }: { readonly order: Order }) {
  const app = useApp();
  const box = useRef<HTMLDialogElement>(null);
  const [progress, setProgress] = useState<Progress>({ step: 'asked' });
  const [opinion, setOpinion] = useState<Answer | undefined>(undefined);
  useEffect(() => {
    box.current?.showModal();
    if (!app.api.mayAsk) return;
    app.api.request({ do: 'consider', order }).then(setOpinion, () => {});
  }, []);
  const close = () => app.intent.set(undefined);
  const send = async () => {
    setProgress({ step: 'sent' });
    try {
      const answer = await app.api.request(order);
      app.say(`${orderWords(order)}: ${answer.outcome}`);
      if (answer.outcome === 'done') close();
      else setProgress({ step: 'answered', answer });
    } catch (error) {
      setProgress({ step: 'failed', why: (error as Error).message });
    }
  };
  return (
    <dialog ref={box} class="dialog" aria-labelledby="intent-title" onClose={close}>
      <h2 id="intent-title">{capital(orderWords(order))}?</h2>
      {!app.api.mayAsk && (
        <p class="warn">
          This page may only look: open it by the address that <code>nearcast up</code> printed, which carries
          the key.
        </p>
      )}
      {opinion?.opinion && (
        <p>
          The guard {opinion.opinion.guard === 'not asked' ? 'is not asked' : opinion.opinion.guard}
          {opinion.opinion.why.length > 0 ? `: ${opinion.opinion.why.join('; ')}` : ''}.
        </p>
      )}
      {progress.step === 'answered' && (
        <p class="bad">
          {progress.answer.outcome}: {progress.answer.say.join('; ')}
        </p>
      )}
      {progress.step === 'failed' && <p class="bad">{progress.why}</p>}
      <p class="right">
        <button type="button" onClick={close}>
          Leave it
        </button>{' '}
        <button
          type="button"
          class="main"
          disabled={!app.api.mayAsk || progress.step === 'sent'}
          onClick={send}
        >
          {progress.step === 'sent' ? 'Asking …' : capital(orderWords(order))}
        </button>
      </p>
    </dialog>
  );
}
