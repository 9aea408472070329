import { useEffect, useRef, useState } from 'preact/hooks';

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** The size of an element in pixels of the page, kept up to date; zero before it stands. */
export function useSize<E extends Element>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState<Box>({ width: 0, height: 0 });
  useEffect(() => {
    const here = ref.current;
    if (!here) return;
    const seen = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      setSize((was) => (was.width === width && was.height === height ? was : { width, height }));
    });
    seen.observe(here);
    return () => seen.disconnect();
  }, []);
  return [ref, size] as const;
}
