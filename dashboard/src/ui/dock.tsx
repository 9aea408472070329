/** The strip under the map: where in time one is. */
import { useApp, useAt, useShown } from '../app.ts';
import { clockText } from '../data/format.ts';

export function Dock() {
  const app = useApp();
  const { live } = useShown();
  const at = useAt();
  return (
    <div class="dock-line">
      {live ? (
        <span class="dim">Now</span>
      ) : (
        <button type="button" onClick={() => app.look({ at: undefined })}>
          Back to now
        </button>
      )}
      <time class="mono" dateTime={new Date(at).toISOString()}>
        {clockText(at)} UTC
      </time>
    </div>
  );
}
