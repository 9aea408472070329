/** Which clients are on the map: those that are observed, those that are predicted, or none. */
import type { View } from '../store/view.ts';

export const SHOWN_CLIENTS = ['observed', 'predicted', 'off'] as const;
export type ShownClients = (typeof SHOWN_CLIENTS)[number];

/** In the address as `clients`; unless somebody chose, the what-if shows what it is about. */
export function shownClients({ more, panel, selected }: View): ShownClients {
  const chosen = SHOWN_CLIENTS.find((s) => s === more['clients']);
  if (chosen) return chosen;
  return panel === 'what-if' || selected?.kind === 'network' ? 'predicted' : 'observed';
}
