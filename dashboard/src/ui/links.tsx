/** A link to exactly what is shown, at the instant that is shown, and the same as JSON. */
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { useStore } from '../store/store.ts';
import { formatView } from '../store/view.ts';

/** How long it is said that it was copied. */
const SAID_MS = 2000;

export function Links() {
  const app = useApp();
  const ready = useStore(app.shown, (s) => s !== undefined);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(''), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  if (!ready) return null;
  const copy = async () => {
    const at = app.shown.get()?.at;
    const hash = formatView({ ...app.view.get(), ...(at === undefined ? {} : { at }) });
    const link = `${location.origin}${location.pathname}${hash}`;
    try {
      await navigator.clipboard.writeText(link);
      setSaid('Copied');
      app.say('The link was copied');
    } catch {
      // Some browsers keep the clipboard to themselves: the address bar has it then.
      location.hash = hash;
      setSaid('See the address');
    }
  };
  return (
    <>
      <button type="button" title="A link to exactly this, at this instant" onClick={copy}>
        {said || 'Copy link'}
      </button>
      <a class="wide-only" href="api/v1/snapshot" target="_blank" rel="noreferrer">
        JSON
      </a>
    </>
  );
}
