/** How fast the codec is on one core: `node bench/wire.ts`. A typical UPDATE: 6 prefixes, a path of 5, two communities. */
import { cpus } from 'node:os';
import type { Address, Community, Prefix } from '../src/base/index.ts';
import { DEFAULT_CONTEXT, reportLine } from '../src/cli/decode-line.ts';
import { decodeMessage, encodeMessage, frameLength, parsePath, type Update } from '../src/wire/index.ts';

const update: Update = {
  kind: 'update',
  withdrawn: [],
  attributes: [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', path: parsePath('64500 64501 64502 64503 64504') ?? [] },
    { kind: 'nextHop', nextHop: '192.0.2.1' as Address },
    { kind: 'communities', communities: ['64500:1', '64500:2'] as Community[] },
  ],
  announced: [1, 2, 3, 4, 5, 6].map((i) => ({ prefix: `203.0.${i}.0/24` as Prefix })),
};
const update6: Update = {
  ...update,
  attributes: [
    {
      kind: 'mpReach',
      family: 'ipv6-unicast' as never,
      nextHop: '2001:db8::1' as Address,
      announced: [1, 2, 3, 4, 5, 6].map((i) => ({ prefix: `2001:db8:${i}::/48` as Prefix })),
    },
    ...update.attributes.filter((a) => a.kind !== 'nextHop'),
  ],
  announced: [],
};

const bytes = encodeMessage(update, DEFAULT_CONTEXT);
const bytes6 = encodeMessage(update6, DEFAULT_CONTEXT);
const hex = Buffer.from(bytes).toString('hex');
const line = JSON.stringify({ id: 1, hex, ctx: { asn4: true } });

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`);
measure('decode UPDATE, IPv4', () => decodeMessage(bytes, DEFAULT_CONTEXT));
measure('decode UPDATE, IPv6', () => decodeMessage(bytes6, DEFAULT_CONTEXT));
measure('encode UPDATE, IPv4', () => encodeMessage(update, DEFAULT_CONTEXT));
measure('encode UPDATE, IPv6', () => encodeMessage(update6, DEFAULT_CONTEXT));
measure('find the frame', () => frameLength(bytes, 0, bytes.length, false));
measure('JSON line to JSON report', () => JSON.stringify(reportLine(line, 1, 'auto', DEFAULT_CONTEXT)));

/** Prints the best of five runs of 0.3 s, after one to warm up. */
function measure(name: string, run: () => unknown): void {
  let best = 0;
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    let [n, spent] = [0, 0];
    while (spent < 300) {
      for (let i = 0; i < 500; i++) run();
      n += 500;
      spent = performance.now() - start;
    }
    if (round > 0) best = Math.max(best, n / spent);
  }
  console.log(
    `${name.padEnd(28)} ${Math.round(best * 1000)
      .toLocaleString('en')
      .padStart(12)} /s`,
  );
}
