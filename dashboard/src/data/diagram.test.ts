import { expect, test } from 'vitest';
import { apply, type Body, diagramOf, type Event } from '../../../src/control/index.ts';
import { diagramMermaid, diagramPicture, LIGHT } from '../../../src/picture/index.ts';
import { BEGAN, network } from '../testing/snapshot.test-support.ts';

const first = network('fra nyc', 'lon');
const event = (body: Body): Event => ({ ...body, run: 'r1', seq: 1, at: BEGAN + 1000 });

test('a living network is drawn with its states: sites, sessions, and the prefixes that upstreams hold', () => {
  const withdrawn = apply(
    first,
    event({
      kind: 'announcement',
      site: 'nyc',
      upstream: 'as64601',
      prefix: '203.0.113.0/24',
      is: { expected: 'withdrawn', actual: 'withdrawn', why: [] },
    }),
  );
  const [fra, nyc] = diagramOf(withdrawn, BEGAN).sites;
  expect(fra).toMatchObject({
    state: { word: 'announced', health: 'good' },
    sessions: [{ prefixes: ['203.0.113.0/24'] }],
  });
  expect(nyc?.sessions[0]).toMatchObject({ name: 'as64601', state: { health: 'good' }, prefixes: [] });
});

test('a site that died is broken, a session that was disabled is taken down on purpose', () => {
  const dead = apply(
    first,
    event({ kind: 'process', site: 'fra', was: 'running', is: { standing: 'dead' } }),
  );
  expect(diagramOf(dead, BEGAN).sites[0]?.state).toEqual({ word: 'dead', health: 'bad' });
  const off = apply(
    first,
    event({
      kind: 'session',
      site: 'fra',
      upstream: 'as64601',
      was: 'established',
      is: { state: 'disabled' },
    }),
  );
  expect(diagramOf(off, BEGAN).sites[0]?.sessions[0]?.state).toEqual({ word: 'disabled', health: 'off' });
});

test('a site named <script> is text in the picture and in Mermaid', () => {
  const { fra, ...rest } = first.sites;
  const evil = { ...first, sites: { ...rest, '<script>alert(1)</script>': fra! } };
  const diagram = diagramOf(evil, BEGAN);
  expect(diagramPicture(diagram, { width: 900 }, LIGHT)).not.toContain('<script');
  expect(diagramMermaid(diagram)).not.toContain('<script');
});
