/**
 * A long list of rows of one height, of which only those in sight are drawn. Arrow keys go from row to row, Enter and a
 * click choose. It scrolls by itself, in whatever height its place gives it.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSize } from './use-size.ts';
import './virtual.css';

interface Props {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  /** The row that is marked; it is scrolled into sight when it becomes another one, or another `reveal`. */
  readonly active: number | undefined;
  readonly reveal?: unknown;
  /** Rows come in above: what is read stays in place as long as `grows` stays the same value. */
  readonly grows?: unknown;
  readonly onChoose: (index: number) => void;
  readonly row: (index: number) => ComponentChildren;
  readonly className?: (index: number) => string;
}

/** Rows that are drawn beyond what is in sight. */
const MORE = 6;

export function VirtualList(props: Props) {
  const { label, count, rowHeight, active, reveal, grows, onChoose } = props;
  const id = useId();
  const [box, { height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const before = useRef({ count, grows });
  useLayoutEffect(() => {
    const was = before.current;
    before.current = { count, grows };
    const here = box.current;
    const more = grows !== undefined && was.grows === grows && count > was.count;
    if (here && more && here.scrollTop > rowHeight / 2) here.scrollTop += (count - was.count) * rowHeight;
  }, [count, grows]);
  useEffect(() => {
    const here = box.current;
    if (!here || active === undefined || height === 0) return;
    const at = active * rowHeight;
    if (at < here.scrollTop || at + rowHeight > here.scrollTop + height)
      here.scrollTop = Math.max(0, at - (height - rowHeight) / 2);
  }, [reveal ?? active, height === 0]);
  const from = Math.max(0, Math.floor(top / rowHeight) - MORE);
  const to = Math.min(count, Math.ceil((top + height) / rowHeight) + MORE);
  const key = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const at = active ?? -1;
    const next = (
      {
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        PageDown: at + page,
        PageUp: at - page,
        Home: 0,
        End: count - 1,
        Enter: Math.max(0, at),
      } as { readonly [key: string]: number | undefined }
    )[event.key];
    if (next === undefined || count === 0) return;
    event.preventDefault();
    onChoose(Math.max(0, Math.min(count - 1, next)));
  };
  const drawn = active !== undefined && active >= from && active < to;
  return (
    <div
      ref={box}
      class="virtual"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={drawn ? `${id}-${active}` : undefined}
      onKeyDown={key}
      onScroll={(e) => setTop(e.currentTarget.scrollTop)}
    >
      <div class="virtual-rows" style={{ height: `${count * rowHeight}px` }} role="presentation">
        {Array.from({ length: Math.max(0, to - from) }, (_, n) => {
          const i = from + n;
          return (
            // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and says which row is active
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list hears the keys
            <div
              key={i}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === active}
              aria-setsize={count}
              aria-posinset={i + 1}
              class={`virtual-row ${props.className?.(i) ?? ''}`}
              style={{ top: `${i * rowHeight}px`, height: `${rowHeight}px` }}
              onClick={() => onChoose(i)}
            >
              {props.row(i)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
