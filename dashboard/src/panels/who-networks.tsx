/** Client networks of the whole internet, by the prediction: where each would land, and how sure that is. */
import { useEffect, useMemo } from 'preact/hooks';
import { useApp } from '../app.ts';
import { countText, many } from '../data/format.ts';
import { networkRows } from '../data/who-networks.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { SiteName } from '../ui/state.tsx';
import { VirtualTable } from '../ui/virtual-table.tsx';
import { whatIfOf } from '../whatif/what-if.ts';

const ROW = 32;

export function WhoNetworks({ query }: { readonly query: string }) {
  const app = useApp();
  const whatIf = whatIfOf(app);
  const stage = useStore(whatIf.stage);
  const colours = useStore(whatIf.colours);
  const internet = useStore(app.shown, (s) => s?.snapshot.internet);
  useEffect(() => whatIf.need(), []);
  const points = stage.is === 'ready' ? stage.opened.points : undefined;
  const rows = useMemo(
    () => (points && colours ? networkRows(points, colours, query) : []),
    [points, colours, query],
  );
  if (stage.is === 'failed')
    return (
      <Blank title="Nothing can be predicted here">
        <p>{stage.why}.</p>
        <button type="button" onClick={() => whatIf.retry()}>
          Try again
        </button>
      </Blank>
    );
  if (!points || !colours) return <Blank wait title="Predicting where every network lands" />;
  return (
    <>
      <p class="dim small" role="status">
        {many(rows.length, 'network')}, predicted; the largest first
      </p>
      {rows.length === 0 ? (
        <Blank title="No network fits">
          <p>Search for an AS number, a site, “undecided” or “nowhere”.</p>
        </Blank>
      ) : (
        <VirtualTable
          label="Networks"
          className="who networks"
          count={rows.length}
          rowHeight={ROW}
          onChoose={(i) => {
            const one = rows[i];
            if (one) app.select({ kind: 'network', id: String(one.asn) });
          }}
          head={
            <>
              <th scope="col">Network</th>
              <th scope="col">Would land at</th>
              <th scope="col">How sure</th>
              <th scope="col" class="right">
                People
              </th>
            </>
          }
          name={(i) => (
            <>
              <code>AS{rows[i]!.asn}</code>{' '}
              <span class="dim small">{internet?.ases[String(rows[i]!.asn)]?.name ?? ''}</span>
            </>
          )}
          cells={(i) => {
            const { site, sure, weight } = rows[i]!;
            return (
              <>
                <td>
                  <SiteName site={site} />
                </td>
                <td class={sure ? 'dim' : 'warn'}>
                  {site === undefined ? '' : sure ? 'certain' : 'undecided'}
                </td>
                <td class="right dim">{countText(weight)}</td>
              </>
            );
          }}
        />
      )}
    </>
  );
}
