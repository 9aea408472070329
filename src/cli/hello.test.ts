import { expect, test } from 'vitest';
import { hello, helloCommand, type Step } from './hello.ts';

test('two speakers exchange a route over loopback, take it back and say goodbye', async () => {
  const steps: Step[] = [];
  await hello((step) => steps.push(step));
  const said = (who: string, type: string) =>
    steps.flatMap((s) =>
      s.kind === 'received' && s.who === who && s.report.type === type ? [s.report] : [],
    );
  for (const who of ['site', 'upstream']) expect(said(who, 'open').length, who).toBe(1);
  const [route] = steps.flatMap((s) => (s.kind === 'route' ? [s.route] : []));
  expect(route).toMatchObject({ prefix: '203.0.113.0/24', peer: 'site', best: true, refused: false });
  expect(route?.attributes.map((a) => a.kind).sort()).toEqual([
    'asPath',
    'largeCommunities',
    'med',
    'nextHop',
    'origin',
  ]);
  const updates = said('upstream', 'update').map((r) => r.message);
  expect(updates).toMatchObject([
    { announced: [], withdrawn: [] },
    { announced: [{ prefix: '203.0.113.0/24' }] },
    { withdrawn: [{ prefix: '203.0.113.0/24' }] },
  ]);
  expect(said('upstream', 'notification')[0]?.text).toContain('that was all');
  expect(steps.flatMap((s) => (s.kind === 'received' ? [s.report.ok] : []))).not.toContain(false);
});

test('what is printed holds the bytes and the words; with --json one object a line', async () => {
  let text = '';
  const run = (...args: string[]) => {
    text = '';
    return helloCommand((t) => {
      text += t;
    }).parseAsync(args, { from: 'user' });
  };
  await run();
  expect(text).toMatch(/← UPDATE\n +ORIGIN igp\n +AS_PATH 64500\n/);
  expect(text).toMatch(/ffffffff ffffffff ffffffff ffffffff 001b0200 0418cb00 710000\n/);
  expect(text).toMatch(/has the route 203\.0\.113\.0\/24 from site\n/);
  expect(text).toMatch(/4-octet AS 64601/);
  await run('--json');
  const kinds = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Step).kind);
  expect(new Set(kinds)).toEqual(new Set(['did', 'noted', 'received', 'route']));
});
