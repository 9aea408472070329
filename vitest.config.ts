import { defineConfig } from 'vitest/config';

/** The quick suite: everything that needs no root, no daemon and no network beyond loopback. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'dashboard/**/*.test.{ts,tsx}'],
    exclude: ['test/interop/**', '**/node_modules/**'],
    testTimeout: 30_000,
  },
});
