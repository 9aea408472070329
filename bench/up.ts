/**
 * `nearcast up`, measured as its clients see it: how long until it is ready, what it weighs, and for each thing that can happen to a
 * site how long until the last of its clients is served elsewhere and how many of their requests failed meanwhile.
 *
 *     npm run bench -- up
 *     npm run bench -- up --site fra --rate 10 --json
 *
 * The clients are real ones: HTTP requests from source addresses in 127.0.0.0/8, one vantage for each country that lands at the site, and as
 * many elsewhere as witnesses that nobody else is disturbed. Then, in a world of its own, what the guard promises: see up-guard.ts. Linux.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { upAgentSocket, type WhoRow } from '../src/cli/up-views.ts';
import { connectControl } from '../src/host/index.ts';
import { measureGuard, printGuard } from './up-guard.ts';
import { pause, startWorld } from './up-world.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((a) => a !== 'up'),
  options: {
    site: { type: 'string', default: 'tyo' },
    service: { type: 'string', default: 'web' },
    plan: { type: 'string' },
    /** Requests a second of each vantage. */
    rate: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const SITE = values.site;
const NAME = `bench-${process.pid}`;
const EVERY_MS = 1000 / Number(values.rate);
/** After an event, clients are watched for so long. */
const WATCH_MS = 6000;
const DRAIN_MS = 25_000;
/** A request that takes longer has failed. */
const PATIENCE_MS = 3000;
const MOST_VANTAGES = 40;

interface Answer {
  readonly from: string;
  readonly at: number;
  readonly took: number;
  /** Undefined: it failed. */
  readonly site: string | undefined;
  readonly why?: string;
}

interface Outcome {
  readonly event: string;
  readonly vantages: readonly {
    readonly from: string;
    readonly place: string;
    readonly to: string | undefined;
    /** From the event to the first answer from elsewhere; undefined when it stayed. */
    readonly movedMs: number | undefined;
    readonly asked: number;
    readonly failed: number;
  }[];
  /** Requests of vantages that land elsewhere. */
  readonly witnesses: { readonly asked: number; readonly failed: number };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const world = await startWorld(NAME, values.plan);
const { child, readyMs, control, settled } = world;
const port = world.ready['http'] as number;
const view = await world.view();
const pids = [child.pid as number, ...view.sites.flatMap((s) => s.pid ?? [])];
const weight = pids.map(weigh);
const cpuAtReady = pids.reduce((n, pid) => n + cpuSeconds(pid), 0);
const sum = (pick: (w: { rss: number; pss: number }) => number) => weight.reduce((n, w) => n + pick(w), 0);
if (!values.json) {
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load ${load()}\n`,
  );
  console.log(
    `ready after ${(readyMs / 1000).toFixed(2)} s (${cpuAtReady.toFixed(1)} s of CPU in all): ${view.sites.length} sites announce, every vantage reaches one`,
  );
  console.log(
    `memory of ${pids.length} processes: ${mb(sum((w) => w.rss))} resident, ${mb(sum((w) => w.pss))} with shared pages counted once ` +
      `(the internet ${mb(weight[0]?.rss ?? 0)}, an agent ${mb(median(weight.slice(1).map((w) => w.rss)))})\n`,
  );
}

const results: Outcome[] = [];
const events: readonly [string, () => Promise<unknown>, number, () => Promise<unknown>][] = [
  [
    `kill -9 of ${SITE}`,
    () => control.call('kill', { site: SITE }),
    WATCH_MS,
    () => control.call('heal', { what: SITE }),
  ],
  [
    `${values.service} at ${SITE} refuses connections`,
    () => control.call('fail', { service: values.service, site: SITE, how: 'refuse' }),
    WATCH_MS,
    () => control.call('heal', { what: SITE }),
  ],
  [
    `${values.service} at ${SITE} hangs`,
    () => control.call('fail', { service: values.service, site: SITE, how: 'hang' }),
    WATCH_MS,
    () => control.call('heal', { what: SITE }),
  ],
  [
    `all upstreams of ${SITE} are cut`,
    () => control.call('cut', { one: SITE }),
    WATCH_MS,
    () => control.call('heal', { what: SITE }),
  ],
  [`drain of ${SITE}`, () => agent('drain'), DRAIN_MS, () => agent('undrain')],
];
for (const [event, happen, watch, mend] of events) {
  const result = await measure(event, happen, watch);
  results.push(result);
  if (!values.json) print(result);
  await mend();
  await settled();
}
await world.stop();
// The second half is about the guard of the example, whatever plan the first was about.
const guard = values.plan === undefined ? await measureGuard() : undefined;
if (guard && !values.json) printGuard(guard);
if (values.json)
  console.log(
    JSON.stringify({ readyMs, cpuAtReady, rss: sum((w) => w.rss), pss: sum((w) => w.pss), results, guard }),
  );
process.exit(0);

/** Everybody asks, then it happens, then they are watched. */
async function measure(event: string, happen: () => Promise<unknown>, watch: number): Promise<Outcome> {
  const before = ((await control.call('who', { all: true })) as readonly WhoRow[]).filter(
    (r) => r.site !== undefined,
  );
  const here = before.filter((r) => r.site === SITE).slice(0, MOST_VANTAGES);
  const others = before.filter((r) => r.site !== SITE);
  const witnesses = others.filter(
    (_, i) => i % Math.ceil(others.length / Math.max(4, here.length / 2)) === 0,
  );
  const answers: Answer[] = [];
  const stop = clients([...here, ...witnesses], answers);
  await pause(1000);
  const at = performance.now();
  await happen();
  await pause(watch);
  await stop();
  const after = answers.filter((a) => a.at >= at);
  const of = (from: string) => after.filter((a) => a.from === from);
  const failed = (list: readonly Answer[]) => list.filter((a) => a.site === undefined).length;
  const seen = witnesses.flatMap((w) => of(w.from));
  return {
    event,
    vantages: here.map(({ from, place }) => {
      const mine = of(from);
      const elsewhere = mine
        .filter((a) => a.site !== undefined && a.site !== SITE)
        .sort((a, b) => a.at - b.at)[0];
      return {
        from,
        place,
        to: elsewhere?.site,
        movedMs: elsewhere && elsewhere.at + elsewhere.took - at,
        asked: mine.length,
        failed: failed(mine),
      };
    }),
    witnesses: { asked: seen.length, failed: failed(seen) },
  };
}

/** Every vantage asks at its own beat, whatever became of the request before. */
function clients(rows: readonly WhoRow[], answers: Answer[]): () => Promise<void> {
  const underWay = new Set<Promise<void>>();
  const timers = rows.map(({ from }, i) => {
    const once = () => {
      const asked = request(from).then((answer) => void answers.push(answer));
      underWay.add(asked);
      void asked.then(() => underWay.delete(asked));
    };
    let timer: NodeJS.Timeout;
    const first = setTimeout(
      () => {
        once();
        timer = setInterval(once, EVERY_MS);
      },
      (i * EVERY_MS) / rows.length,
    );
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  });
  return async () => {
    for (const end of timers) end();
    await Promise.all(underWay);
  };
}

function request(from: string): Promise<Answer> {
  const at = performance.now();
  return new Promise((resolve) => {
    const end = (site: string | undefined, why?: string) =>
      resolve({ from, at, took: performance.now() - at, site, ...(why === undefined ? {} : { why }) });
    const sent = http.get(
      { host: '127.0.0.1', port, localAddress: from, agent: false, timeout: PATIENCE_MS },
      (answer) => {
        const by = answer.headers['x-served-by'];
        answer.resume();
        answer.on('end', () =>
          end(
            answer.statusCode === 200 && typeof by === 'string' ? by : undefined,
            String(answer.statusCode),
          ),
        );
        answer.on('error', (error) => end(undefined, error.message));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => end(undefined, error.message));
  });
}

async function agent(verb: 'drain' | 'undrain'): Promise<void> {
  const client = await connectControl(upAgentSocket(NAME, SITE));
  await client.call(verb, { owner: 'bench', reason: 'measuring' });
  client.close();
}

function print({ event, vantages, witnesses }: Outcome): void {
  const moved = vantages.flatMap((v) => v.movedMs ?? []);
  const stayed = vantages.length - moved.length;
  const failed = vantages.reduce((n, v) => n + v.failed, 0);
  const asked = vantages.reduce((n, v) => n + v.asked, 0);
  console.log(
    `${event}: ${moved.length} of ${vantages.length} vantages served elsewhere, the last after ${ms(Math.max(...moved))} (median ${ms(median(moved))}); ` +
      `${failed} of ${asked} requests failed; elsewhere ${witnesses.failed} of ${witnesses.asked}${stayed > 0 ? `; ${stayed} stayed` : ''}`,
  );
  const rows = vantages.map((v) => [
    v.from,
    v.place,
    v.to ?? '–',
    v.movedMs === undefined ? '' : ms(v.movedMs),
    `${v.failed}/${v.asked}`,
  ]);
  const heads = ['from', 'place', 'to', 'after', 'failed'];
  const wide = heads.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] as string).length)));
  for (const row of [heads, ...rows])
    console.log(
      `  ${row
        .map((c, i) => c.padEnd(wide[i] as number))
        .join('  ')
        .trimEnd()}`,
    );
  console.log('');
}

function weigh(pid: number): { readonly rss: number; readonly pss: number } {
  const read = (file: string, key: string) => {
    try {
      return (
        Number(
          new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ??
            0,
        ) * 1024
      );
    } catch {
      return 0;
    }
  };
  return { rss: read('status', 'VmRSS'), pss: read('smaps_rollup', 'Pss') };
}

/** User and system time that a process has had. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] as string;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

function ms(n: number): string {
  return Number.isFinite(n) ? `${n.toFixed(0)} ms` : '–';
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
