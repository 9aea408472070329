/** The tabs at the side, in order; the first is what one sees first. What is not needed at once is loaded when it is opened. */
import { Now } from './now.tsx';
import type { Panel } from './panel.ts';

export const PANELS: readonly Panel[] = [{ id: 'now', title: 'Now', Body: Now }];

/** The panel of a view. */
export function panelOf(id: string | undefined): Panel {
  return PANELS.find((panel) => panel.id === id) ?? (PANELS[0] as Panel);
}
