/** The control socket as every verb means it. */
import { controlPath } from '../host/index.ts';

/** Where a running speaker is asked, unless its file or the command line says otherwise: `NEARCAST_SOCKET`, or the user's own. */
export function defaultSocket(env: { readonly [name: string]: string | undefined } = process.env): string {
  return env['NEARCAST_SOCKET'] || controlPath('speak');
}
