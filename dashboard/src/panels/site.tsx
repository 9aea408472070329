/** One site: what it announces and why, its services, sessions and guard, who lands there and how far they are. */
import type { ComponentChildren } from 'preact';
import type { Site, Snapshot } from '../../../src/control/index.ts';
import { useApp, useAt, useShown } from '../app.ts';
import { countText, many, rateText, rttText, shareText, spanText } from '../data/format.ts';
import { type Mood, placeText, quantile, roundTrips, sceneOf } from '../data/scene.ts';
import { Blank } from '../ui/blank.tsx';
import { SiteOrders } from '../ui/orders.tsx';
import { RoundTrips } from '../ui/round-trips.tsx';
import { MoodIcon, State, useSiteColour } from '../ui/state.tsx';

/** Clients that are listed at once. */
const SOME = 12;

export function SiteDetail({ name }: { readonly name: string }) {
  const { snapshot, live } = useShown();
  const at = useAt();
  const colour = useSiteColour();
  const site = Object.hasOwn(snapshot.sites, name) ? snapshot.sites[name] : undefined;
  if (!site)
    return (
      <Blank title={`No site ${name} here`}>
        <p>The link that led here is of another network, or of another time.</p>
      </Blank>
    );
  const look = sceneOf(snapshot).looks.get(name)!;
  return (
    <>
      <header class="section">
        <h2 class="state">
          <span class="dot" style={{ '--tone': colour(name) }} />
          {name} <span class="dim">{placeText(site)}</span>
        </h2>
        <p>
          <State look={look} /> <span class="dim">since {spanText(at - look.since)}</span>
        </p>
        <Why why={look.why} />
        {site.frozen && (
          <p class="warn">
            Frozen by {site.frozen.owner}: {site.frozen.reason}
          </p>
        )}
      </header>
      {live && <SiteOrders name={name} />}
      <Catchment name={name} snapshot={snapshot} tone={colour(name)} />
      <Sessions site={site} at={at} />
      <Verdicts site={site} at={at} />
      <Guard name={name} site={site} snapshot={snapshot} at={at} />
    </>
  );
}

/** From the nearest cause back to the first. */
function Why({ why }: { readonly why: readonly string[] }) {
  if (why.length === 0) return null;
  return (
    <ul class="why">
      {why.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}

function Catchment({
  name,
  snapshot,
  tone,
}: {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly tone: string;
}) {
  const app = useApp();
  const { vantages, share, rttMs } = sceneOf(snapshot).catchments.get(name)!;
  const { capacity, load } = snapshot.sites[name]!;
  const all = Object.values(snapshot.sites);
  const total = all.reduce((sum, s) => sum + (s.capacity ?? 0), 0);
  // Shares can only be compared where every site says how much it takes.
  const part =
    capacity !== undefined && all.every((s) => s.capacity !== undefined) ? capacity / total : undefined;
  const trips = roundTrips(snapshot, vantages);
  const byUsers = [...vantages].sort((a, b) => snapshot.vantages[b]!.users - snapshot.vantages[a]!.users);
  const clients = (addresses: readonly string[]) => (
    <ul class="list">
      {addresses.map((address) => {
        const v = snapshot.vantages[address]!;
        return (
          <li key={address}>
            <button
              type="button"
              class="row client-row"
              onClick={() => app.select({ kind: 'client', id: address })}
            >
              <span class="cut">{placeText(v)}</span>
              <code class="dim">AS{v.asn}</code>
              <span class="right">{rttText(v.landing.rttMs)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
  return (
    <>
      <section class="section">
        <h3>Load against capacity</h3>
        <Bar label="people" share={share} tone={tone} text={`${shareText(share)} of all`} />
        {part !== undefined && (
          <Bar label="capacity" share={part} tone="var(--dim)" text={`${shareText(part)} of all`} />
        )}
        <p class={part !== undefined && share > part * 1.2 ? 'warn small' : 'dim small'}>
          {capacity === undefined
            ? 'The plan gives this site no capacity.'
            : `${rateText(capacity)} of capacity${
                part !== undefined && part > 0 && share > part * 1.2
                  ? `: its people are ${(share / part).toFixed(1)} times its part of the capacity`
                  : ''
              }.`}{' '}
          {countText(load.asked)} asked since the start, {load.perSecond.toFixed(1)} a second now.
        </p>
      </section>
      <section class="section">
        <h3>Who lands here</h3>
        {vantages.length === 0 ? (
          <p class="dim">Nobody.</p>
        ) : (
          <>
            <p>
              {many(vantages.length, 'client')}; mean {rttText(rttMs)}, half within{' '}
              {rttText(quantile(trips, 0.5))}, 90 % within {rttText(quantile(trips, 0.9))}
            </p>
            <RoundTrips trips={trips} tone={tone} />
            {clients(byUsers.slice(0, SOME))}
            {byUsers.length > SOME && (
              <details>
                <summary>{many(byUsers.length - SOME, 'more client')}</summary>
                {clients(byUsers.slice(SOME))}
              </details>
            )}
          </>
        )}
      </section>
    </>
  );
}

function Bar({
  label,
  share,
  tone,
  text,
}: {
  readonly label: string;
  readonly share: number;
  readonly tone: string;
  readonly text: string;
}) {
  return (
    <div class="bar-row">
      <span class="dim">{label}</span>
      <span class="meter" style={{ '--tone': tone }} aria-hidden="true">
        <span style={{ width: `${Math.min(100, 100 * share)}%` }} />
      </span>
      <span class="right">{text}</span>
    </div>
  );
}

function Sessions({ site, at }: { readonly site: Site; readonly at: number }) {
  return (
    <section class="section">
      <h3>Sessions</h3>
      {Object.entries(site.upstreams).map(([name, { asn, role, address, session, announcements }]) => (
        <div key={name} class="session">
          <p class="spread">
            <Word mood={sessionMood(session.state)} text={session.state} />
            <strong>{name}</strong>
            <code class="dim">
              AS{asn} {address}
            </code>
            <span class="dim small">
              {role}, since {spanText(at - (session.since ?? session.at))}
            </span>
          </p>
          {session.why && <p class="small bad">{session.why}</p>}
          <ul class="small">
            {Object.entries(announcements).map(([prefix, a]) => (
              <li key={prefix}>
                <code>{prefix}</code>{' '}
                {a.actual === a.expected ? (
                  <span class="dim">{a.actual}, as it should be</span>
                ) : (
                  <span class="bad">
                    {a.actual}, expected {a.expected}
                    {a.why[0] ? `: ${a.why[0]}` : ''}
                  </span>
                )}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {Object.keys(site.upstreams).length === 0 && <p class="dim">The plan names no upstream here.</p>}
    </section>
  );
}

function Verdicts({ site, at }: { readonly site: Site; readonly at: number }) {
  const verdicts = Object.entries(site.verdicts);
  return (
    <section class="section">
      <h3>Services</h3>
      {verdicts.length === 0 && <p class="dim">No service runs here.</p>}
      {verdicts.map(([service, { phase, why, at: since }]) => (
        <div key={service}>
          <p class="spread">
            <Word mood={VERDICT_MOOD[phase]} text={phase} />
            <strong>{service}</strong>
            <span class="dim small">since {spanText(at - since)}</span>
          </p>
          <Why why={why} />
        </div>
      ))}
    </section>
  );
}

function Guard({
  name,
  site,
  snapshot,
  at,
}: {
  readonly name: string;
  readonly site: Site;
  readonly snapshot: Snapshot;
  readonly at: number;
}) {
  return (
    <section class="section">
      <h3>Guard</h3>
      {Object.entries(site.decisions).map(([scope, decision]) => {
        const ticket = site.tickets[scope];
        const guard = snapshot.guard[scope];
        return (
          <div key={scope} class="section">
            <p>
              <strong>{scope}</strong> <code class="dim">{decision.prefixes.join(' ')}</code>
            </p>
            <p>
              {LEVELS[decision.level]} <span class="dim small">since {spanText(at - decision.at)}</span>
            </p>
            <Why why={decision.why} />
            {ticket && (
              <p class={ticket.ticket === 'refused' || ticket.ticket === 'lost' ? 'warn' : ''}>
                {TICKETS[ticket.ticket]}
                {ticket.refused ? `: ${ticket.refused}` : ''}
              </p>
            )}
            {guard && (
              <p class="dim small">
                {guard.spokenFor.length} of {guard.sites.length} sites are out or may leave
                {guard.spokenFor.length > 0
                  ? ` (${guard.spokenFor.map((s) => (s === name ? `${s}, this one` : s)).join(', ')})`
                  : ''}
                ; {guard.keep} must stay.
                {guard.sharedFaults.length > 0 &&
                  ` ${guard.sharedFaults.join(', ')} fails everywhere: no reason to leave.`}
              </p>
            )}
          </div>
        );
      })}
      {site.drain.phase !== 'in' && (
        <p>
          Drain: {site.drain.phase}, since {spanText(at - site.drain.at)}
          {site.drain.order ? `, by ${site.drain.order.owner}: ${site.drain.order.reason}` : ''}
          {site.drain.until !== undefined && site.drain.until > at
            ? `; the next step in ${spanText(site.drain.until - at)}`
            : ''}
        </p>
      )}
      <Why why={site.drain.remarks} />
    </section>
  );
}

function Word({ mood, text }: { readonly mood: Mood; readonly text: ComponentChildren }) {
  return (
    <span class="state">
      <MoodIcon mood={mood} />
      {text}
    </span>
  );
}

/** Down by wish is another thing than down. */
function sessionMood(state: string): Mood {
  return state === 'established' ? 'ok' : state === 'disabled' || state === 'unknown' ? 'off' : 'bad';
}

const VERDICT_MOOD: { readonly [P in Site['verdicts'][string]['phase']]: Mood } = {
  unknown: 'off',
  rising: 'warn',
  up: 'ok',
  falling: 'warn',
  down: 'bad',
  degraded: 'warn',
};

const LEVELS = {
  full: 'Announces in full',
  'less-preferred': 'Announces as less preferred',
  withdrawn: 'Announces nothing',
  pending: 'Waits for its health',
};

const TICKETS: { readonly [T in Site['tickets'][string]['ticket']]: string } = {
  unknown: 'Nobody can say whether it may leave',
  held: 'Holds a ticket: it may leave at once',
  lease: 'May leave for as long as its ticket lasts, though the controller is lost',
  refused: 'May not leave',
  asked: 'Asks whether it may leave',
  idle: 'Needs no ticket now, and would get none',
  lost: 'May not leave: the controller is lost',
  alone: 'Judges alone: the plan names no controller',
};
