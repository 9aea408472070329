/** How far back the page can look, and the way to more. */
import { useApp } from '../app.ts';
import { instantText } from '../data/format.ts';
import { MOST_KEPT } from '../store/past.ts';
import { useStore } from '../store/store.ts';

/** What one asks for at once. */
const MORE_MS = 6 * 3_600_000;

export function Older() {
  const { past, live } = useApp();
  const state = useStore(past.state);
  const oldest = useStore(past.oldest);
  const full = useStore(past.full);
  const first = useStore(live.history)?.timeline.first.at;
  if (first === undefined) return null;
  if (state.state === 'loading') return <span role="status">Loading what happened before …</span>;
  const more = () => void past.reach(first - MORE_MS);
  if (state.state === 'failed')
    return (
      <span>
        <span class="warn">Older events could not be loaded: {state.why}.</span>{' '}
        <button type="button" class="plain link" onClick={more}>
          Try again
        </button>
      </span>
    );
  if (full) return <span>The page keeps {MOST_KEPT.toLocaleString('en')} events and no more.</span>;
  if (oldest !== undefined && first <= oldest)
    return <span title={`Since ${instantText(oldest)}`}>Nothing older is kept.</span>;
  return (
    <button type="button" class="plain link" onClick={more}>
      Load older
    </button>
  );
}
