/** Two routers of this process over real TCP on loopback. */
import { afterEach, expect, test } from 'vitest';
import { type Address, type Asn, millis } from '../base/index.ts';
import { realClock } from '../host/index.ts';
import { ACCEPT_ALL } from '../policy/index.ts';
import { Router, type Transport } from './router.ts';

const HERE = '127.0.0.1' as Address;
const clock = realClock();
const routers: Router[] = [];
const notes: string[] = [];
afterEach(async () => {
  for (const router of routers.splice(0)) await router.stop();
  notes.length = 0;
});

function router(asn: Asn, listens: boolean): Router {
  const made = new Router({
    speaker: { asn, id: `192.0.2.${asn - 64500}` as Address },
    listen: listens ? [{ address: HERE, port: 0 }] : [],
    clock,
    note: (note) => notes.push(note.kind === 'host' ? note.why : note.kind),
  });
  routers.push(made);
  return made;
}

function peer(own: Asn, remoteAsn: Asn, transport: Transport, passive: boolean) {
  return {
    options: {
      name: 'peer',
      address: HERE,
      session: { localAsn: own, localId: `192.0.2.${own - 64500}` as Address, remoteAsn, passive },
      import: ACCEPT_ALL,
      export: ACCEPT_ALL,
    },
    transport,
  };
}

test('a peer that is tied to an interface may call us: its address names it, unless it is link-local', async () => {
  const called = router(64501, true);
  called.addPeer(peer(64501, 64502, { port: 179, interface: 'lo' }, true));
  await called.start();
  const { port } = called.listeners[0]!;
  const caller = router(64502, false);
  caller.addPeer(peer(64502, 64501, { port }, false));
  await caller.start();
  await expect.poll(() => called.speaker.peers.get('peer')?.established !== undefined).toBe(true);
  expect(notes).not.toContainEqual(expect.stringContaining('refused'));

  called.removePeer('peer');
  await expect.poll(() => caller.speaker.peers.get('peer')?.established).toBe(undefined);
  caller.feed({ kind: 'event', peer: 'peer', event: { kind: 'start' } });
  await expect.poll(() => called.listeners[0]?.strangers).toBe(1);
});

test('a path that BFD could not watch is tried again with the next connection (RFC 5882 §4)', async () => {
  const called = router(64501, true);
  const bfd = { desiredMinTx: millis(300), requiredMinRx: millis(300), detectMult: 3 };
  called.addPeer({ ...peer(64501, 64502, { port: 179, interface: 'no-such' }, true), bfd });
  await called.start();
  const { port } = called.listeners[0]!;
  const caller = router(64502, false);
  caller.addPeer(peer(64502, 64501, { port }, false));
  await caller.start();
  const complaints = () => notes.filter((n) => n.startsWith('BFD cannot watch peer')).length;
  await expect.poll(complaints).toBe(1);
  caller.feed({ kind: 'event', peer: 'peer', event: { kind: 'stop', subcode: 4 } });
  caller.feed({ kind: 'event', peer: 'peer', event: { kind: 'start' } });
  await expect.poll(complaints).toBe(2);
});

test('strict BFD that is not told what to watch is refused in a sentence: no connection would ever be tried (RFC 5882 §4)', () => {
  const bfd = { desiredMinTx: millis(300), requiredMinRx: millis(300), detectMult: 3 };
  const strict = (transport: Transport) => {
    const { options } = peer(64501, 64502, transport, true);
    return { options: { ...options, session: { ...options.session, bfd: 'strict' as const } }, transport };
  };
  expect(() => router(64501, false).addPeer({ ...strict({ port: 179 }), bfd })).toThrow(
    /strict BFD with peer needs a local address/,
  );
  const placed = { port: 179, localAddress: HERE };
  expect(() => router(64501, false).addPeer(strict(placed))).toThrow(/needs BFD's timers/);
  expect(() => router(64501, false).addPeer({ ...strict(placed), bfd })).not.toThrow();
});

test('a session that fails before it was up is spoken of with its cause, once; another cause is another line, and the end of a session is said once', async () => {
  const called = router(64501, true);
  await called.start();
  const { port } = called.listeners[0]!;
  await called.stop();
  const caller = router(64502, false);
  caller.addPeer(peer(64502, 64501, { port }, false));
  await caller.start();
  const said = () => notes.filter((n) => n.includes('does not come up'));
  await expect.poll(said).toHaveLength(1);
  expect(said()[0]).toMatch(/^peer does not come up: cannot connect: .*(refuse|listens)/);
  // Tried again at once: the same cause is no news.
  caller.feed({ kind: 'event', peer: 'peer', event: { kind: 'stop', subcode: 4 } });
  caller.feed({ kind: 'event', peer: 'peer', event: { kind: 'start' } });
  const peerState = () => caller.speaker.peers.get('peer')!.machine;
  await expect.poll(() => peerState().lastError).toMatch(/cannot connect/);
  expect(said()).toHaveLength(1);
});

test('an OPEN of another AS than agreed is spoken of at both ends', async () => {
  const called = router(64501, true);
  called.addPeer(peer(64501, 64999, { port: 179 }, true));
  await called.start();
  const caller = router(64502, false);
  caller.addPeer(peer(64502, 64501, { port: called.listeners[0]!.port }, false));
  await caller.start();
  await expect.poll(() => notes.filter((n) => n.includes('does not come up')).length).toBe(2);
  expect(notes.join()).toMatch(/Bad Peer AS/i);
});
