/** This page may only look: how to get leave to change something. */
import { useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { capital } from '../data/sentence.ts';

export function TokenForm() {
  const app = useApp();
  const [text, setText] = useState('');
  const [state, setState] = useState<{ readonly busy: boolean; readonly why?: string }>({ busy: false });
  const take = async (event: Event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await app.api.admit(text);
      app.say('This page may change things now');
    } catch (error) {
      setState({ busy: false, why: (error as Error).message });
    }
  };
  return (
    <form class="token" onSubmit={take}>
      <p class="warn">This page may only look.</p>
      <p>
        To change something open the address that <code>nearcast up</code> printed, with <code>#token=</code>{' '}
        in it, or paste it here.
      </p>
      <div class="token-line">
        <input
          type="password"
          autocomplete="off"
          aria-label="Token, or the address with it"
          placeholder="Token, or the address with it"
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
        <button type="submit" disabled={state.busy || text.trim() === ''}>
          {state.busy ? 'Trying …' : 'Use it'}
        </button>
      </div>
      {state.why && (
        <p class="bad" role="alert">
          {capital(state.why)}.
        </p>
      )}
    </form>
  );
}
