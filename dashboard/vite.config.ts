import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { landPlugin } from './land.ts';

/** Where `npm run dev:dashboard` finds a running `nearcast up`. */
const UP = process.env['NEARCAST_UP'] ?? 'http://127.0.0.1:8070';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the page works wherever it is served.
  base: './',
  plugins: [landPlugin()],
  resolve: {
    alias: [{ find: /^zod$/, replacement: fileURLToPath(new URL('src/no-eval.ts', import.meta.url)) }],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    host: '127.0.0.1',
    fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] },
    // It answers its own page alone, so this one says that it is that.
    proxy: { '/api': { target: UP, changeOrigin: true, headers: { origin: UP } } },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    // The map is one library of this size; it is loaded after the page stands.
    chunkSizeWarningLimit: 1400,
    rolldownOptions: {
      output: {
        // Some servers do not know what .mjs is.
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith('.mjs'))
            ? 'assets/[name]-[hash].js'
            : 'assets/[name]-[hash][extname]',
      },
    },
  },
});
