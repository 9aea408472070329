/** Weights by value, in equal steps from zero whose width is a round number. Pure. */
export interface Histogram {
  readonly bins: readonly number[];
  readonly width: number;
}

const ROUND = [1, 2, 2.5, 5, 10];

/** At most `most` steps, as many as the largest value needs. Of nothing: one empty step. */
export function histogram(values: readonly (readonly [number, number])[], most: number): Histogram {
  const largest = values.reduce((a, [v]) => Math.max(a, v), 0);
  const width = roundUp(largest / most);
  const bins = new Array<number>(Math.max(1, Math.min(most, Math.ceil(largest / width)))).fill(0);
  for (const [value, weight] of values) {
    const i = Math.min(bins.length - 1, Math.floor(value / width));
    bins[i] = (bins[i] as number) + weight;
  }
  return { bins, width };
}

function roundUp(width: number): number {
  if (!(width > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(width));
  return power * (ROUND.find((r) => r * power >= width * (1 - 1e-9)) ?? 10);
}
