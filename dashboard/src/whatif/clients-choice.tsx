/** The choice which clients are on the map, and what their colours mean. */
import { useApp } from '../app.ts';
import { countText } from '../data/format.ts';
import { useStore } from '../store/store.ts';
import { Choice } from '../ui/choice.tsx';
import './whatif.css';
import { isNothing } from './change.ts';
import { SHOWN_CLIENTS, shownClients } from './shown-clients.ts';
import { whatIfOf } from './what-if.ts';

const TITLES = {
  observed: 'Clients in the largest city of each country, where their packets really go',
  predicted: 'Client networks, where the predictor says they go',
  off: 'No clients',
} as const;

export function ClientsChoice() {
  const app = useApp();
  const shown = useStore(app.view, shownClients);
  return (
    <Choice
      label="Clients"
      value={shown}
      options={SHOWN_CLIENTS.map((value) => ({
        value,
        text: `${value[0]?.toUpperCase()}${value.slice(1)}`,
        title: TITLES[value],
      }))}
      onChoose={(value) => app.keep('clients', value)}
    />
  );
}

export function ClientsLegend() {
  const app = useApp();
  const shown = useStore(app.view, shownClients);
  return shown === 'predicted' ? <Legend /> : null;
}

function Legend() {
  const whatIf = whatIfOf(useApp());
  const stage = useStore(whatIf.stage);
  const change = useStore(whatIf.change);
  const prefix = useStore(whatIf.prefix);
  return (
    <div class="legend small" role="note">
      {stage.is === 'ready' ? (
        <p>
          <strong>{isNothing(change) ? 'Predicted' : 'Predicted, what if'}:</strong>{' '}
          {countText(stage.opened.networks)} client networks around their cities, each in the colour of the
          site it lands at when it sends to {prefix}. Paler: undecided, in the colour of one of its sites, the
          likelier the more of them.
        </p>
      ) : stage.is === 'failed' ? (
        <p class="bad">
          Nothing can be predicted: {stage.why}.{' '}
          <button type="button" class="plain" onClick={() => whatIf.retry()}>
            Try again
          </button>
        </p>
      ) : (
        <p role="status">Fetching the networks …</p>
      )}
    </div>
  );
}
