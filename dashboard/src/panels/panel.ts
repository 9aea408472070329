import type { ComponentType } from 'preact';

/** A tab at the side. Its component takes everything from `useApp()` and `useShown()`. */
export interface Panel {
  /** In the address: `#panel=id`. */
  readonly id: string;
  readonly title: string;
  /** It wants more room than a column. */
  readonly wide?: true;
  readonly Body: ComponentType;
}
