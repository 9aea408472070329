/** `nearcast announce` and `withdraw`: what a running speaker originates, changed by hand. */
import { type Command, InvalidArgumentError } from 'commander';
import { type OrderOptions, order, orderCommand } from './order.ts';
import { toStandardOutput, type Write } from './output.ts';
import { printable } from './table.ts';
import type { AnnounceView } from './views.ts';

interface AnnounceOptions extends OrderOptions {
  readonly nextHop?: string;
  readonly origin?: string;
  readonly asPath?: string;
  readonly prepend?: number;
  readonly med?: number;
  readonly localPref?: number;
  readonly community?: readonly string[];
  readonly largeCommunity?: readonly string[];
  readonly extendedCommunity?: readonly string[];
}

export function announceCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'announce',
    'originate prefixes from a running speaker, or change what is said of them',
    `  nearcast announce 203.0.113.0/24
  nearcast announce 203.0.113.0/24 2001:db8:53::/48 --community 64601:100 --community no-export
  nearcast announce 203.0.113.0/24 --prepend 2 --med 50      less preferred from now on

What is said replaces what was said of the prefix before. It lasts until 'nearcast withdraw', or until the speaker is
started again: what is to last longer belongs in its file. Export policy decides who is told, and the answer says so.`,
  )
    .argument('<prefix...>', 'prefixes to announce')
    .option('--next-hop <address>', 'next hop instead of our own end of each session')
    .option('--origin <origin>', 'igp (default), egp or incomplete')
    .option('--as-path <path>', 'AS path behind our own AS, such as "64501 {64502,64503}"')
    .option('--prepend <times>', 'repeat our own AS', wholeNumber)
    .option('--med <number>', 'multi-exit discriminator', wholeNumber)
    .option('--local-pref <number>', 'local preference', wholeNumber)
    .option('--community <community>', 'once for each: 64500:1, no-export, graceful-shutdown', collect)
    .option('--large-community <community>', 'once for each: 64500:1:2', collect)
    .option('--extended-community <community>', 'once for each: rt:64500:1', collect)
    .action((prefix: readonly string[], o: AnnounceOptions) =>
      order('announce', { prefix, ...attributesOf(o) }, o, write, inText),
    );
}

export function withdrawCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'withdraw',
    'withdraw prefixes that a running speaker originates',
    `  nearcast withdraw 203.0.113.0/24

All of them or, when one is not announced here, none (exit 1). It lasts until 'nearcast announce', or until the speaker
is started again.`,
  )
    .argument('<prefix...>', 'prefixes to withdraw')
    .action((prefix: readonly string[], o: OrderOptions) => order('withdraw', { prefix }, o, write, inText));
}

/** In the words of the speaker's file, which reads them. */
function attributesOf(o: AnnounceOptions): { readonly [key: string]: unknown } {
  const given = {
    'next-hop': o.nextHop,
    origin: o.origin,
    'as-path': o.asPath,
    prepend: o.prepend,
    med: o.med,
    'local-pref': o.localPref,
    communities: o.community,
    'large-communities': o.largeCommunity,
    'extended-communities': o.extendedCommunity,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('a whole number.');
  return Number(text);
}

function collect(one: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), one];
}

/** A line for each prefix; below it the peers, where there is something to say of them. */
function inText({ done, prefixes }: AnnounceView): string {
  return prefixes
    .flatMap(({ prefix, peers }) => [
      `${done} ${prefix}`,
      ...(done === 'announced' ? peers.map((p) => `  ${p.peer}: ${p.why}`) : []),
    ])
    .map(printable)
    .join('\n');
}
