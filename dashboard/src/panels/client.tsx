/** One client: where it lands, the way there network by network, and why at each step. */
import type { Internet, Landing } from '../../../src/control/index.ts';
import { useApp, useAt, useShown } from '../app.ts';
import { countText, instantText, many, rttText, spanText } from '../data/format.ts';
import { placeText } from '../data/scene.ts';
import { Blank } from '../ui/blank.tsx';
import { SiteName, useSiteColour } from '../ui/state.tsx';

export function ClientDetail({ id }: { readonly id: string }) {
  const app = useApp();
  const { snapshot } = useShown();
  const at = useAt();
  const vantage = Object.hasOwn(snapshot.vantages, id) ? snapshot.vantages[id] : undefined;
  if (!vantage)
    return (
      <Blank title={`No client ${id} here`}>
        <p>The link that led here is of another network, or of another time.</p>
      </Blank>
    );
  const { landing, requests } = vantage;
  const { site, upstream } = landing;
  return (
    <>
      <header class="section">
        <h2>{placeText(vantage)}</h2>
        <p class="dim">
          <code>{id}</code> · people: {countText(vantage.users)} · home network{' '}
          <Network asn={vantage.asn} internet={snapshot.internet} />
        </p>
      </header>
      <section class="section">
        <h3>Lands at</h3>
        {site === undefined ? (
          <p class="bad">Nowhere{landing.lost ? `: ${landing.lost}` : ''}.</p>
        ) : (
          <p>
            <button type="button" onClick={() => app.select({ kind: 'site', id: site })}>
              <SiteName site={site} />
            </button>{' '}
            {rttText(landing.rttMs)} there and back
            {upstream ? `, through ${upstream}` : ''}
          </p>
        )}
        <p class="dim small">
          The same way since {instantText(landing.at)}, {spanText(at - landing.at)}.
        </p>
      </section>
      <Way landing={landing} internet={snapshot.internet} />
      <section class="section">
        <h3>Asked</h3>
        <p>
          {countText(requests.served)} served
          {requests.failed > 0 && <span class="bad">, {countText(requests.failed)} failed</span>}
          {requests.lost > 0 && <span class="bad">, {countText(requests.lost)} lost</span>}
        </p>
        <p class="dim small">
          Be this client: add <code>--interface {id}</code> to the curl command that nearcast up prints.
        </p>
      </section>
    </>
  );
}

function Network({ asn, internet }: { readonly asn: number; readonly internet: Internet }) {
  return (
    <>
      <code>AS{asn}</code> {internet.ases[String(asn)]?.name ?? ''}
    </>
  );
}

/** Routers of one network that follow each other are one step, with what each of them says. */
function Way({ landing, internet }: { readonly landing: Landing; readonly internet: Internet }) {
  const colour = useSiteColour();
  const { hops, path, site } = landing;
  const steps = hops.reduce<(typeof hops)[]>((all, hop) => {
    const last = all.at(-1);
    if (last?.[0]?.asn === hop.asn) last.push(hop);
    else all.push([hop]);
    return all;
  }, []);
  return (
    <section class="section">
      <h3>The way, and why</h3>
      <p class="dim small">
        AS path <code>{path.join(' ')}</code> · {many(hops.length, 'router')}
      </p>
      <ol class="way" style={{ '--tone': colour(site) }}>
        {steps.map((hopsHere, i) => {
          const [first] = hopsHere;
          const { asn: as, as: name } = first!;
          const tier = internet.ases[String(as)]?.tier;
          return (
            <li key={`${as} ${i}`}>
              <p>
                <strong>{name || `AS${as}`}</strong> <code class="dim">AS{as}</code>{' '}
                {tier && <span class="dim small">{tier}</span>}
              </p>
              {hopsHere.map((hop) => (
                <p key={hop.router} class="small">
                  <span class="dim">
                    {internet.ases[String(as)]?.routers[hop.router]?.name ?? hop.router}
                  </span>
                  {hop.why ? `: ${hop.why}` : ''}
                </p>
              ))}
            </li>
          );
        })}
        <li class="end">
          {site === undefined ? (
            <p class="bad">lost{landing.lost ? `: ${landing.lost}` : ''}</p>
          ) : (
            <p>
              <strong>{site}</strong> <span class="dim small">answers</span>
            </p>
          )}
        </li>
      </ol>
    </section>
  );
}
