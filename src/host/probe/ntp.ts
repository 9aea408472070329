/** One question to an NTP server (RFC 5905): is it synchronised, how far from the truth by its own account, how far from us? */
import { randomBytes } from 'node:crypto';
import type { Attempt, Over } from './attempt.ts';
import { connectUdp } from './exchange.ts';
import type { Endpoint, NtpProbe } from './spec.ts';

/** Seconds from 1900, where NTP begins, to 1970. */
const EPOCH = 2_208_988_800;
const ERA = 0x1_0000_0000;
const LENGTH = 48;

export function askNtp(a: Attempt, probe: NtpProbe, to: Endpoint): void {
  connectUdp(a, to, (socket) => {
    const query = Buffer.alloc(LENGTH);
    // Leap 0, version 4, mode 3: client. The transmit timestamp is random: it comes back and proves whose answer it is.
    query[0] = 0x23;
    const cookie = randomBytes(8);
    cookie.copy(query, 40);
    const sent = Date.now();
    const began = performance.now();
    socket.on('message', (m) => {
      if (m.length < LENGTH || ((m[0] as number) & 7) !== 4 || !m.subarray(24, 32).equals(cookie)) {
        a.waiting = 'something came that is no answer to our question, and nothing else';
        return;
      }
      const received = sent + (performance.now() - began);
      judge(a, probe, m, sent, received);
    });
    socket.send(query);
  });
}

function judge(a: Attempt, probe: NtpProbe, m: Buffer, sent: number, received: number): Over {
  const leap = (m[0] as number) >> 6;
  const stratum = m[1] as number;
  if (stratum === 0)
    return a.bad(`sends us away (${m.toString('latin1', 12, 16).replace(/[^A-Z0-9]/g, '?')})`);
  if (leap === 3 || stratum > 15) return a.bad('is not synchronised');
  if (stratum > probe.maxStratum)
    return a.bad(`is at stratum ${stratum}; at most ${probe.maxStratum} is asked for`);
  const offset = (timestamp(m, 32, sent) - sent + (timestamp(m, 40, sent) - received)) / 2;
  const away = `${Math.abs(offset).toFixed(1)} ms ${offset < 0 ? 'behind' : 'ahead of'} this host`;
  if (probe.maxOffset !== undefined && Math.abs(offset) > probe.maxOffset)
    return a.bad(`is ${away}; at most ${probe.maxOffset} ms is asked for`);
  a.good(`stratum ${stratum}, ${away}`);
}

/** A timestamp in Unix milliseconds, in the era of 2³² seconds that is nearest to `near` (RFC 5905 §6). */
export function timestamp(m: Buffer, at: number, near: number): number {
  const s = m.readUInt32BE(at) + m.readUInt32BE(at + 4) / ERA - EPOCH;
  return (s + Math.round((near / 1000 - s) / ERA) * ERA) * 1000;
}
