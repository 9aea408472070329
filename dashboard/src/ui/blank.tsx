/** Places where nothing is to be shown yet, or any more: each says why and what one can do. */
import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: string;
  /** Something is under way. */
  readonly wait?: boolean;
  readonly children?: ComponentChildren;
}

export function Blank({ title, wait, children }: Props) {
  return (
    <div class="blank" role={wait ? 'status' : undefined}>
      {wait && <div class="wait" aria-hidden="true" />}
      <h2>{title}</h2>
      {children}
    </div>
  );
}
