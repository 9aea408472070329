/** The tabs at the side, in order; the first is what one sees first. What is not needed at once is loaded when it is opened. */
import { lazy } from '../ui/lazy.tsx';
import { Now } from './now.tsx';
import type { Panel } from './panel.ts';

export const PANELS: readonly Panel[] = [
  { id: 'now', title: 'Now', Body: Now },
  {
    id: 'timeline',
    title: 'Timeline',
    Body: lazy('the timeline', () => import('./timeline.tsx').then((m) => ({ default: m.TimelinePanel }))),
  },
  {
    id: 'heat',
    title: 'Over time',
    Body: lazy('the heat map', () => import('./heat.tsx').then((m) => ({ default: m.HeatPanel }))),
  },
  {
    id: 'traffic',
    title: 'Traffic',
    Body: lazy('the charts', () => import('./traffic.tsx').then((m) => ({ default: m.TrafficPanel }))),
  },
  {
    id: 'matrix',
    title: 'Expected',
    Body: lazy('the matrix', () => import('./matrix.tsx').then((m) => ({ default: m.MatrixPanel }))),
  },
  {
    id: 'who',
    title: 'Who serves',
    Body: lazy('the table', () => import('./who.tsx').then((m) => ({ default: m.WhoPanel }))),
  },
  { id: 'what-if', title: 'What if', Body: lazy('the what-if', () => import('../whatif/panel.tsx')) },
  {
    id: 'actions',
    title: 'Actions',
    Body: lazy('the actions', () => import('./actions.tsx').then((m) => ({ default: m.ActionsPanel }))),
  },
  {
    id: 'diagram',
    title: 'Diagram',
    wide: true,
    Body: lazy('the diagram', () => import('./diagram.tsx').then((m) => ({ default: m.DiagramPanel }))),
  },
];

/** The panel of a view. */
export function panelOf(id: string | undefined): Panel {
  return PANELS.find((panel) => panel.id === id) ?? (PANELS[0] as Panel);
}
