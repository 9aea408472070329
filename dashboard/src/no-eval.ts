/**
 * zod as the page takes it (`vite.config.ts`). The page is served with a policy that forbids code made from text, and browsers
 * report even the attempt; zod makes its parsers from text unless told before the first schema. Here it is told before anybody
 * has it, in whichever chunk or worker that is.
 */
import { config } from 'zod/v4';

config({ jitless: true });

export * from 'zod/v4';
