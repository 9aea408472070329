/** A real router on loopback, told what to do by the verbs over its control socket; the other end is one as well. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, expect, test } from 'vitest';
import { Router } from '../agent/index.ts';
import type { Address, Instant } from '../base/index.ts';
import { type ControlServer, type JournalOptions, journal, realClock, serveControl } from '../host/index.ts';
import { ACCEPT_ALL } from '../policy/index.ts';
import { type Note, routes } from '../speaker/index.ts';
import { announceCommand, withdrawCommand } from './announce.ts';
import { answers } from './answers.ts';
import type { Write } from './output.ts';
import { disableCommand, enableCommand, refreshCommand, restartCommand } from './peer-orders.ts';
import { reloadCommand } from './reload.ts';
import { replayCommand } from './replay.ts';
import { Running } from './running.ts';
import { loadSpeakFile, type SpeakConfig } from './speak/index.ts';

const HERE = '127.0.0.1' as Address;
/** macOS has one address on loopback, which then serves for both. */
const THERE = (process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1') as Address;
const clock = realClock();

interface World {
  readonly running: Running;
  readonly other: Router;
  /** What the other end noted. */
  readonly notes: Note[];
  readonly folder: string;
  readonly port: number;
  /** Writes the speaker's file anew. */
  write(lines: string): void;
  /** Runs a verb over the socket and gives its output. */
  run(make: (write: Write) => Command, ...args: string[]): Promise<string>;
  /** The prefixes that the other end has, each with MED and path. */
  learnt(): string[];
  /** How many prefixes, counting every time, the other end was told. */
  heard(): number;
  established(): boolean;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const BASE = 'announce: [203.0.113.0/24]';

/** Starts both ends and waits for the session. */
async function world(lines = BASE, wait = true, disk: Partial<JournalOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-running-'));
  const notes: Note[] = [];
  const other = new Router({
    speaker: { asn: 64601, id: '192.0.2.9' as Address },
    listen: [{ address: THERE, port: 0 }],
    clock,
    note: (n) => {
      if (n.kind !== 'host') notes.push(n);
    },
  });
  open.push(() => other.stop());
  other.addPeer({
    options: {
      name: 'us',
      address: HERE,
      session: {
        localAsn: 64601,
        localId: '192.0.2.9' as Address,
        remoteAsn: 64500,
        passive: true,
      },
      import: ACCEPT_ALL,
      export: ACCEPT_ALL,
    },
    transport: { port: 179 },
  });
  await other.start();
  const port = other.listeners[0]!.port;
  const file = join(folder, 'speak.yaml');
  const write = (more: string) =>
    writeFileSync(
      file,
      `asn: 64500\nid: 192.0.2.1\nlisten: none\npeer-defaults: { port: ${port}, local-address: ${HERE}, import: accept, export: accept }\n${more}\n`,
    );
  write(`peers: { up: { address: ${THERE}, asn: 64601 } }\n${lines}`);
  const read = loadSpeakFile(file);
  if ('complaints' in read) throw new Error(JSON.stringify(read.complaints));
  const running = await begin(read.config, folder, disk);
  const socket = join(folder, 's');
  const server: ControlServer = await serveControl(socket, answers(running, clock));
  open.push(() => server.close());
  const established = () => other.speaker.peers.get('us')?.established !== undefined;
  const learnt = () =>
    [...routes(other.speaker, { peer: 'us' }, 0)].map((r) => {
      const med = r.attributes.find((a) => a.kind === 'med');
      return `${r.prefix}${med ? ` ${med.med}` : ''}`;
    });
  if (wait) await until(() => established() && learnt().length > 0);
  return {
    running,
    other,
    notes,
    folder,
    port,
    write: (more) => write(more.replaceAll('THERE', THERE)),
    run: async (make, ...args) => {
      let text = '';
      const command = make((t) => {
        text += t;
      })
        .exitOverride()
        .configureOutput({ writeErr: () => {} });
      await command.parseAsync([...args, '--socket', socket], { from: 'user' });
      return text;
    },
    learnt,
    heard: () => other.speaker.peers.get('us')?.counters.prefixesIn ?? 0,
    established,
  };
}

async function begin(
  config: SpeakConfig,
  folder: string,
  disk: Partial<JournalOptions> = {},
): Promise<Running> {
  const book = journal<{ at: Instant }>({ path: join(folder, 'journal'), ...disk });
  book.write({ at: clock.now(), kind: 'clock', utc: '2026-01-02T03:04:05.000Z' } as { at: Instant });
  const router = new Router({
    speaker: { asn: config.asn, id: config.id },
    listen: [],
    clock,
    note: () => {},
    journal: book,
  });
  const running = new Running(router, config, new Map());
  open.push(() => router.stop());
  await running.start();
  return running;
}

async function until(holds: () => boolean): Promise<void> {
  const last = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > last) throw new Error('it did not come to that within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('announce and withdraw change what the peer has, and say whom they reach', async () => {
  const w = await world();
  expect(w.learnt()).toEqual(['203.0.113.0/24']);
  const said = await w.run(announceCommand, '198.51.100.0/24', '--med', '50', '--community', 'no-export');
  expect(said).toMatchInlineSnapshot(`
    "announced 198.51.100.0/24
      up: told
    "
  `);
  await until(() => w.learnt().length === 2);
  expect(w.learnt()).toContain('198.51.100.0/24 50');
  expect(
    JSON.parse(await w.run(withdrawCommand, '198.51.100.0/24', '203.0.113.0/24', '--json')),
  ).toMatchObject({ schema: 'nearcast.announce/1', done: 'withdrawn', prefixes: [{}, {}] });
  await until(() => w.learnt().length === 0);
  expect(w.notes.filter((n) => n.kind === 'down')).toEqual([]);
});

test.each<[(write: Write) => Command, string[], string, number]>([
  [withdrawCommand, ['203.0.113.0/24', '10.0.0.0/8'], '10.0.0.0/8 is not announced here', 1],
  [withdrawCommand, ['here'], "'here' is no prefix", 2],
  [announceCommand, ['203.0.113.1/24'], 'found "203.0.113.1/24"', 2],
  [announceCommand, ['203.0.113.0/24', '--community', '70000:1'], 'communities[0]: found "70000:1"', 2],
  [announceCommand, ['203.0.113.0/24', '--origin', 'luck'], 'origin: found "luck"', 2],
  [disableCommand, ['nobody'], "there is no peer named 'nobody'; there are: up", 2],
  [refreshCommand, ['nobody'], 'there is no peer', 2],
])(
  'what cannot be done is refused with a sentence and changes nothing: %o %j',
  async (make, args, message, exit) => {
    const w = await world();
    await expect(w.run(make, ...args)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      exit,
    });
    expect(w.learnt()).toEqual(['203.0.113.0/24']);
  },
);

test('disable takes the session down with a text for the peer, and enable brings it back (RFC 9003)', async () => {
  const w = await world();
  expect(await w.run(disableCommand, 'up', '--text', 'maintenance until 04:00')).toBe('up: disabled\n');
  await until(() => !w.established());
  expect(w.notes.find((n) => n.kind === 'down')?.why.reason).toContain('"maintenance until 04:00"');
  await expect(w.run(refreshCommand, 'up')).rejects.toMatchObject({ exit: 1 });
  await w.run(enableCommand, THERE);
  await until(() => w.established() && w.learnt().length === 1);
});

test('restart says Administrative Reset and comes back by itself; refresh leaves the session alone', async () => {
  const w = await world();
  expect(await w.run(refreshCommand, 'up')).toBe('up: asked for ipv4-unicast\n');
  const heard = w.heard();
  expect(await w.run(refreshCommand, 'up', 'out')).toBe('up: told all of ipv4-unicast again\n');
  await until(() => w.heard() > heard);
  await expect(w.run(refreshCommand, 'up', 'away')).rejects.toThrow(/Allowed choices are in, out/);
  const answer = JSON.parse(await w.run(restartCommand, 'up', '--text', 'new key', '--json')) as object;
  expect(answer).toMatchObject({ schema: 'nearcast.peer/1', name: 'up' });
  await until(() => w.notes.filter((n) => n.kind === 'up').length === 2);
  expect(w.notes.find((n) => n.kind === 'down')?.why.reason).toMatch(/Administrative Reset.*new key/);
});

test('a journal on a full disk is spoken of once, and the session goes on', async () => {
  const said: string[] = [];
  let refused = 0;
  const full = {
    append: async () => {
      refused++;
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
    size: async () => 0,
    endsWhole: async () => true,
    close: async () => {},
  };
  const w = await world(BASE, true, { open: async () => full, trouble: (why) => said.push(why) });
  await until(() => refused > 0);
  await w.run(announceCommand, '198.51.100.0/24');
  await until(() => w.learnt().length === 2);
  await w.run(refreshCommand, 'up', 'out');
  await w.running.router.stop();
  expect(said).toEqual([expect.stringMatching(/^the journal .* cannot be written \(the disk is full\)/)]);
  expect(w.notes.filter((n) => n.kind === 'up')).toHaveLength(1);
});

test('reload does what is different in the file and leaves the session alone', async () => {
  const w = await world('announce: [203.0.113.0/24, { prefix: 198.51.100.0/24, med: 1 }]');
  expect(await w.run(reloadCommand)).toBe('nothing is different in the file\n');
  w.write(`peers: { up: { address: THERE, asn: 64601, description: transit } }
announce: [{ prefix: 198.51.100.0/24, med: 2 }, 192.0.2.0/24]`);
  expect(await w.run(reloadCommand)).toBe('announced 2 prefixes\nwithdrew 1 prefix\n');
  await until(() => w.learnt().includes('192.0.2.0/24'));
  expect(w.learnt().sort()).toEqual(['192.0.2.0/24', '198.51.100.0/24 2']);
  w.write(`peers: { up: { address: THERE, asn: 64601, export: [{ when: { prefix: 192.0.2.0/24 }, end: accept }] } }
announce: [{ prefix: 198.51.100.0/24, med: 2 }, 192.0.2.0/24]`);
  expect(await w.run(reloadCommand)).toBe('new policy for up\n');
  await until(() => w.learnt().length === 1);
  expect(w.learnt()).toEqual(['192.0.2.0/24']);
  expect(w.notes.filter((n) => n.kind === 'down' || n.kind === 'up').length).toBe(1);
});

test('reload restarts what has to begin anew, adds, removes, disables and enables', async () => {
  const w = await world();
  w.write(`peers:
  up: { address: THERE, asn: 64601, hold-time: 30s }
  spare: { address: 127.0.0.3, asn: 64602, enabled: no }
${BASE}`);
  expect(JSON.parse(await w.run(reloadCommand, '--json'))).toMatchObject({
    schema: 'nearcast.reload/1',
    added: ['spare'],
    restarted: [{ peer: 'up', because: ['hold-time', 'send-hold-time'].slice(0, 1) }],
  });
  await until(() => w.notes.filter((n) => n.kind === 'up').length === 2);
  expect(w.notes.find((n) => n.kind === 'down')?.why.reason).toContain('Other Configuration Change');
  expect(w.running.peer('spare').machine.admin).toBe('down');
  w.write(`peers: { up: { address: THERE, asn: 64601, hold-time: 30s, enabled: no } }\n${BASE}`);
  expect(await w.run(reloadCommand)).toBe('removed spare\ndisabled up\n');
  await until(() => !w.established());
  w.write(`peers: { up: { address: THERE, asn: 64601, hold-time: 30s } }\n${BASE}`);
  expect(await w.run(reloadCommand)).toBe('enabled up\n');
  // When the other end lets us in again is its business.
  expect(w.running.peer('up').machine.admin).toBe('up');
});

test('a reload of a wrong file, or of one that only a new start can follow, changes nothing', async () => {
  const w = await world();
  w.write(`peers: { up: { address: nowhere, asn: 64601 } }\nannounce: []`);
  await expect(w.run(reloadCommand)).rejects.toMatchObject({
    exit: 2,
    message: expect.stringMatching(
      /^1 mistake in the file, nothing was changed\n.*speak\.yaml:5:\d+: peers\.up\.address/,
    ),
  });
  w.write(`peers: { up: { address: THERE, asn: 64601 } }\nlog: debug\nannounce: []`);
  await expect(w.run(reloadCommand)).rejects.toMatchObject({
    exit: 1,
    message: expect.stringContaining('log cannot change while it runs'),
  });
  expect(w.learnt()).toEqual(['203.0.113.0/24']);
});

test('what was done by hand stands after a reload that does not speak of it', async () => {
  const w = await world();
  await w.run(announceCommand, '198.51.100.0/24');
  await w.run(withdrawCommand, '203.0.113.0/24');
  w.write(`peers: { up: { address: THERE, asn: 64601 } }\nannounce: [203.0.113.0/24, 192.0.2.0/24]`);
  expect(await w.run(reloadCommand)).toBe('announced 1 prefix\n');
  await until(() => w.learnt().includes('192.0.2.0/24'));
  expect(w.learnt().sort()).toEqual(['192.0.2.0/24', '198.51.100.0/24']);
});

test('a peer that the file disables is shown and not begun', async () => {
  const w = await world(BASE, false);
  await until(() => w.established());
  w.write(`peers: { up: { address: THERE, asn: 64601, enabled: no } }\n${BASE}`);
  const read = loadSpeakFile(join(w.folder, 'speak.yaml'));
  if ('complaints' in read) throw new Error('complaints');
  const second = await begin(read.config, mkdtempSync(join(tmpdir(), 'nearcast-running-')));
  expect(second.peer('up').machine.admin).toBe('down');
});

test('the journal of such a day plays back to the same routes, and a torn line is named', async () => {
  const w = await world();
  w.other.feed({ kind: 'announce', prefix: '192.0.2.0/24' as never, attributes: [] });
  const ours = () => [...routes(w.running.router.speaker, {}, 0)];
  await until(() => ours().length === 2);
  await w.run(announceCommand, '198.51.100.0/24');
  await w.run(disableCommand, 'up', '--text', 'enough');
  await until(() => !w.established());
  for (const close of open.splice(0).reverse()) await close();
  const path = join(w.folder, 'journal');
  const replay = async (...args: string[]) => {
    let text = '';
    const failure = await replayCommand((t) => {
      text += t;
    })
      .exitOverride()
      .parseAsync([path, ...args], { from: 'user' })
      .then(() => undefined)
      .catch((e: Error) => e.message);
    return { text, failure };
  };

  const { text, failure } = await replay('--peers', '--routes');
  expect(failure).toBeUndefined();
  expect(text.replace(/2026-01-02T03:04:\d\d\.\d{3}Z/g, 'TIME').replaceAll(THERE, 'THERE')).toContain(
    'TIME  AS64500 speaks, router id 192.0.2.1\nTIME  announced here: 203.0.113.0/24\nTIME  peer up at THERE\nTIME  up started\n',
  );
  expect(text).toMatch(/up is up \(asn 64601, id 192\.0\.2\.9, holdTime 90, families ipv4-unicast\)/);
  expect(text).toMatch(/up stopped: "enough"\n.*up is down: we said: .*"enough"/);
  expect(text).toMatch(/\n\* +198\.51\.100\.0\/24 +local/);
  expect(text).not.toMatch(/\n\* +192\.0\.2\.0\/24/);

  // Before the session ended, its route was there.
  const events = (await replay('--json')).text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; seconds: number; text?: string; time?: string });
  const end = events.find((e) => e.text?.includes('stopped'))!;
  const before = (await replay('--json', '--routes', '--until', (end.seconds - 0.001).toFixed(3))).text;
  expect(before).toContain('"prefix":"192.0.2.0/24"');
  expect((await replay('--json', '--routes', '--until', '2026-01-02T03:04:04Z')).failure).toContain(
    'no beginning of a speaker',
  );

  const lines = readFileSync(path, 'utf8').split('\n');
  const there = lines.findIndex((line) => line.includes('addPeer')) + 1;
  lines.splice(there, 0, '{"at":1,"kind":"bytes","peer', '{"at":2,"kind":"event","peer":"up"}');
  writeFileSync(path, lines.join('\n').trimEnd().slice(0, -3));
  const torn = await replay();
  expect(torn.text).toContain(`${path}:${there + 1}: no JSON`);
  expect(torn.text).toContain(`${path}:${there + 2}: no entry that a speaker can take`);
  expect(torn.text).toMatch(/cut off after \d+ characters/);
  expect(torn.failure).toMatch(/^3 lines could not be read$/);
});

test.each([
  [['/nonexistent/journal'], 'cannot be read: ENOENT'],
  [[import.meta.dirname], 'is no file'],
  [[import.meta.filename, '--until', 'noon'], "not 'noon'"],
])('replay %j is refused with a sentence', async (args, message) => {
  await expect(replayCommand(() => {}).parseAsync(args, { from: 'user' })).rejects.toThrow(message);
});

test('every order has examples in its help, and says how to reach the speaker', () => {
  for (const make of [
    announceCommand,
    withdrawCommand,
    disableCommand,
    enableCommand,
    restartCommand,
    refreshCommand,
    reloadCommand,
  ]) {
    let help = '';
    const command = make().configureOutput({
      writeOut: (t) => {
        help += t;
      },
    });
    command.outputHelp();
    expect(help).toMatch(/Examples:\n {2}nearcast /);
    expect(help).toContain('--socket');
    expect(help).toContain('--json');
  }
});
