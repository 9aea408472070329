/**
 * `nearcast hello`: two speakers in this process exchange a route over real TCP on loopback, and everything they say is
 * printed. Reading this file is the shortest way to learn how a speaker is used.
 */
import { Command } from 'commander';
import { Router } from '../agent/index.ts';
import { type Address, type Instant, type Prefix, toHex } from '../base/index.ts';
import { realClock } from '../host/index.ts';
import { ACCEPT_ALL } from '../policy/index.ts';
import { type Note, type RouteView, routes } from '../speaker/index.ts';
import { type Agreed, frameLength, IPV4_UNICAST } from '../wire/index.ts';
import { attributeWords, inWords, type Report, report } from './decode-line.ts';
import { Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { noteSentence } from './phrases.ts';

const PREFIX = '203.0.113.0/24' as Prefix;
const GOODBYE = 'that was all, see the README';

/** Two ends of loopback. Systems other than Linux have one address there, which serves for both. */
const SITE = '127.0.0.1' as Address;
const UPSTREAM = (process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1') as Address;

/** No step takes this long on loopback, in milliseconds. */
const PATIENCE = 5000;

/** One thing that happened, in the order it happened. */
export type Step =
  | { readonly atMs: number; readonly who: string; readonly kind: 'did' | 'noted'; readonly text: string }
  /** A message arrived at `who`; its bytes and what they mean. */
  | { readonly atMs: number; readonly who: string; readonly kind: 'received'; readonly report: Report }
  | { readonly atMs: number; readonly who: string; readonly kind: 'route'; readonly route: RouteView };

const EXAMPLES = `
Examples:
  nearcast hello              two speakers exchange a route, and say so
  nearcast hello --json       the same, one JSON object a line

It needs no file, no rights and no network: everything happens on loopback, within two seconds.`;

export function helloCommand(write: Write = toStandardOutput): Command {
  return new Command('hello')
    .description('let two BGP speakers exchange a route over loopback, and show what they say')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      if (!json) write(`${INTRODUCTION}\n`);
      await hello((step) => write(json ? `${JSON.stringify(step)}\n` : inText(step)));
      if (!json) write(FAREWELL);
    });
}

const INTRODUCTION = `Two BGP speakers in one process, joined by TCP on loopback:

  site      AS 64500 at ${SITE}, announces ${PREFIX}
  upstream  AS 64601 at ${UPSTREAM}, takes what it is told
`;

const FAREWELL = `
Now with the router on your desk:  nearcast speak examples/speak/announce.yaml
More words about everything:       nearcast --help
`;

/** Runs the whole conversation; `tell` hears of every step. Rejects when it does not go as it should. */
export async function hello(tell: (step: Step) => void): Promise<void> {
  const clock = realClock();
  const began = clock.now();
  const atMs = () => Math.round((clock.now() - began) * 10) / 10;
  const did = (who: string, text: string) => tell({ atMs: atMs(), who, kind: 'did', text });

  /** A router that tells of what it notes and, through its journal, of every message that reaches it. */
  const router = (who: string, asn: number, id: Address, listen: readonly Address[]) =>
    new Router({
      speaker: { asn, id },
      listen: listen.map((address) => ({ address, port: 0 })),
      clock,
      note: (note) => {
        const text = note.kind === 'host' ? note.why : noted(note);
        if (text !== undefined) tell({ atMs: atMs(), who, kind: 'noted', text });
      },
      journal: {
        write: (entry) => {
          for (const r of messagesIn(entry)) tell({ atMs: atMs(), who, kind: 'received', report: r });
        },
        dropped: 0,
        flush: async () => {},
        close: async () => {},
      },
    });

  const upstream = router('upstream', 64601, '192.0.2.1' as Address, [UPSTREAM]);
  const site = router('site', 64500, '192.0.2.2' as Address, []);
  try {
    upstream.addPeer({
      options: {
        name: 'site',
        address: SITE,
        session: {
          localAsn: 64601,
          localId: '192.0.2.1' as Address,
          remoteAsn: 64500,
          families: [IPV4_UNICAST],
          passive: true,
          role: 'provider',
        },
        // Without these two, nothing would pass between different networks (RFC 8212).
        import: ACCEPT_ALL,
        export: ACCEPT_ALL,
      },
      transport: { port: 179 },
    });
    await upstream.start();
    const { port } = upstream.listeners[0] as { readonly port: number };
    did('upstream', `listens on ${UPSTREAM} port ${port}, which the system chose`);

    site.addPeer({
      options: {
        name: 'upstream',
        address: UPSTREAM,
        session: {
          localAsn: 64500,
          localId: '192.0.2.2' as Address,
          remoteAsn: 64601,
          families: [IPV4_UNICAST],
          role: 'customer',
        },
        import: ACCEPT_ALL,
        export: ACCEPT_ALL,
      },
      transport: { port, localAddress: SITE },
    });
    did('site', `dials ${UPSTREAM}`);
    await site.start();
    const up = (r: Router, peer: string) => r.speaker.peers.get(peer)?.established !== undefined;
    await until('the session', () => up(site, 'upstream') && up(upstream, 'site'));

    did('site', `announces ${PREFIX}`);
    site.feed({
      kind: 'announce',
      prefix: PREFIX,
      attributes: [
        { kind: 'largeCommunities', communities: ['64500:1:1' as never] },
        { kind: 'med', med: 10 },
      ],
    });
    const learnt = () => [...routes(upstream.speaker, { prefix: PREFIX }, 0)];
    await until('the route', () => learnt().length === 1);
    tell({ atMs: atMs(), who: 'upstream', kind: 'route', route: learnt()[0] as RouteView });

    did('site', `withdraws ${PREFIX}`);
    site.feed({ kind: 'withdraw', prefix: PREFIX });
    await until('the withdrawal', () => learnt().length === 0);
    did('upstream', `has no route to ${PREFIX} any more`);

    did('site', 'says goodbye');
    await site.stop(GOODBYE);
    await until('the goodbye', () => !up(upstream, 'site'));
  } finally {
    await site.stop();
    await upstream.stop();
  }
}

/** Resolves when it is so. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const last = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > last) throw new Failure(`${what} did not come within ${PATIENCE / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Both sides speak of 4-octet AS numbers, and neither of anything else that changes how bytes are read. */
const AGREED: Agreed = { asn4: true, extendedMessage: true, addPath: [] };

/** The messages that one entry of a journal brought. On loopback a message of this size comes whole. */
function messagesIn(entry: { readonly at: Instant; readonly bytes?: Uint8Array }): Report[] {
  const { bytes } = entry;
  const reports: Report[] = [];
  for (let at = 0; bytes && at < bytes.length; ) {
    const length = frameLength(bytes, at, bytes.length, true);
    if (length <= 0) break;
    const message = bytes.subarray(at, at + length);
    reports.push({ ...report(message, AGREED, {}), hex: toHex(message) });
    at += length;
  }
  return reports;
}

/** Only the sessions' own news; what arrives is printed anyway. */
function noted(note: Note): string | undefined {
  if (note.kind === 'endOfRib') return undefined;
  const { text, facts } = noteSentence(note);
  const more = Object.entries(facts)
    .filter(([, value]) => !text.includes(String(value)))
    .map(([name, value]) => `${name} ${value}`);
  return more.length > 0 ? `${text} (${more.join(', ')})` : text;
}

function inText(step: Step): string {
  const head = `${step.atMs.toFixed(1).padStart(7)} ms  ${step.who.padEnd(8)}  `;
  const below = ' '.repeat(head.length);
  const lines = (text: string) => text.replaceAll('\n', `\n${below}`);
  switch (step.kind) {
    case 'did':
    case 'noted':
      return `${head}${step.text}\n`;
    case 'received': {
      const words = inWords({ ...step.report, id: undefined, line: 0 }).replace(/^line 0: /, '');
      return `${head}← ${lines(words.trimEnd())}\n${below}  ${folded(step.report.hex ?? '', below)}\n`;
    }
    case 'route': {
      const attributes = step.route.attributes.map(attributeWords);
      return `${head}has the route ${step.route.prefix} from ${step.route.peer}\n${attributes.map((a) => `${below}  ${a}\n`).join('')}`;
    }
  }
}

/** Hexadecimal in groups of four octets, eight groups a line. */
function folded(hex: string, below: string): string {
  const groups = hex.match(/.{1,8}/g) ?? [];
  const rows: string[] = [];
  for (let i = 0; i < groups.length; i += 8) rows.push(groups.slice(i, i + 8).join(' '));
  return rows.join(`\n${below}  `);
}
