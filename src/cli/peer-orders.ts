/** `nearcast disable`, `enable`, `restart` and `refresh`: orders about one peer of a running speaker. */
import { Argument, type Command } from 'commander';
import { type OrderOptions, order, orderCommand, peerLine } from './order.ts';
import { toStandardOutput, type Write } from './output.ts';

interface TextOptions extends OrderOptions {
  readonly text?: string;
}

const TEXT = [
  '--text <words>',
  "why, for the peer's operator to read (RFC 9003, at most 255 bytes)",
] as const;

export function disableCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'disable',
    'take a session down and keep it down until enabled',
    `  nearcast disable upstream --text "maintenance until 04:00, ticket 1234"
  nearcast disable 198.51.100.1 --json

The peer hears a Cease / Administrative Shutdown. It lasts until 'nearcast enable', or until the speaker is started again.`,
  )
    .argument('<peer>', 'name or address of the peer')
    .option(...TEXT)
    .action((peer: string, o: TextOptions) =>
      order('disable', { peer, ...(o.text === undefined ? {} : { text: o.text }) }, o, write, peerLine),
    );
}

export function enableCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'enable',
    'begin a session that was disabled, or try again at once one that waits',
    '  nearcast enable upstream',
  )
    .argument('<peer>', 'name or address of the peer')
    .action((peer: string, o: OrderOptions) => order('enable', { peer }, o, write, peerLine));
}

export function restartCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'restart',
    'take a session down and begin it anew',
    `  nearcast restart upstream --text "new password"

The peer hears a Cease / Administrative Reset.`,
  )
    .argument('<peer>', 'name or address of the peer')
    .option(...TEXT)
    .action((peer: string, o: TextOptions) =>
      order('restart', { peer, ...(o.text === undefined ? {} : { text: o.text }) }, o, write, peerLine),
    );
}

export function refreshCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'refresh',
    'ask a peer for all its routes again, or tell it all of ours, without touching the session (RFC 2918)',
    `  nearcast refresh upstream
  nearcast refresh upstream out`,
  )
    .argument('<peer>', 'name or address of the peer')
    .addArgument(
      new Argument('[way]', 'in: ask for its routes; out: send it ours').choices(['in', 'out']).default('in'),
    )
    .action((peer: string, way: 'in' | 'out', o: OrderOptions) =>
      order('refresh', { peer, way }, o, write, (p) => {
        const families = p.families.join(' and ');
        return way === 'out'
          ? `${p.name}: told all of ${families} again`
          : `${p.name}: asked for ${families}`;
      }),
    );
}
