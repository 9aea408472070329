/**
 * BFD against BIRD, in two network namespaces of its own: `node src/agent/bfd.interop.ts`. Needs root, iproute2 and BIRD 2;
 * without them it says so and ends well. Each line printed is a check that can fail; the exit code is 1 when one did.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Address, millis, parseAddress } from '../base/index.ts';
import { realClock } from '../host/index.ts';
import { BfdDriver, type BfdSettings } from './bfd.ts';

const ip = (text: string) => parseAddress(text) as Address;
const PATHS = {
  four: { local: ip('10.77.0.1'), remote: ip('10.77.0.2'), interface: 'veth0' },
  six: { local: ip('fd00:77::1'), remote: ip('fd00:77::2'), interface: 'veth0' },
  far: { local: ip('10.77.1.1'), remote: ip('10.77.1.2'), multihop: true },
};
const TIMERS: BfdSettings = { desiredMinTx: millis(100), requiredMinRx: millis(100), detectMult: 3 };

const BIRD = `
router id 10.77.0.2;
log stderr all;
protocol device {}
protocol bfd watcher {
  interface "veth0" { min rx interval 150 ms; min tx interval 50 ms; idle tx interval 1 s; multiplier 5; };
  multihop { min rx interval 150 ms; min tx interval 50 ms; multiplier 5; };
  neighbor 10.77.0.1 dev "veth0";
  neighbor fd00:77::1 dev "veth0";
  neighbor 10.77.1.1 local 10.77.1.2 multihop on;
}
`;

const [, , inside, here, there, folder] = process.argv;
if (inside === 'inside') await judge(here as string, there as string, folder as string);
else process.exitCode = stage();

/** Makes the namespaces, runs this file again inside one of them, and clears up. */
function stage(): number {
  const missing = lacking();
  if (missing) {
    console.log(`skipped: ${missing}`);
    return 0;
  }
  const [a, b] = [`nc-bfd-a${process.pid}`, `nc-bfd-b${process.pid}`];
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-bfd-'));
  try {
    for (const ns of [a, b]) ipDo('netns', 'add', ns);
    ipDo('-n', a, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', b);
    for (const [ns, end] of [
      [a, '1'],
      [b, '2'],
    ] as const) {
      ipDo('-n', ns, 'link', 'set', 'lo', 'up');
      ipDo('-n', ns, 'address', 'add', `10.77.0.${end}/24`, 'dev', 'veth0');
      ipDo('-n', ns, 'address', 'add', `10.77.1.${end}/24`, 'dev', 'veth0');
      ipDo('-n', ns, 'address', 'add', `fd00:77::${end}/64`, 'dev', 'veth0', 'nodad');
      ipDo('-n', ns, 'link', 'set', 'veth0', 'up');
    }
    const file = fileURLToPath(import.meta.url);
    const command = ['netns', 'exec', a, process.execPath, file, 'inside', a, b, folder];
    return spawnSync('ip', command, { stdio: 'inherit', timeout: 60_000 }).status ?? 1;
  } finally {
    for (const ns of [a, b]) spawnSync('ip', ['netns', 'del', ns]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function lacking(): string | undefined {
  if (process.getuid?.() !== 0) return 'namespaces need root';
  if (spawnSync('ip', ['-V']).error) return 'iproute2 is not installed';
  if (spawnSync('bird', ['--version']).error) return 'BIRD is not installed';
  return undefined;
}

function ipDo(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}

async function judge(here: string, there: string, folder: string): Promise<void> {
  const socket = join(folder, 'bird.ctl');
  const config = join(folder, 'bird.conf');
  writeFileSync(config, BIRD);
  const bird: ChildProcess = spawn(
    'ip',
    ['netns', 'exec', there, 'bird', '-f', '-c', config, '-s', socket, '-P', join(folder, 'bird.pid')],
    { stdio: 'ignore' },
  );
  const birdc = (...words: string[]) =>
    spawnSync('birdc', ['-s', socket, ...words], { encoding: 'utf8' }).stdout;
  const birdSays = (address: string) => {
    const line = birdc('show', 'bfd', 'sessions')
      .split('\n')
      .find((l) => l.startsWith(`${address} `));
    const [, , state, , interval, timeout] = line?.trim().split(/\s+/) ?? [];
    return { state, interval, timeout };
  };

  const driver = new BfdDriver({ clock: realClock() });
  const heard: { name: string; state: string; reason: string; at: number }[] = [];
  const news = (name: string, state: string) => heard.filter((h) => h.name === name && h.state === state);
  let failed = 0;
  const check = async (what: string, holds: () => boolean): Promise<void> => {
    const from = performance.now();
    while (!holds() && performance.now() < from + 8000) await new Promise((r) => setTimeout(r, 20));
    const ok = holds();
    if (!ok) failed++;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}`);
    if (!ok)
      console.log(
        JSON.stringify({ views: driver.views(), strays: driver.strays, heard }),
        birdc('show', 'bfd', 'sessions'),
      );
  };

  try {
    for (const [name, path] of Object.entries(PATHS))
      await driver.add(name, path, TIMERS, (state, reason) =>
        heard.push({ name, state, reason, at: performance.now() }),
      );
    for (const [name, path] of Object.entries(PATHS)) {
      await check(
        `${name}: Up here and at BIRD`,
        () => driver.view(name)?.state === 'up' && birdSays(path.local).state === 'Up',
      );
      await check(`${name}: both use the same rates after the poll sequences (RFC 5880 §6.8.3)`, () => {
        const view = driver.view(name);
        const said = birdSays(path.local);
        // We send every 150 ms as BIRD can take no more; BIRD every 100 ms, and we bear the loss of five.
        return (
          view?.transmitIntervalMs === 150 &&
          view.detectionTimeMs === 500 &&
          said.interval === '0.100' &&
          said.timeout === '0.450'
        );
      });
    }
    driver.change('four', { desiredMinTx: millis(300), requiredMinRx: millis(50), detectMult: 4 });
    await check('new timers are negotiated while Up', () => {
      const said = birdSays(PATHS.four.local);
      const view = driver.view('four');
      return said.timeout === '1.200' && view?.transmitIntervalMs === 300 && view.detectionTimeMs === 250;
    });
    await check(
      'nothing was lost so far',
      () => heard.length === 3 && driver.view('four')?.counts.failures === 0,
    );

    ipDo('-n', there, 'link', 'set', 'veth0', 'down');
    const cut = performance.now();
    await check('a lost link is heard of on every path', () =>
      Object.keys(PATHS).every((name) => news(name, 'down').length === 1),
    );
    const took = Math.max(...heard.filter((h) => h.state === 'down').map((h) => h.at - cut));
    await check(
      `and within the detection time: ${Math.round(took)} ms of at most 500, and some slack`,
      () => took < 700,
    );
    ipDo('-n', there, 'link', 'set', 'veth0', 'up');
    ipDo('-n', there, 'address', 'replace', 'fd00:77::2/64', 'dev', 'veth0', 'nodad');
    await check('all come up again', () => Object.keys(PATHS).every((name) => news(name, 'up').length === 2));

    // BIRD 2 says no AdminDown when its protocol is disabled: it falls silent.
    birdc('disable', 'watcher');
    await check('BIRD, disabled, is noticed', () =>
      Object.keys(PATHS).every((name) => news(name, 'down').length === 2),
    );
    birdc('enable', 'watcher');
    await check('and is met again', () => Object.keys(PATHS).every((name) => news(name, 'up').length === 3));
    await driver.remove('six');
    await check('BIRD hears our AdminDown', () => birdSays(PATHS.six.local).state === 'Down');
    bird.kill('SIGKILL');
    await check('BIRD, killed, is noticed', () =>
      ['four', 'far'].every((name) => news(name, 'down').length === 3),
    );
    await check('every packet of BIRD was understood', () =>
      driver.views().every((v) => v.counts.discarded === 0 && v.counts.received > 0),
    );
  } finally {
    bird.kill('SIGKILL');
    await driver.stop();
  }
  console.log(failed === 0 ? `all well in ${here}` : `${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
