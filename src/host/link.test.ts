/** What loopback cannot show: link-local addresses and interfaces, in a network namespace with a cable between two ends. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const NAMESPACE = `nc-host-${process.pid}`;
const HOST = new URL('./index.ts', import.meta.url).href;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe', encoding: 'utf8' });

/** Why no namespace can be made here; undefined when one can. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const tried = spawnSync('ip', ['netns', 'add', NAMESPACE], { encoding: 'utf8' });
  if (tried.status === 0) ip('netns', 'del', NAMESPACE);
  return tried.status === 0 ? undefined : `needs network namespaces (${tried.error ?? tried.stderr.trim()})`;
}

const missing = obstacle();

/** Runs a script inside the namespace; it prints one JSON value. */
function inside(script: string): unknown {
  const code = `import { dial, listen, guestAt, bfdTransport } from '${HOST}';\n${script}`;
  const args = ['netns', 'exec', NAMESPACE, process.execPath, '--input-type=module', '-e', code];
  const run = spawnSync('ip', args, {
    encoding: 'utf8',
    timeout: 20_000,
    cwd: fileURLToPath(new URL('.', HOST)),
  });
  if (run.status !== 0) throw new Error(`exit ${run.status}: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

const SCRIPT = `
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const say = (value) => { console.log(JSON.stringify(value)); process.exit(0); };
  const quiet = { data: () => {}, closed: () => {} };
  const dialed = (target) => new Promise((resolve) =>
    dial({ timeoutMs: 5000, ...target }, { up: (c) => (resolve(c), quiet), failed: (e) => resolve(e) }));
`;

describe.skipIf(missing !== undefined)(
  `between two ends of a cable${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    beforeAll(() => {
      ip('netns', 'add', NAMESPACE);
      ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up');
      ip('-n', NAMESPACE, 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
      for (const [name, n] of [
        ['left', 1],
        ['right', 2],
      ] as const) {
        ip('-n', NAMESPACE, 'link', 'set', name, 'addrgenmode', 'none');
        ip('-n', NAMESPACE, 'link', 'set', name, 'up');
        ip('-n', NAMESPACE, 'addr', 'add', `fe80::${n}/64`, 'dev', name, 'nodad');
      }
    });
    afterAll(() => ip('netns', 'del', NAMESPACE));

    test('link-local addresses connect on the interface that was named, with MD5 and GTSM', () => {
      const found = inside(`${SCRIPT}
      const heard = [];
      const listener = await listen(
        { address: 'fe80::2', port: 1790, interface: 'right' },
        { accepted: (c) => (heard.push([c.local, c.remote, c.zone]), quiet) });
      listener.admit(guestAt('fe80::1', { password: 'link', gtsmHops: 1 }, 'right'));
      const c = await dialed({ address: 'fe80::2', port: 1790, interface: 'left', localAddress: 'fe80::1', password: 'link', gtsmHops: 1 });
      const d = await dialed({ address: 'fe80::2', port: 1790, interface: 'left', password: 'wrong', gtsmHops: 1, timeoutMs: 400 });
      await wait(100);
      say({ heard, dialed: [c.local, c.remote, c.zone], wrong: d.message });
    `);
      expect(found).toEqual({
        heard: [['fe80::2', 'fe80::1', 'right']],
        dialed: ['fe80::1', 'fe80::2', 'left'],
        wrong: 'fe80::2%left port 1790 does not answer within 0.4 s',
      });
    });

    test('a guest of another interface is a stranger', () => {
      const found = inside(`${SCRIPT}
      let accepted = 0;
      const listener = await listen({ address: '::', port: 1791 }, { accepted: () => (accepted++, quiet) });
      listener.admit(guestAt('fe80::1', {}, 'left'));
      await dialed({ address: 'fe80::2', port: 1791, interface: 'left' });
      await wait(50);
      const before = [accepted, listener.strangers];
      listener.admit(guestAt('fe80::1', {}, 'right'));
      await dialed({ address: 'fe80::2', port: 1791, interface: 'left' });
      await wait(50);
      let refusal = '';
      try { listener.admit(guestAt('fe80::1', { password: 'x' }, 'right')); } catch (e) { refusal = e.message; }
      say({ before, after: [accepted, listener.strangers], refusal });
    `);
      expect(found).toEqual({
        before: [0, 1],
        after: [1, 1],
        refusal:
          'fe80::1/128 is a peer on several interfaces with different passwords; listen at each interface by itself',
      });
    });

    test('BFD goes over link-local addresses, and not to an interface that was not named (RFC 5881 §4)', () => {
      const found = inside(`${SCRIPT}
      const heard = [];
      const bfd = bfdTransport((bytes, arrival) => heard.push([bytes[0], arrival.from, arrival.local, arrival.interface]));
      const a = await bfd.open({ local: 'fe80::1', remote: 'fe80::2', interface: 'left' });
      const b = await bfd.open({ local: 'fe80::2', remote: 'fe80::1', interface: 'right' });
      const astray = await bfd.open({ local: 'fe80::2', remote: 'fe80::9', interface: 'right' });
      a.send(Uint8Array.of(1));
      b.send(Uint8Array.of(2));
      astray.send(Uint8Array.of(3));
      await wait(100);
      say(heard.sort());
    `);
      expect(found).toEqual([
        [1, 'fe80::1', 'fe80::2', 'right'],
        [2, 'fe80::2', 'fe80::1', 'left'],
      ]);
    });

    test('a session tied to an interface does not leave by another', () => {
      const found = inside(`${SCRIPT}
      const listener = await listen({ address: '127.0.0.1', port: 1792 }, { accepted: () => quiet });
      listener.admit(guestAt('127.0.0.1'));
      const wrong = await dialed({ address: '127.0.0.1', port: 1792, interface: 'left', timeoutMs: 400 });
      const right = await dialed({ address: '127.0.0.1', port: 1792, interface: 'lo' });
      say([wrong instanceof Error, right.remote]);
    `);
      expect(found).toEqual([true, '127.0.0.1']);
    });
  },
);
