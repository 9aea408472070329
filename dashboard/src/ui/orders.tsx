/** What can be asked of one site, as buttons; each opens the dialog that says first what would come of it. */
import { useApp, useShown } from '../app.ts';
import { EXPLAIN, HARMS, orderFor, TITLES, verbsFor } from '../data/orders.ts';
import './orders.css';

interface Props {
  readonly name: string;
  /** Says beside each what it does. */
  readonly explain?: boolean;
}

/** Orders to come from here until the dialog knows better. */
export const BY = { owner: 'dashboard', reason: 'asked on the page' };

export function SiteOrders({ name, explain = false }: Props) {
  const app = useApp();
  const { snapshot, live } = useShown();
  const site = Object.hasOwn(snapshot.sites, name) ? snapshot.sites[name] : undefined;
  if (!site) return null;
  const broken = Object.values(snapshot.faults).some((f) =>
    f.fault === 'link' ? f.ends.includes(name) : 'site' in f && f.site === name,
  );
  const verbs = verbsFor(site, broken);
  const buttons = verbs.flatMap((verb) => {
    const order = orderFor(verb, name, site, BY);
    if (!order) return [];
    return [
      {
        verb,
        button: (
          <button
            key={verb}
            type="button"
            class={HARMS.has(verb) ? 'danger' : ''}
            title={live ? EXPLAIN[verb] : 'The past cannot be changed'}
            disabled={!live}
            onClick={() => app.intent.set(order)}
          >
            {TITLES[verb]}
          </button>
        ),
      },
    ];
  });
  if (!explain)
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in a line everywhere
      <div class="orders" role="group" aria-label={`What to do with ${name}`}>
        {buttons.map((b) => b.button)}
      </div>
    );
  return (
    <ul class="explained">
      {buttons.map(({ verb, button }) => (
        <li key={verb}>
          {button}
          <span class="dim">{EXPLAIN[verb]}</span>
        </li>
      ))}
    </ul>
  );
}
