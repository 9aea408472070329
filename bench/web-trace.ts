/** What a page did while something happened, taken from Chromium's own trace: how long its frames took, and whose time that was. */
import type { Browser, Page } from 'playwright-core';

export interface Work {
  /** Between two frames that the page drew, milliseconds by the clock: with everything, rasterisation and other programs too. */
  readonly longestFrameMs: number;
  readonly frames: number;
  /** The longest task on the page's main thread, milliseconds of processor: our code, the library's, layout, painting commands. */
  readonly longestTaskMs: number;
  /** All tasks of the main thread together. */
  readonly mainMs: number;
  /** The busiest worker of the page: the predictor, where it predicts. */
  readonly workerMs: number;
  /** The GPU process: here it draws on the processor. */
  readonly rasterMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Of the processor rather than the clock. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Counts frames: put it into the page before its own scripts. */
export const FRAMES = `
  window.nearcastFrames = [];
  { let last = 0;
    const tick = (now) => { if (last > 0) window.nearcastFrames.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick); }
`;

export async function traced(browser: Browser, page: Page, act: () => Promise<void>): Promise<Work> {
  await page.evaluate('window.nearcastFrames.length = 0');
  await browser.startTracing(page, {
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline', '__metadata'],
  });
  await act();
  const frames = await page.evaluate<readonly number[]>('window.nearcastFrames');
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const threads = new Map<string, string>();
  for (const e of traceEvents)
    if (e.ph === 'M' && e.name === 'thread_name') threads.set(`${e.pid} ${e.tid}`, e.args?.name ?? '');
  const tasks = new Map<string, number[]>();
  for (const e of traceEvents) {
    if (e.ph !== 'X' || !e.name.endsWith('RunTask')) continue;
    const key = `${e.pid} ${e.tid}`;
    const all = tasks.get(key) ?? [];
    tasks.set(key, all);
    all.push((e.tdur ?? e.dur ?? 0) / 1000);
  }
  const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
  // There may be a spare renderer: the page is the one that works.
  const of = (name: string) =>
    [...tasks]
      .filter(([key]) => threads.get(key) === name)
      .map(([, all]) => all)
      .reduce<readonly number[]>((a, b) => (sum(b) > sum(a) ? b : a), []);
  const main = of('CrRendererMain');
  return {
    longestFrameMs: Math.max(0, ...frames),
    frames: frames.length,
    longestTaskMs: Math.max(0, ...main),
    mainMs: sum(main),
    workerMs: sum(of('DedicatedWorker thread')),
    rasterMs: sum(of('CrGpuMain')),
  };
}
