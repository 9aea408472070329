/** The process around an agent: its control socket, metrics, systemd, restarts in child processes, and tickets over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Address } from '../base/index.ts';
import { connectControl, logger } from '../host/index.ts';
import { routes } from '../speaker/index.ts';
import { afterwards, clock, fileOf, isUp, peerOf, upstream, V4 } from './agent.test-support.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { serveIssuer } from './issuer-service.ts';
import { sdNotify } from './notify.ts';
import { readPlan } from './reload.ts';
import type { Router } from './router.ts';
import type { AgentReloadView, ExplainView, OrderView, StatusView } from './views.ts';

const BIN = fileURLToPath(new URL('../../bin/nearcast', import.meta.url));

/** A service that accepts connections on loopback. */
async function service(): Promise<net.Server & { readonly port: number }> {
  const server = net.createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => server.close());
  return Object.assign(server, { port: (server.address() as net.AddressInfo).port });
}

interface Sketch {
  readonly up: Router;
  readonly service: number;
  readonly more?: string;
  readonly site?: string;
  readonly at?: number;
}

function planFile({ up, service, more = '', site = 'fra', at = 2 }: Sketch, other = ''): string {
  const file = fileOf(`${site}.yaml`);
  writeFileSync(
    file,
    `
network: test
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  ${site}:
    id: ${at}
    upstreams:
      - { name: up, role: provider, asn: 64601, address: 127.0.0.1, port: ${up.listeners[0]!.port}, local-address: 127.0.0.${at}, graceful-restart: 30s }
${other}services:
  web:
    address: 203.0.113.80
    rise: 3
    fall: 2
    min-stable: 0s
    probes: [{ tcp: { target: 127.0.0.1, port: ${service}, every: 100ms, timeout: 100ms } }]
drain: { settle: 100ms, empty: { sessions: 0, traffic: 0, for: 100ms }, deadline: 10s, gone: 100ms, return: 100ms }
${more}`,
  );
  return file;
}

async function daemonOf(file: string, site = 'fra'): Promise<Daemon> {
  const daemon = await startDaemon({
    file,
    site,
    read: readPlan(file, site, {}),
    clock,
    log: logger({ write: () => {} }),
    env: {},
    version: '0.0.0',
    socket: fileOf(`${site}.sock`),
    folder: fileOf('.'),
    metrics: { address: '127.0.0.1' as Address, port: 0 },
  });
  afterwards(() => daemon.stop('test', 'over'));
  return daemon;
}

async function ask<T>(verb: string, args = {}, site = 'fra'): Promise<T> {
  const client = await connectControl(fileOf(`${site}.sock`));
  try {
    return (await client.call(verb, args)) as T;
  } finally {
    client.close();
  }
}

async function until<T>(look: () => T | undefined | false, limit = 8000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const route = (up: Router) => [...routes(up.speaker, { prefix: V4 }, 0)][0];
const med = (up: Router) => {
  const found = route(up)?.attributes.find((a) => a.kind === 'med');
  return found?.kind === 'med' ? found.med : undefined;
};

test('a service that stops withdraws the prefix: its refusal counts at once', async () => {
  const up = await upstream();
  const web = await service();
  await daemonOf(planFile({ up, service: web.port }));
  await until(() => route(up));
  web.close();
  await until(() => !route(up));
});

test('explain says of a prefix what is asked here, also where other sites run other services in it', async () => {
  const up = await upstream();
  const web = await service();
  const file = planFile({ up, service: web.port }, '  nyc: { id: 9 }\n');
  const elsewhere = 'elsewhere: { address: 203.0.113.81, sites: [nyc], probes: [{ icmp: {} }] }';
  writeFileSync(file, readFileSync(file, 'utf8').replace('services:\n', `services:\n  ${elsewhere}\n`));
  await daemonOf(file);
  await until(() => route(up));
  const { steps } = await ask<ExplainView>('explain', { prefix: V4, upstream: 'up' });
  expect(steps[0]).toMatchObject({
    step: 'verdict',
    passes: true,
    detail: [expect.stringMatching(/^web\/tcp: up/)],
  });
});

test('status, explain, drain and freeze: every answer says why, and every order has a reason and an owner in the audit log', async () => {
  const up = await upstream();
  const web = await service();
  await daemonOf(planFile({ up, service: web.port }));
  await until(() => route(up));
  const status = await ask<StatusView>('status');
  expect(status).toMatchObject({
    site: 'fra',
    scopes: [{ level: 'full', ticket: 'alone', why: ['up'] }],
    services: [{ phase: 'up', probes: [{ probe: 'tcp', phase: 'up' }] }],
    upstreams: [
      { state: 'Established', prefixes: [{ prefix: V4, expected: true, advertised: true, why: 'told' }] },
    ],
  });
  await expect(ask('drain', { owner: 'anna' })).rejects.toThrow(/needs a reason/);
  const order = { owner: 'anna', reason: 'kernel update' };
  expect((await ask<OrderView>('drain', order)).drain).toMatchObject({ phase: 'lessPreferred', order });
  await until(() => med(up) === 100);
  await ask('freeze', { ...order, seconds: 60 });
  await expect(ask('undrain', order)).rejects.toMatchObject({
    exit: 3,
    message: expect.stringMatching(/frozen by anna/),
  });
  await ask('unfreeze', order);
  await ask('evidence', { sessions: 0 });
  await new Promise((resolve) => setTimeout(resolve, 150));
  await ask('evidence', { sessions: 0 });
  await until(() => !route(up));
  const explained = await ask<ExplainView>('explain', { prefix: V4, upstream: 'up' });
  expect(explained.advertised).toBe(false);
  expect(explained.steps.map((s) => [s.step, s.passes])).toEqual([
    ['verdict', true],
    ['operator', false],
    ['guard', true],
    ['decision', false],
    ['policy', false],
    ['session', true],
    ['sent', false],
  ]);
  await ask('undrain', order);
  await until(() => med(up) === 0);
  expect((await ask<{ order: string; outcome: string }[]>('audit')).map((e) => [e.order, e.outcome])).toEqual(
    [
      ['start', 'done'],
      ['drain', 'done'],
      ['freeze', 'done'],
      ['undrain', 'refused'],
      ['unfreeze', 'done'],
      ['undrain', 'done'],
    ],
  );
  await expect(ask('explain', { prefix: '10.0.0.0/8', upstream: 'up' })).rejects.toMatchObject({ exit: 2 });
  await expect(ask('sing')).rejects.toThrow(/does not know 'sing'/);
});

test('a reload says beforehand what it would do, does it, and refuses a plan with mistakes whole', async () => {
  const up = await upstream();
  const web = await service();
  const file = planFile({ up, service: web.port });
  await daemonOf(file);
  await until(() => route(up));
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('graceful-restart: 30s', 'graceful-restart: 30s, med: 7'),
  );
  const dry = await ask<AgentReloadView>('reload', { dryRun: true });
  expect(dry).toMatchObject({ dryRun: true, sessions: [] });
  expect(dry.plan.join()).toMatch(/med/i);
  expect(med(up)).toBe(0);
  await ask('reload');
  await until(() => med(up) === 7);
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nsitez: {}\n`);
  await expect(ask('reload')).rejects.toMatchObject({ exit: 2, message: expect.stringMatching(/sitez/) });
  expect(med(up)).toBe(7);
  expect(peerOf(up).machine.ups).toBe(1);
});

test('metrics say what is wanted and what was sent, session by session', async () => {
  const up = await upstream();
  const web = await service();
  const daemon = await daemonOf(planFile({ up, service: web.port }));
  await until(() => route(up));
  await ask('load', { bits: 8e9 });
  await expect(ask('load', { bits: -1 })).rejects.toMatchObject({ exit: 2 });
  const text = await (await fetch(daemon.metricsUrl!)).text();
  const value = (name: string) =>
    text
      .split('\n')
      .find((l) => l.startsWith(`${name}`))
      ?.split(' ')
      .at(-1);
  expect(value('nearcast_prefix_expected{')).toBe('1');
  expect(value('nearcast_prefix_advertised{')).toBe('1');
  expect(value('nearcast_bgp_session_state{')).toBe('1');
  expect(value('nearcast_service_verdict{service="web",verdict="up"')).toBe('1');
  expect(value('nearcast_drain_phase{phase="in"')).toBe('1');
  expect(Number(value('nearcast_probe_results_total{'))).toBeGreaterThanOrEqual(3);
  expect(value('nearcast_scope_load_bytes_per_second{')).toBe('1000000000');
  expect(value('nearcast_controller_up{')).toBeUndefined();
  expect((await fetch(daemon.metricsUrl!.replace('/metrics', '/'))).status).toBe(404);
});

test('clients that connect to the metrics and say nothing, or keep their connections, shut nobody out', async () => {
  const up = await upstream();
  const web = await service();
  const daemon = await daemonOf(planFile({ up, service: web.port }));
  const { port } = new URL(daemon.metricsUrl!);
  for (let i = 0; i < 40; i++) {
    const idle = net.connect(Number(port), '127.0.0.1', () => {
      // A third says nothing, a third half a question, a third a whole one and stays.
      if (i % 3 > 0) idle.write(`GET /metrics HTTP/1.1\r\nhost: x\r\n${i % 3 === 2 ? '\r\n' : ''}`);
    });
    idle.on('error', () => {});
    idle.resume();
    afterwards(() => idle.destroy());
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const answer = await fetch(daemon.metricsUrl!, { headers: { connection: 'close' } });
  expect(answer.status).toBe(200);
});

test('boards for FRR, BIRD and GoBGP find the names they know, when they ask for them, and not otherwise', async () => {
  const up = await upstream();
  const web = await service();
  const daemon = await daemonOf(planFile({ up, service: web.port }));
  await until(() => route(up));
  const get = async (query: string) => fetch(`${daemon.metricsUrl}${query}`);
  expect(await (await get('')).text()).not.toMatch(/^(frr|bird|bgp)_/m);
  const text = await (await get('?compat=frr,bird&compat=gobgp')).text();
  expect(text).toMatch(/^nearcast_build_info/m);
  const lines = text.split('\n').filter((l) => /^(frr|bird|bgp)_/.test(l) && !/uptime|message/.test(l));
  expect(lines).toMatchInlineSnapshot(`
    [
      "frr_bgp_peer_state{vrf="default",afi="ipv4",safi="unicast",local_as="64500",peer="127.0.0.1",peer_as="64601"} 1",
      "frr_bgp_peer_prefixes_advertised_count_total{vrf="default",afi="ipv4",safi="unicast",local_as="64500",peer="127.0.0.1",peer_as="64601"} 1",
      "frr_bgp_peer_prefix_advertised{vrf="default",afi="ipv4",safi="unicast",local_as="64500",peer="127.0.0.1",peer_as="64601",prefix="203.0.113.0/24"} 1",
      "bird_protocol_up{name="up",proto="BGP",ip_version="4",import_filter="",export_filter="",state="Established"} 1",
      "bird_protocol_prefix_export_count{name="up",proto="BGP",ip_version="4",import_filter="",export_filter=""} 1",
      "bgp_peer_state{peer="127.0.0.1",session_state="ESTABLISHED",admin_state="UP"} 1",
      "bgp_routes_advertised{peer="127.0.0.1",route_family="ipv4-unicast"} 1",
    ]
  `);
  expect(text).toMatch(/^bgp_sent_message_total\{peer="127\.0\.0\.1"\} [1-9]/m);
  expect((await get('?compat=cisco')).status).toBe(400);
});

test('killed with -9, an agent that comes back lets peers keep its routes until its health is known, and a clean stop leaves none', async () => {
  const up = await upstream();
  const web = await service();
  const file = planFile({ up, service: web.port });
  const first = agentProcess(file);
  await until(() => route(up));
  await until(() => /"announcing":true/.test(readText(fileOf('agent-fra.json'))));
  first.kill('SIGKILL');
  await until(() => route(up)?.stale);
  const withdrawals = peerOf(up).counters.withdrawalsIn;
  const second = agentProcess(file);
  const log: string[] = [];
  second.stderr?.on('data', (text: Buffer) => log.push(text.toString()));
  // The session is back, the route still the old one: nothing is said before three good probes.
  await until(() => isUp(up) && route(up)?.stale);
  expect(peerOf(up).established?.negotiated.gracefulRestart?.peerRestarted).toBe(true);
  await until(() => route(up)?.stale === false);
  expect(log.join('')).toContain('"restarted":true');
  expect(peerOf(up).counters.withdrawalsIn).toBe(withdrawals);
  const gone = new Promise((resolve) => second.once('exit', resolve));
  second.kill('SIGTERM');
  await until(() => !route(up));
  await gone;
  expect(readText(fileOf('agent-fra.json'))).toMatch(/"running":false/);
});

test('frozen and killed with -9, it comes back with what it announced, though its service has gone meanwhile: the route is never withdrawn', async () => {
  const up = await upstream();
  const web = await service();
  const file = planFile({ up, service: web.port });
  const first = agentProcess(file);
  await until(() => route(up));
  const socket = fileOf('child.sock');
  const client = await connectControl(socket);
  await client.call('freeze', { owner: 'anna', reason: 'the probes are rebuilt' });
  client.close();
  web.close();
  await until(() => /"frozen"/.test(readText(fileOf('agent-fra.json'))));
  first.kill('SIGKILL');
  await until(() => route(up)?.stale);
  const withdrawals = peerOf(up).counters.withdrawalsIn;
  agentProcess(file);
  await until(() => route(up)?.stale === false);
  expect(peerOf(up).counters.withdrawalsIn).toBe(withdrawals);
  expect(med(up)).toBe(0);
});

test('a SIGHUP before it has begun does not end it', async () => {
  const up = await upstream();
  const web = await service();
  const child = agentProcess(planFile({ up, service: web.port }));
  // As soon as there is a socket to ask, long before it is ready.
  await until(() => existsSync(fileOf('child.sock')));
  child.kill('SIGHUP');
  await until(() => route(up));
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
});

test('the token for the controller is in no line of the log, wherever it would stand', async () => {
  const up = await upstream();
  const web = await service();
  const token = 'kept-to-ourselves';
  const controller = `controller: { endpoints: [http://127.0.0.1:1/${token}], token: "\${TICKET_TOKEN}" }\n`;
  const env = { ...process.env, TICKET_TOKEN: token };
  const child = agentProcess(planFile({ up, service: web.port, more: controller }), env);
  let said = '';
  child.stderr!.on('data', (bytes) => {
    said += bytes;
  });
  await until(() => /controller does not answer.*\n/.test(said));
  expect(said).toContain('http://127.0.0.1:1/[secret]');
  expect(said).not.toContain(token);
});

function agentProcess(file: string, env = process.env): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      BIN,
      'agent',
      file,
      '--site',
      'fra',
      '--state',
      fileOf('.'),
      '--socket',
      fileOf('child.sock'),
      '--metrics',
      'none',
    ],
    { env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  afterwards(() => child.kill('SIGKILL'));
  return child;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

test('of two sites with one ticket between them, the first to fall leaves and the last stays, less preferred', async () => {
  const [a, b] = [await upstream(2), await upstream(3)];
  const [webA, webB] = [await service(), await service()];
  const two = (site: string, up: Router, port: number, other: string, otherUp: Router, at: number) =>
    planFile(
      {
        up,
        service: port,
        site,
        at,
        more: `guard: { keep: 1, leave: 1 per 1s, lease: 6s }\ncontroller: ${issuer.url}\n`,
      },
      `  ${other}:\n    id: ${5 - at}\n    upstreams: [{ name: up, role: provider, asn: 64601, address: 127.0.0.1, port: ${otherUp.listeners[0]!.port} }]\n`,
    );
  const seed = planFile(
    { up: a, service: webA.port },
    `  nyc:\n    id: 3\n    upstreams: [{ name: up, role: provider, asn: 64601, address: 127.0.0.1 }]\n`,
  );
  writeFileSync(seed, `${readFileSync(seed, 'utf8')}guard: { keep: 1, leave: 1 per 1s, lease: 6s }\n`);
  const issuer = await serveIssuer({
    plan: readPlan(seed, 'fra', {}).plan,
    port: 0,
    log: logger({ write: () => {} }),
    store: fileOf('issuer.json'),
    first: true,
  });
  afterwards(() => issuer.close());
  const fra = await daemonOf(two('fra', a, webA.port, 'nyc', b, 2), 'fra');
  const nyc = await daemonOf(two('nyc', b, webB.port, 'fra', a, 3), 'nyc');
  await until(() => route(a) && route(b));
  await until(() => issuer.view().scopes[V4]!.spokenFor.length === 1);
  const holder = issuer.view().scopes[V4]!.spokenFor[0]!;
  const [first, last] =
    holder === 'fra'
      ? [
          { up: a, web: webA },
          { up: b, web: webB },
        ]
      : [
          { up: b, web: webB },
          { up: a, web: webA },
        ];
  first.web.close();
  await until(() => !route(first.up));
  last.web.close();
  await until(() => med(last.up) === 100);
  const stays = (holder === 'fra' ? nyc : fra).desk.status().scopes[0]!;
  await until(() => (holder === 'fra' ? nyc : fra).desk.status().scopes[0]!.ticket === 'refused');
  expect(stays.level).toBe('less-preferred');
  expect((holder === 'fra' ? nyc : fra).desk.status().scopes[0]!.refused).toMatch(/would be the last/);
  // The controller goes: nothing changes.
  await issuer.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([route(first.up), med(last.up)]).toEqual([undefined, 100]);
});

test('systemd hears READY, STATUS, WATCHDOG and STOPPING as datagrams', async () => {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const c = koffi.load(null);
  const socket = c.func('int socket(int, int, int)');
  const bind = c.func('int bind(int, const void *, uint32_t)');
  const recv = c.func('int64_t recv(int, void *, uint64_t, int)');
  const close = c.func('int close(int)');
  const fd = socket(1, 2, 0) as number;
  afterwards(() => close(fd));
  const name = `nearcast-test-${process.pid}`;
  const address = Buffer.concat([Buffer.from([1, 0, 0]), Buffer.from(name)]);
  expect(bind(fd, address, address.length)).toBe(0);
  const heard = (): string => {
    const buffer = Buffer.alloc(4096);
    const n = Number(recv(fd, buffer, buffer.length, 0x40));
    return n > 0 ? buffer.subarray(0, n).toString() : '';
  };
  const notify = sdNotify(
    { NOTIFY_SOCKET: `@${name}`, WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) },
    clock,
    () => {},
  );
  notify.ready('site fra\nof test');
  expect(heard()).toBe('READY=1\nSTATUS=site fra of test');
  expect(await until(heard)).toBe('WATCHDOG=1');
  expect(await until(heard)).toBe('WATCHDOG=1');
  notify.reloading();
  expect(heard()).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  notify.stopping();
  expect(heard()).toBe('STOPPING=1');
  notify.close();
});
