/** The predictor in a browser: bundled as the dashboard's worker has it, and run where Node's globals are not. */
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { build, type Rollup } from 'vite';
import { expect, test } from 'vitest';

test('the kernel bundles for a browser without anything of Node, and predicts there', {
  timeout: 60_000,
}, async () => {
  const entry = fileURLToPath(new URL('../src/predict/index.ts', import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry, formats: ['iife'], name: 'predictor', fileName: 'p' },
    },
  })) as Rollup.RollupOutput[];
  const code = (built[0] as Rollup.RollupOutput).output[0].code;
  expect(code).not.toMatch(/\brequire\(|from ?["']node:|__vite-browser-external/);
  const program = `${code};
    const world = predictor.worldIn('1 > 2 3\\n1 = 4\\n4 > 5');
    const at = (site, upstream) => ({ site, upstream, relation: 'provider' });
    const p = predictor.predict(predictor.groundOf(world), { operator: 64500, announcements: [at('a', 2), at('b', 5)] });
    JSON.stringify([3, 4].map((asn) => predictor.clientAnswer(p, asn).parts));`;
  const said = new Script(program).runInContext(
    createContext({ TextEncoder, TextDecoder, structuredClone, URL }),
  );
  expect(JSON.parse(said as string)).toEqual([[{ site: 'a', part: 1 }], [{ site: 'b', part: 1 }]]);
});
