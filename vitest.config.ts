import { defineConfig } from 'vitest/config';

/** The quick suite: everything that needs no root, no daemon and no network beyond loopback. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'dashboard/**/*.test.{ts,tsx}'],
    globalSetup: ['test/scratch.ts'],
    exclude: ['test/interop/**', '**/node_modules/**'],
    // Every core, also where there are only two: half of the default, which leaves one idle, is twice the time.
    maxWorkers: '100%',
    // So long that only what hangs meets them: no test fails on a clock, on however busy a machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
