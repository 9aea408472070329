/** Said where something could be done, while an instant of the past is shown; and the way back. */
import { useApp } from '../app.ts';

export function PastNote() {
  const app = useApp();
  return (
    <section class="first">
      <p>This is the past. Nothing here can be changed.</p>
      <button type="button" class="main" onClick={() => app.look({ at: undefined })}>
        Back to now
      </button>
    </section>
  );
}
