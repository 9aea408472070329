/** The small world that tests of `nearcast up` start: the command as a process, and what it says as JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../bin/nearcast', import.meta.url));

/** Three sites that do everything quickly. */
export const THREE = `
network: three
asn: 64500
prefixes: [203.0.113.0/24]
defaults:
  upstream: { role: provider, hold-time: 9s }
  service: { rise: 2, fall: 2, min-stable: 0s }
  probe: { every: 500ms, timeout: 300ms, fast: 50ms }
sites:
  fra: { id: 1, place: "Frankfurt, DE", capacity: 40 Gbps, upstreams: [{ asn: 64601, address: 198.51.100.1 }] }
  nyc: { id: 2, place: "New York, US", capacity: 40 Gbps, upstreams: [{ asn: 64602, address: 198.51.100.5 }] }
  tyo: { id: 3, place: "Tokyo, JP", capacity: 40 Gbps, upstreams: [{ asn: 64603, address: 198.51.100.9 }] }
services:
  web: { address: 203.0.113.80, probes: [{ http: { path: /healthy } }] }
guard: { keep: 1, leave: 10 per 1s, lease: 10s }
drain: { settle: 300ms, empty: { sessions: 0, traffic: 10 Mbps, for: 300ms }, deadline: 3s, gone: 300ms, return: 300ms }
controller: http://192.0.2.1:4786
`;

/** The internet around it: small, and the same every time. */
export const SMALL = ['--ases', '20', '--seed', '3'] as const;

export type Line = { readonly [key: string]: unknown };

/** Starts `up` in a small internet; `hear` is given each line that it says. */
export function startUp(file: string, args: readonly string[], hear: (line: Line) => void): ChildProcess {
  const child = spawn(process.execPath, [BIN, 'up', file, '--json', ...SMALL, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    const lines = text.split('\n');
    text = lines.pop() as string;
    for (const line of lines) hear(JSON.parse(line) as Line);
  });
  return child;
}
