/** Who serves whom: every client with its network, its site and its round trip, searched and sorted; choosing one shows it on the map. */
import { useMemo } from 'preact/hooks';
import { useApp, useShown } from '../app.ts';
import { countText, many, rttText, shareText } from '../data/format.ts';
import { type Client, COLUMNS, type Column, clientsOf, matcher, sortedBy } from '../data/who.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { Choice } from '../ui/choice.tsx';
import { SiteName } from '../ui/state.tsx';
import { VirtualTable } from '../ui/virtual-table.tsx';
import { WhoNetworks } from './who-networks.tsx';
import './who.css';

const ROW = 32;

const HEADS: { readonly [C in Column]: string } = {
  place: 'Client',
  asn: 'Network',
  site: 'Lands at',
  rttMs: 'Round trip',
  users: 'People',
};

export function WhoPanel() {
  const app = useApp();
  const query = useStore(app.view, (v) => v.more['who.q'] ?? '');
  const networks = useStore(app.view, (v) => v.more['who']) === 'networks';
  return (
    <>
      <div class="filters">
        <input
          type="search"
          placeholder={networks ? 'AS number or site' : 'Prefix, address, AS, city or site'}
          aria-label="Clients to search for"
          value={query}
          onInput={(e) => app.keep('who.q', e.currentTarget.value)}
        />
        <Choice
          label="Who"
          value={networks ? 'networks' : 'clients'}
          options={[
            { value: 'clients', text: 'Clients', title: 'Observed: real clients of this network' },
            {
              value: 'networks',
              text: 'Networks',
              title: 'Predicted: client networks of the whole internet',
            },
          ]}
          onChoose={(value) => app.keep('who', value === 'clients' ? '' : value)}
        />
      </div>
      {networks ? <WhoNetworks query={query} /> : <Clients query={query} />}
    </>
  );
}

function Clients({ query }: { readonly query: string }) {
  const app = useApp();
  const { snapshot } = useShown();
  const sort = useStore(app.view, (v) => v.more['who.by'] ?? 'users-');
  const column = COLUMNS.find((c) => sort.startsWith(c)) ?? 'users';
  const down = sort.endsWith('-');
  const all = clientsOf(snapshot);
  const rows = useMemo(() => sortedBy(all.filter(matcher(query)), column, down), [all, query, column, down]);
  if (all.length === 0)
    return (
      <Blank title="No clients">
        <p>Nobody looks at this network from outside yet.</p>
      </Blank>
    );
  const people = rows.reduce((n, c) => n + c.users, 0);
  const everybody = all.reduce((n, c) => n + c.users, 0);
  return (
    <>
      <p class="dim small" role="status">
        {query.trim() === ''
          ? many(all.length, 'client')
          : `${many(rows.length, 'client')} of ${all.length}, ${shareText(people / Math.max(1, everybody))} of people`}
      </p>
      {rows.length === 0 ? (
        <Blank title="Nobody fits">
          <p>
            Search for a prefix (<code>127.81.0.0/16</code>), an address, an AS (<code>AS64711</code>, also on
            the way), a city, a country, a site, or <code>nowhere</code>.
          </p>
          <button type="button" onClick={() => app.keep('who.q', '')}>
            Show all
          </button>
        </Blank>
      ) : (
        <VirtualTable
          label="Clients"
          className="who"
          count={rows.length}
          rowHeight={ROW}
          onChoose={(i) => {
            const one = rows[i];
            if (one) app.select({ kind: 'client', id: one.id });
          }}
          head={COLUMNS.map((c) => (
            <th
              key={c}
              scope="col"
              aria-sort={c === column ? (down ? 'descending' : 'ascending') : 'none'}
              class={`c-${c}`}
            >
              <button
                type="button"
                class="plain head-button"
                onClick={() => app.keep('who.by', `${c}${c === column && !down ? '-' : ''}`)}
              >
                {HEADS[c]}
                {c === column ? (down ? ' ↓' : ' ↑') : ''}
              </button>
            </th>
          ))}
          name={(i) => <span title={rows[i]!.id}>{rows[i]!.place}</span>}
          cells={(i) => <Cells client={rows[i] as Client} />}
        />
      )}
    </>
  );
}

function Cells({ client: c }: { readonly client: Client }) {
  return (
    <>
      <td class="cut c-asn" title={c.as}>
        <code>AS{c.asn}</code>
      </td>
      <td>
        <SiteName site={c.site} />
      </td>
      <td class="right">{c.site === undefined ? '–' : rttText(c.rttMs)}</td>
      <td class="right dim c-users">{countText(c.users)}</td>
    </>
  );
}
