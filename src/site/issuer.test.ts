import { expect, test } from 'vitest';
import { instant, millis } from '../base/index.ts';
import type { Guard } from '../plan/index.ts';
import {
  type Answer,
  type IssuerConfig,
  type IssuerState,
  issuerDue,
  type Report,
  spokenFor,
  startIssuer,
  stepIssuer,
} from './index.ts';

const GUARD: Guard = {
  keep: 1,
  leave: { count: 1, per: millis(30_000) },
  remainingCapacity: false,
  last: 'less-preferred',
  lease: millis(60_000),
  drift: millis(1000),
};

/** An issuer that hears one report a second. */
class Office {
  readonly config: IssuerConfig;
  state: IssuerState;
  now = 0;
  #seq = 0;

  constructor(guard: Partial<Guard> = {}, more: Partial<IssuerConfig> = {}) {
    this.config = {
      scope: '203.0.113.0/24',
      sites: ['fra', 'nyc', 'tyo'],
      guard: { ...GUARD, ...guard },
      capacity: {},
      ...more,
    };
    this.state = startIssuer(this.config.guard, instant(0), 'first');
  }

  hear(site: string, report: Partial<Report> = {}): readonly Answer[] {
    this.now += 1000;
    const seq = this.#seq++;
    const full: Report = {
      site,
      scope: this.config.scope,
      boot: 1,
      seq,
      deaf: seq,
      verdict: 'up',
      in: true,
      holds: false,
      leaves: 0,
      failing: {},
      ...report,
    };
    const [state, answers] = stepIssuer(this.config, this.state, full, instant(this.now));
    this.state = state;
    return answers;
  }

  /** In a few letters: `granted`, `refused too fast`, `recall nyc`. */
  say(site: string, report: Partial<Report> = {}): readonly string[] {
    return this.hear(site, report).map((a) =>
      a.kind === 'refused'
        ? `refused ${a.reason}`
        : a.kind === 'recall' && a.site !== site
          ? `recall ${a.site}`
          : a.kind,
    );
  }
}

test('until all sites are heard of, nobody may leave: who is silent may be out', () => {
  const office = new Office({ keep: 2 });
  expect(office.say('fra', { want: 'spare' })).toEqual(['refused would be the last']);
  office.say('nyc');
  office.say('tyo');
  expect(office.say('fra', { want: 'spare' })).toEqual(['granted']);
});

test('one site alone never gets a ticket while one has to stay', () => {
  const office = new Office({}, { sites: ['fra'] });
  const [answer] = office.hear('fra', { want: 'now', verdict: 'down' });
  expect(answer).toMatchObject({
    kind: 'refused',
    reason: 'would be the last',
    detail: '0 of 1 sites are out, may leave, or are not heard of; 1 has to stay',
  });
});

test('a ticket that nobody needs is called back for who does, and granted when it is given back', () => {
  const office = new Office();
  for (const site of ['fra', 'nyc', 'tyo']) office.say(site);
  expect(office.say('nyc', { want: 'spare' })).toEqual(['granted']);
  expect(office.say('fra', { want: 'now', verdict: 'down' })).toEqual(['refused too fast', 'recall nyc']);
  expect(office.say('nyc', { want: 'spare' })).toEqual(['refused too fast']);
  expect(office.say('fra', { want: 'now', verdict: 'down' })).toEqual(['granted']);
});

test('two that need one are not robbed of theirs, and the rate holds after a leave', () => {
  const office = new Office();
  for (const site of ['fra', 'nyc', 'tyo']) office.say(site);
  expect(office.say('fra', { want: 'soon' })).toEqual(['granted']);
  expect(office.say('nyc', { want: 'now', verdict: 'down' })).toEqual(['refused too fast']);
  office.say('fra', { in: false, holds: true, verdict: 'down', leaves: 1 });
  expect(office.say('nyc', { want: 'now', verdict: 'down' })).toEqual(['refused too fast']);
  office.now += 30_000;
  office.say('tyo');
  expect(office.say('nyc', { want: 'now', verdict: 'down' })).toEqual(['granted']);
  office.say('nyc', { in: false, leaves: 1, verdict: 'down' });
  office.now += 30_000;
  expect(office.say('tyo', { want: 'now', verdict: 'down' })).toEqual(['refused would be the last']);
});

test('a ticket is not free by its expiry, only by its holder’s word that it is in, holds none and waits for none', () => {
  const office = new Office({ keep: 2 });
  for (const site of ['fra', 'nyc', 'tyo']) office.say(site);
  const [granted] = office.hear('fra', { want: 'spare' });
  office.now += 300_000;
  office.say('tyo');
  expect(office.say('nyc', { want: 'now' })).toEqual(['refused would be the last']);
  // It speaks again, but an answer to an old report may still be on its way to it.
  office.say('fra', { deaf: granted?.seq as number });
  expect(spokenFor(office.config, office.state, instant(office.now))).toContain('fra');
  office.say('fra');
  expect(office.say('nyc', { want: 'now' })).toEqual(['granted']);
});

test('a report that was overtaken by a later one changes nothing and is not answered', () => {
  const office = new Office();
  office.hear('fra', { seq: 9, in: false });
  expect(office.hear('fra', { seq: 8, in: true, want: 'spare' })).toEqual([]);
  expect(office.state.sites['fra']?.last).toMatchObject({ seq: 9, in: false });
});

test('a fault that began everywhere at the same moment is shared; one that began at another time is not', () => {
  const office = new Office();
  const down = (ms: number): Partial<Report> => ({
    verdict: 'down',
    failing: { 'dns/tcp': millis(ms) },
    want: 'now',
  });
  office.say('fra', down(1000));
  office.say('nyc', down(1500));
  expect(office.say('tyo', down(2000))).toEqual(['refused shared fault']);
  expect(office.hear('nyc', down(3500)).at(0)?.shared).toEqual(['dns/tcp']);
  expect(office.hear('nyc', down(90_000)).at(0)?.shared).toEqual([]);
  office.say('tyo');
  expect(office.hear('nyc', down(5000)).at(0)?.shared).toEqual([]);
});

test('remaining capacity: by prediction when there is one, else by what all carry now', () => {
  const capacity = { fra: 40e9, nyc: 10e9, tyo: 20e9 };
  const office = new Office({ remainingCapacity: true }, { capacity });
  for (const [site, load] of [
    ['fra', 15e9],
    ['nyc', 5e9],
    ['tyo', 15e9],
  ] as const)
    office.say(site, { load });
  const [answer] = office.hear('fra', { want: 'now', load: 15e9 });
  expect(answer).toMatchObject({
    kind: 'refused',
    reason: 'capacity',
    detail: 'the rest could carry 30 Gbps of 35 Gbps',
  });
  expect(office.say('nyc', { want: 'now', load: 5e9 })).toEqual(['granted']);
  const predicted = new Office(
    { remainingCapacity: true },
    { capacity, fits: (out) => (out.includes('nyc') ? 'tyo would get 25 of 20 Gbps' : undefined) },
  );
  for (const site of ['fra', 'nyc', 'tyo']) predicted.say(site);
  expect(predicted.hear('nyc', { want: 'now' })[0]).toMatchObject({
    reason: 'capacity',
    detail: 'tyo would get 25 of 20 Gbps',
  });
  expect(predicted.say('fra', { want: 'now' })).toEqual(['granted']);
});

test('who takes over from an issuer whose memory is lost waits until its tickets have ended', () => {
  const office = new Office();
  office.state = startIssuer(office.config.guard, instant(0), 'successor');
  for (const site of ['fra', 'nyc', 'tyo']) office.say(site);
  expect(office.say('fra', { want: 'now' })).toEqual(['refused just started']);
  office.now = 61_000;
  for (const site of ['nyc', 'tyo']) office.say(site);
  expect(office.say('fra', { want: 'now' })).toEqual(['granted']);
});

test('a site that the plan does not have gets no ticket and leaves no trace', () => {
  const office = new Office();
  expect(office.say('gru', { want: 'now' })).toEqual(['refused unknown site']);
  expect(office.state.sites).toEqual({});
  expect(issuerDue(office.config, office.state)).toBeUndefined();
});
