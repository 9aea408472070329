/** One front at several addresses of this machine, all at the same port. */
import { HostError } from '../host/index.ts';
import type { Front } from './front-http.ts';

export interface Fronts extends Front {
  /** The addresses that it listens at. */
  readonly hosts: readonly string[];
}

/** The system chooses a port for the first address; how often we begin anew when another address has it taken. */
const ATTEMPTS = 10;

/**
 * Opens a front at each address. The first has to be had; of the others, those that the machine does not have are left out
 * (many a container has no ::1). Rejects with a {@link HostError}, and then nothing of it is left.
 */
export async function openFronts(
  hosts: readonly string[],
  port: number,
  open: (host: string, port: number) => Promise<Front>,
): Promise<Fronts> {
  for (let attempt = 1; ; attempt++) {
    const opened: { readonly host: string; readonly front: Front }[] = [];
    const close = async () => {
      await Promise.all(opened.map(({ front }) => front.close()));
    };
    try {
      for (const host of hosts) {
        const at = opened[0]?.front.port ?? port;
        const front = await open(host, at).catch((error: unknown) => {
          if (opened.length > 0 && isAbsent(error)) return undefined;
          throw error;
        });
        if (front) opened.push({ host, front });
      }
      return { port: opened[0]?.front.port ?? port, hosts: opened.map((o) => o.host), close };
    } catch (error) {
      await close();
      const again = port === 0 && error instanceof HostError && error.kind === 'in-use';
      if (!again || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The machine has no such address, or no such family. */
function isAbsent(error: unknown): boolean {
  const cause = error instanceof HostError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(cause?.code ?? '');
}
