/** How many steps a peer makes in a second on one core: `node bench/session.ts [seconds]`. */
import { cpus } from 'node:os';
import { type Address, type Instant, instant } from '../src/base/index.ts';
import { newPeer, ourOpen, type PeerEvent, peerDue, settingsOf, stepPeer } from '../src/session/index.ts';

const ends = { local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address };
const theirs = settingsOf({ localAsn: 64501, localId: '10.0.0.2' as Address, remoteAsn: 64500 });
const open = ourOpen(theirs, { restarting: false, forwarding: [] });
const link = 'outgoing';

let up = newPeer({ localAsn: 64500, localId: '10.0.0.1' as Address, remoteAsn: 64501 });
for (const event of [
  { kind: 'start' },
  { kind: 'tcpUp', link, ...ends },
  { kind: 'open', link, open },
  { kind: 'keepalive', link },
] as const)
  [up] = stepPeer(up, event, instant(0));
if (up.outgoing?.phase !== 'established') throw new Error(`not established: ${up.lastError}`);

const ROWS: { readonly [name: string]: readonly PeerEvent[] } = {
  update: [{ kind: 'update', link }],
  'update and keepalive': [
    { kind: 'update', link },
    { kind: 'keepalive', link },
  ],
  'update, sent, blocked': [
    { kind: 'update', link },
    { kind: 'blocked', link },
    { kind: 'sent', link },
  ],
};

const most = Number(process.argv[2] ?? 1) * 1000;
console.log(
  `${cpus()[0]?.model}, Node ${process.version}; each step a millisecond later, with its next deadline`,
);
for (const [name, events] of Object.entries(ROWS)) {
  for (const run of ['warm-up', 'measured']) {
    let p = up;
    let steps = 0;
    let now = 0;
    let latest = 0;
    const begun = performance.now();
    const limit = run === 'warm-up' ? most / 4 : most;
    while (performance.now() - begun < limit) {
      for (let i = 0; i < 3000; i++) {
        // Time stands still every 20 s, lest KEEPALIVEs fall due.
        now = (now + 1) % 20_000;
        [p] = stepPeer(p, events[i % events.length] as PeerEvent, now as Instant);
        latest = peerDue(p) ?? 0;
      }
      steps += 3000;
    }
    const rate = steps / ((performance.now() - begun) / 1000);
    if (run === 'measured')
      console.log(`${name.padEnd(24)} ${(rate / 1e6).toFixed(1)} M steps/s (${latest})`);
  }
}
