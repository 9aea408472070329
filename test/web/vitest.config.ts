import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The page in a browser, over real networks: slower than the quick suite, and one after the other. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/web/**/*.web.ts'],
    fileParallelism: false,
    // Everything is waited for by itself; these only end what hangs.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
