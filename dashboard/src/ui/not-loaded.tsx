/** A part of the page that the server did not hand out: it may be away, or a newer one than when the page was opened. */
import { capital } from '../data/sentence.ts';
import { Blank } from './blank.tsx';

export function NotLoaded({ name, onRetry }: { readonly name: string; readonly onRetry: () => void }) {
  return (
    <Blank title={`${capital(name)} could not be loaded`}>
      <p>
        The server did not hand out a part of this page. If it is a newer one than when the page was opened,
        the page has to be loaded anew; you come back to this view.
      </p>
      <p class="orders">
        <button type="button" onClick={onRetry}>
          Try again
        </button>
        <button type="button" onClick={() => location.reload()}>
          Load the page anew
        </button>
      </p>
    </Blank>
  );
}
