/** Where a running speaker's control socket is, unless its file or the command line says otherwise. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `NEARCAST_SOCKET`; else `/run/nearcast.sock` for root; else one of the user's own. */
export function defaultSocket(
  env: { readonly [name: string]: string | undefined } = process.env,
  uid = process.getuid?.() ?? 0,
): string {
  if (env['NEARCAST_SOCKET']) return env['NEARCAST_SOCKET'];
  if (uid === 0) return '/run/nearcast.sock';
  return env['XDG_RUNTIME_DIR']
    ? join(env['XDG_RUNTIME_DIR'], 'nearcast.sock')
    : join(tmpdir(), `nearcast-${uid}.sock`);
}
