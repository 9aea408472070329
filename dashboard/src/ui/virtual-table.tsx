/**
 * A long table, of which only the rows in sight are drawn. The first cell of a row is a button, and the whole row is its face;
 * arrow keys go from row to row.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useSize } from './use-size.ts';
import './virtual.css';

interface Props {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  /** Its `th`s. */
  readonly head: ComponentChildren;
  /** What is in the button of the first cell. */
  readonly name: (index: number) => ComponentChildren;
  /** The other cells, as `td`s. */
  readonly cells: (index: number) => ComponentChildren;
  readonly onChoose: (index: number) => void;
  /** Columns, as CSS has them. */
  readonly className: string;
}

const MORE = 6;
const HEAD = 32;

export function VirtualTable({ label, count, rowHeight, head, name, cells, onChoose, className }: Props) {
  const [box, { height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const wanted = useRef<number | undefined>(undefined);
  const current = Math.min(active, count - 1);
  useEffect(() => {
    if (wanted.current === undefined) return;
    wanted.current = undefined;
    box.current?.querySelector<HTMLElement>('tbody button[tabindex="0"]')?.focus({ preventScroll: true });
  }, [current]);
  const from = Math.max(0, Math.floor(top / rowHeight) - MORE);
  const to = Math.min(count, Math.ceil((top + height) / rowHeight) + MORE);
  const key = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((height - HEAD) / rowHeight) - 1);
    const goal = (
      {
        ArrowDown: current + 1,
        ArrowUp: current - 1,
        PageDown: current + page,
        PageUp: current - page,
        Home: 0,
        End: count - 1,
      } as { readonly [key: string]: number | undefined }
    )[event.key];
    const here = box.current;
    if (goal === undefined || !here || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(count - 1, goal));
    const y = next * rowHeight;
    if (y < here.scrollTop) here.scrollTop = y;
    if (y + rowHeight + HEAD > here.scrollTop + height) here.scrollTop = y + rowHeight + HEAD - height;
    setTop(here.scrollTop);
    wanted.current = next;
    setActive(next);
  };
  // One row can always be reached by Tab, also when the active one is out of sight.
  const reached = current >= from && current < to ? current : from;
  return (
    <div class="virtual" ref={box} onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
      <table class={`virtual-table ${className}`} aria-label={label} aria-rowcount={count + 1}>
        <thead>
          <tr aria-rowindex={1}>{head}</tr>
        </thead>
        <tbody style={{ height: `${count * rowHeight}px` }}>
          {Array.from({ length: Math.max(0, to - from) }, (_, n) => {
            const i = from + n;
            return (
              <tr
                key={i}
                aria-rowindex={i + 2}
                style={{ top: `${i * rowHeight}px`, height: `${rowHeight}px` }}
              >
                <td>
                  <button
                    type="button"
                    class="plain cut"
                    tabIndex={i === reached ? 0 : -1}
                    onFocus={() => setActive(i)}
                    onKeyDown={key}
                    onClick={() => onChoose(i)}
                  >
                    {name(i)}
                  </button>
                </td>
                {cells(i)}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
