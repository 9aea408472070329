/** How far long work is. */

export interface Bar {
  tell(count: number, all: number): void;
  end(): void;
}

/** Shorter work shows none. */
const PATIENCE_MS = 1000;
const WIDE = 30;

/** A bar on a terminal, once the work has taken a second; elsewhere nothing. */
export function progressBar(
  done: string,
  stream: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
  now: () => number = Date.now,
): Bar {
  const begun = now();
  let shown = false;
  return {
    tell: (count, all) => {
      if (!stream.isTTY || now() - begun < PATIENCE_MS) return;
      shown = true;
      const full = Math.min(WIDE, Math.round((WIDE * count) / all));
      stream.write(`\r${'█'.repeat(full)}${'░'.repeat(WIDE - full)} ${count} of ${all} ${done}`);
    },
    end: () => {
      if (shown) stream.write('\r\x1b[K');
    },
  };
}
