/** A canvas as sharp as the screen, and the colours of the page on it. */

/** Makes the canvas `width` by `height` pixels of the page, empty; undefined where it cannot be drawn on. */
export function brush(
  canvas: HTMLCanvasElement | null,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  const context = canvas?.getContext('2d');
  if (!canvas || !context || width <= 0 || height <= 0) return undefined;
  const scale = Math.min(3, globalThis.devicePixelRatio || 1);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** `--dim` and the like, as they are now. */
export function colours<N extends string>(
  element: Element,
  ...names: readonly N[]
): { readonly [name in N]: string } {
  const style = getComputedStyle(element);
  return Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()])) as {
    [name in N]: string;
  };
}
