/** The control socket as every verb means it. */
import { type ControlClient, connectControl, controlPath } from '../host/index.ts';

/** Where a running speaker is asked, unless its file or the command line says otherwise: `NEARCAST_SOCKET`, or the user's own. */
export function defaultSocket(env: { readonly [name: string]: string | undefined } = process.env): string {
  return env['NEARCAST_SOCKET'] || controlPath('speak');
}

/** Connects for as long as `use` takes. Rejects as it does, or with exit 5 when nobody is there. */
export async function withControl<T>(socket: string, use: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = await connectControl(socket);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
