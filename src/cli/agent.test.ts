/** The verbs that talk to an agent, against a real one in this process. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Daemon, readPlan, type StatusView, startDaemon } from '../agent/index.ts';
import { controlPath, logger, realClock } from '../host/index.ts';
import { agentAnswers } from './agent-answers.ts';
import { auditCommand } from './agent-audit.ts';
import { drainCommand, freezeCommand, undrainCommand, unfreezeCommand } from './agent-orders.ts';
import { checkAgent } from './agent-run.ts';
import { statusCommand } from './agent-status.ts';
import { explainCommand } from './explain.ts';
import { nagiosOf } from './nagios.ts';
import { reloadCommand } from './reload.ts';
import { showCommand } from './show.ts';

let folder: string;
let daemon: Daemon;
const PLAN = `
network: verbs
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra:
    place: Frankfurt, DE
    upstreams: [{ name: up, role: provider, asn: 64601, address: 127.0.0.1, port: 1 }]
services:
  web: { address: 203.0.113.80, probes: [{ command: { run: ["true"], every: 100ms } }], rise: 1, min-stable: 10m }
drain: { deadline: 3s, gone: 100ms, return: 100ms }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-verbs-'));
  const file = join(folder, 'network.yaml');
  writeFileSync(file, PLAN);
  const clock = realClock();
  daemon = await startDaemon({
    file,
    site: 'fra',
    read: readPlan(file, 'fra', {}),
    clock,
    log: logger({ write: () => {} }),
    env: {},
    version: '0',
    socket: join(folder, 's.sock'),
    folder,
    more: (agent) => agentAnswers(agent, clock),
  });
});
afterAll(async () => {
  await daemon.stop('test', 'over');
  rmSync(folder, { recursive: true, force: true });
});

type Make = (write: (text: string) => void) => Command;

async function say(make: Make, ...args: string[]): Promise<string> {
  let out = '';
  await make((text) => {
    out += text;
  }).parseAsync([...args, '--socket', join(folder, 's.sock')], { from: 'user' });
  return out;
}

test('status says on one screen how the site stands; as JSON with a schema', async () => {
  const text = await say(statusCommand, 'fra');
  expect(text).toMatch(/^verbs fra \(Frankfurt, DE\): AS64500, router id 10\.0\.0\.1/);
  expect(text).toMatch(/UPSTREAM +AS +ADDRESS +SESSION/);
  expect(text).toMatch(/up +64601 +127\.0\.0\.1 +(Idle|Connect|Active)/);
  expect(JSON.parse(await say(statusCommand, '--json'))).toMatchObject({
    schema: 'nearcast.status/1',
    site: 'fra',
  });
});

test('status --nagios is one line with numbers and the exit codes of monitoring plugins', async () => {
  const before = process.exitCode;
  try {
    expect(await say(statusCommand, 'fra', '--nagios')).toMatch(
      /^NEARCAST CRITICAL - fra: no session with up(, [^|]*)? \| sessions=0;;;0;1 told=0;;;0;1( 'web\/command'=[\d.]+s)?\n$/,
    );
    expect(process.exitCode).toBe(2);
    let out = '';
    await statusCommand((text) => {
      out += text;
    }).parseAsync(['--nagios', '--socket', join(folder, 'none.sock')], { from: 'user' });
    expect(out).toMatch(/^NEARCAST UNKNOWN - nothing listens at .*none\.sock/);
    expect(process.exitCode).toBe(3);
  } finally {
    process.exitCode = before;
  }
});

test('for a monitoring system a healthy site is OK, a drained one a warning, a service that is down critical', () => {
  const service = {
    service: 'web',
    addresses: [],
    phase: 'up',
    verdict: 'up',
    since: '',
    why: [],
    probes: [],
  };
  const prefix = { prefix: '203.0.113.0/24', expected: true, advertised: true, why: 'told' };
  const up = {
    upstream: 'up',
    asn: 64601,
    address: '127.0.0.1',
    state: 'Established',
    since: '',
    prefixes: [prefix],
  };
  const scope = { scope: '203.0.113.0/24', prefixes: [], level: 'full', since: '', why: [], ticket: 'alone' };
  const of = (changes: object) =>
    nagiosOf({
      site: 'fra',
      drain: { phase: 'in', since: '', remarks: [] },
      scopes: [scope],
      services: [service],
      upstreams: [up],
      ...changes,
    } as unknown as StatusView);
  expect(of({})).toEqual({
    exit: 0,
    line: 'NEARCAST OK - fra: 1 of 1 announcements told to 1 upstreams | sessions=1;;;0;1 told=1;;;0;1',
  });
  const out = { ...prefix, expected: false, advertised: false };
  const drained = of({
    drain: { phase: 'out', since: '', remarks: [] },
    scopes: [{ ...scope, level: 'withdrawn' }],
    upstreams: [{ ...up, prefixes: [out] }],
  });
  expect([drained.exit, drained.line]).toEqual([
    1,
    expect.stringMatching(/^NEARCAST WARNING - fra: drain: out \|/),
  ]);
  const down = of({
    services: [{ ...service, verdict: 'down' }],
    scopes: [{ ...scope, level: 'less-preferred' }],
  });
  expect([down.exit, down.line]).toEqual([
    2,
    expect.stringMatching(/^NEARCAST CRITICAL - fra: web is down, 203\.0\.113\.0\/24 is less preferred \|/),
  ]);
  expect(of({ upstreams: [{ ...up, prefixes: [{ ...prefix, advertised: false }] }] }).exit).toBe(2);
});

test('explain reads as a sentence: prefix P to U', async () => {
  const text = await say(explainCommand, 'prefix', '203.0.113.0/24', 'to', 'up');
  expect(text).toMatch(/^up does not hear of 203\.0\.113\.0\/24 from fra: /);
  expect(text).toMatch(/✗ session +the session with AS64601 at 127\.0\.0\.1 is (Idle|Connect|Active)/);
});

test('orders carry a reason and an owner; a freeze refuses a drain with exit 3', async () => {
  expect(
    await say(freezeCommand, '--reason', 'probes are rebuilt', '--owner', 'anna', '--for', '5m'),
  ).toMatch(/^fra is frozen by anna: probes are rebuilt/);
  await expect(say(drainCommand, '--reason', 'x')).rejects.toMatchObject({ exit: 3 });
  expect(await say(unfreezeCommand, '--reason', 'done')).toMatch(/^fra: in/);
  expect(await say(drainCommand, '--reason', 'kernel')).toMatch(/^fra: drain is at lessPreferred/);
  await expect(say(drainCommand, '--reason', 'kernel', '--wait', '0.3s')).rejects.toMatchObject({ exit: 4 });
  // Once it is there, what is announced is said as it is then, not as it was when the order was given.
  expect(await say(drainCommand, '--reason', 'kernel', '--wait', '20s')).toMatch(
    /^fra: drain is at out\n203\.0\.113\.0\/24: withdrawn/,
  );
  expect(await say(undrainCommand, '--reason', 'later', '--wait', '20s')).toMatch(
    /^fra: in\n203\.0\.113\.0\/24: full/,
  );
});

test('reload --dry-run says what would be different and changes nothing', async () => {
  expect(await say(reloadCommand, '--dry-run')).toBe('nothing is different in the file\n');
  writeFileSync(join(folder, 'network.yaml'), PLAN.replace('rise: 1', 'rise: 2'));
  expect(await say(reloadCommand, '--dry-run')).toMatch(/would change \(nothing was done\):\n.*rise/);
  expect(daemon.agent.plan.services['web']!.rise).toBe(1);
  expect(await say(reloadCommand)).toMatch(/rise/);
  expect(daemon.agent.plan.services['web']!.rise).toBe(2);
});

test('reload finds the agent by the name of its site, and without a name where no speaker runs', async () => {
  const { XDG_RUNTIME_DIR: runtime, NEARCAST_SOCKET: own } = process.env;
  delete process.env['NEARCAST_SOCKET'];
  process.env['XDG_RUNTIME_DIR'] = join(folder, 'run');
  // Root's sockets are where all of this machine would find them.
  const uid = process.getuid?.() === 0 ? vi.spyOn(process, 'getuid').mockReturnValue(65_534) : undefined;
  const run = async (...args: string[]) => {
    let out = '';
    await reloadCommand((text) => void (out += text)).parseAsync(args, { from: 'user' });
    return out;
  };
  try {
    const path = controlPath('agent-fra');
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(folder, 's.sock'), path);
    for (const args of [['fra'], ['--site', 'fra'], ['fra', '--dry-run'], []])
      expect(await run(...args)).toBe('nothing is different in the file\n');
    await expect(run('nyc')).rejects.toMatchObject({
      exit: 5,
      message: expect.stringContaining('is `nearcast agent PLAN --site nyc` running?'),
    });
    await expect(run('fra', '--site', 'nyc')).rejects.toMatchObject({ exit: 2 });
  } finally {
    uid?.mockRestore();
    if (runtime === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = runtime;
    if (own !== undefined) process.env['NEARCAST_SOCKET'] = own;
  }
});

test('audit says who ordered what, and what was refused', async () => {
  const text = await say(auditCommand, 'fra');
  expect(text).toMatch(/^AT +ORDER +OWNER +OUTCOME +REASON\n/);
  expect(text).toMatch(/ drain +\S.* done +/);
  expect(text).toMatch(/ refused +.*\(frozen by /);
  const last = (await say(auditCommand, '--last', '2', '--json')).trimEnd().split('\n');
  expect(last.map((line) => JSON.parse(line).site)).toEqual(['fra', 'fra']);
});

test('show peers asks an agent as it asks a speaker', async () => {
  let out = '';
  const screen = {
    colour: false,
    terminal: false,
    write: (text: string) => void (out += text),
    note: () => {},
  };
  await showCommand(screen).parseAsync(['peers', '--socket', join(folder, 's.sock')], { from: 'user' });
  expect(out).toMatch(/AS64500.*\n\n.*\nup +127\.0\.0\.1 +64601 +(idle|connect|active)/);
});

test('a plan without the site: exit 2, and the sites that it has', async () => {
  await expect(checkAgent(join(folder, 'network.yaml'), 'nyc')).rejects.toMatchObject({
    exit: 2,
    message: expect.stringMatching(/has no site nyc; it has: fra/),
  });
});

// The last of all: it is held back from here on.
test('status says until when a service that is well again is held back, and why', async () => {
  for (const outcome of ['dead', 'good', 'good', 'good'] as const)
    daemon.agent.step({ kind: 'probe', service: 'web', probe: 'command', result: { outcome } });
  expect(await say(statusCommand, 'fra')).toMatch(
    /\nweb +rising, held back until \d\d:\d\d:\d\d \(min-stable\) /,
  );
});
