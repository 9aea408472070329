/**
 * How long a site's agent takes to leave, and what it costs while nothing happens.
 *
 *     npm run bench -- agent [--rounds 15]
 *
 * A real agent process (`nearcast agent`) with a session over loopback TCP to a router in this process, and a service that is a
 * process of its own. Each round kills the service (or stops it, so that it hangs) and reads this process's clock when the
 * withdrawal has been taken in by the neighbour.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Router } from '../src/agent/index.ts';
import type { Address, Asn, Prefix } from '../src/base/index.ts';
import { realClock } from '../src/host/index.ts';
import { routes } from '../src/speaker/index.ts';
import { IPV4_UNICAST } from '../src/wire/index.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'nearcast-bench-'));
const BIN = fileURLToPath(new URL('../bin/nearcast', import.meta.url));
const PREFIX = '203.0.113.0/24' as Prefix;
const PORT = 28_080;
const METRICS = 29_786;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const clock = realClock();
const router = new Router({
  speaker: { asn: 64601 as Asn, id: '198.51.100.1' as Address },
  listen: [{ address: '127.0.0.1' as Address, port: 0 }],
  clock,
  note: () => {},
});
router.addPeer({
  options: {
    name: 'site',
    address: '127.0.0.2' as Address,
    session: {
      localAsn: 64601 as Asn,
      localId: '198.51.100.1' as Address,
      remoteAsn: 64500 as Asn,
      passive: true,
      families: [IPV4_UNICAST],
    },
    import: { rules: [{ name: 'all', end: 'accept' }] },
    export: { rules: [{ name: 'none', end: 'reject' }] },
  },
  transport: { port: 179 },
});
await router.start();

/** Called by the neighbour for every input; a withdrawal is seen in the turn that brings it. */
async function until(look: () => boolean): Promise<number> {
  const end = performance.now() + 20_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`nothing within 20 s: ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now();
}

const isThere = (): boolean => [...routes(router.speaker, { prefix: PREFIX }, 0)].length > 0;

const SERVICE = `
import net from 'node:net';
import { writeFileSync } from 'node:fs';
net.createServer((s) => { s.on('error', () => {}); s.on('data', () => s.end('HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\nconnection: close\\r\\n\\r\\nok')); })
  .listen(${PORT}, '127.0.0.1', () => { writeFileSync(process.argv[1], String(process.pid)); console.log('ready'); });`;

async function startService(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVICE, join(folder, 'service.pid')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the service does not start'))),
  ]);
  return child;
}

async function startAgent(probes: string): Promise<ChildProcess> {
  const plan = join(folder, 'network.yaml');
  writeFileSync(
    plan,
    `
network: bench
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra:
    upstreams:
      - { role: provider, asn: 64601, address: 127.0.0.1, port: ${router.listeners[0]!.port}, local-address: 127.0.0.2 }
services:
  web:
    address: 203.0.113.80
    min-stable: 0s
    flaps: 100 per 10m
    probes: [${probes}]
`,
  );
  const args = ['agent', plan, '--site', 'fra', '--socket', join(folder, 'fra.sock'), '--state', folder];
  const child = spawn(
    process.execPath,
    [BIN, ...args, '--metrics', `127.0.0.1:${METRICS}`, '--log', 'error'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  await until(() => router.speaker.peers.get('site')?.established !== undefined);
  return child;
}

function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (n: number) => sorted[Math.min(sorted.length - 1, Math.floor(n))] as number;
  const median = (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
  return `median ${median.toFixed(1)} ms, worst ${at(sorted.length).toFixed(1)} ms, ${sorted.length} rounds`;
}

async function leave(
  title: string,
  probes: string,
  signal: 'SIGKILL' | 'SIGSTOP',
  count: number,
): Promise<void> {
  let service = await startService();
  const agent = await startAgent(probes);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await until(isThere);
    // At moments that are spread evenly over the probe's interval.
    await new Promise((resolve) => setTimeout(resolve, ((i + 0.5) / count) * 1000));
    const began = performance.now();
    const gone = once(service, 'exit');
    service.kill(signal);
    times.push((await until(() => !isThere())) - began);
    service.kill('SIGKILL');
    await gone;
    service = await startService();
  }
  await until(isThere);
  console.log(`${title.padEnd(58)} ${summary(times)}`);
  if (signal === 'SIGKILL')
    console.log(`${'  of which, decision to bytes written'.padEnd(58)} ${await written()}`);
  await end(agent);
  await end(service);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** From the agent's own histogram: within what half of all decisions were written, and how many within 2 ms. */
async function written(): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${METRICS}/metrics`)).text();
  const all = [...text.matchAll(/^nearcast_decision_to_wire_seconds_bucket\{le="([^"]+)".*\} (\d+)$/gm)].map(
    ([, le, n]) => ({ le: Number(le) * 1000, n: Number(n) }),
  );
  const count = all.at(-1)?.n ?? 0;
  const half = all.find(({ n }) => n >= count / 2);
  return `half within ${half?.le} ms, ${all.find(({ le }) => le === 2)?.n} of ${count} within 2 ms`;
}

async function rest(seconds: number): Promise<void> {
  const service = await startService();
  const warm = await startAgent(
    `{ tcp: { target: 127.0.0.1, port: ${PORT} } }, { http: { target: 127.0.0.1, port: ${PORT} } }`,
  );
  await end(warm);
  const agent = await startAgent(
    `{ tcp: { target: 127.0.0.1, port: ${PORT} } }, { http: { target: 127.0.0.1, port: ${PORT} } }`,
  );
  await until(isThere);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const before = ticks(agent.pid!);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const share = (ticks(agent.pid!) - before) / seconds;
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
  const mb = (name: string) =>
    `${Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)} MB`;
  console.log(
    `${'at rest, two probes a second'.padEnd(58)} ${share.toFixed(2)} % of a core over ${seconds} s; ${mb('VmRSS')} resident, ${mb('RssAnon')} its own and ${mb('RssFile')} Node's code, shared by all Node processes`,
  );
  await end(agent);
  await end(service);
}

/** Hundredths of a second of CPU. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
const TCP = `{ tcp: { target: 127.0.0.1, port: ${PORT} } }`;
const HTTP = `{ http: { target: 127.0.0.1, port: ${PORT} } }`;
try {
  await leave(
    'killed, its pid watched',
    `{ process: { pid-file: ${join(folder, 'service.pid')} } }, ${TCP}`,
    'SIGKILL',
    rounds,
  );
  await leave('killed, connection refused, its port watched', TCP, 'SIGKILL', rounds);
  await leave(
    'killed, connection refused at the next probe (watch: false)',
    `{ tcp: { target: 127.0.0.1, port: ${PORT}, watch: false } }`,
    'SIGKILL',
    Math.ceil(rounds / 2),
  );
  await leave('hangs (SIGSTOP), HTTP with default probes', HTTP, 'SIGSTOP', rounds);
  await rest(15);
} finally {
  await router.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
