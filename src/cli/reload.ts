/** `nearcast reload`: makes a running speaker follow its file again. */
import type { Command } from 'commander';
import { type OrderOptions, order, orderCommand, toStandardOutput, type Write } from './order.ts';
import { counted } from './phrases.ts';
import type { ReloadView } from './views.ts';

export function reloadCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'reload',
    'read the speaker's file again and do what is different in it',
    `  nearcast reload
  kill -HUP PID          the same, told by signal; what came of it is in the log

Sessions that did not change are not touched, and new policy is applied to routes that are already there. A mistake in
the file, or a change that only a new start can make (asn, id, listen, control, log, journal), changes nothing: exit 1 or 2.`,
  ).action((o: OrderOptions) => order('reload', {}, o, write, inText));
}

function inText(view: ReloadView): string {
  const parts = reloadParts(view);
  return parts.length === 0 ? 'nothing is different in the file' : parts.join('\n');
}

/** In one line, for a log. */
export function reloadSentence(view: ReloadView): string {
  const parts = reloadParts(view);
  return parts.length === 0
    ? 'the file was read again, nothing is different'
    : `read again: ${parts.join('; ')}`;
}

function reloadParts(v: ReloadView): readonly string[] {
  const named = (words: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${words} ${names.join(', ')}`];
  return [
    ...named('removed', v.removed),
    ...named('added', v.added),
    ...v.restarted.map((r) => `restarted ${r.peer} because of ${r.because.join(', ')}`),
    ...named('new policy for', v.policy),
    ...named('disabled', v.disabled),
    ...named('enabled', v.enabled),
    ...(v.announced > 0 ? [`announced ${counted(v.announced, 'prefix', 'prefixes')}`] : []),
    ...(v.withdrawn > 0 ? [`withdrew ${counted(v.withdrawn, 'prefix', 'prefixes')}`] : []),
    ...(v.bestPath ? ['best-path changed, every prefix decided anew'] : []),
  ];
}
