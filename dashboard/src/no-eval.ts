/**
 * The page is served with a policy that forbids code made from text, and browsers report even the attempt. zod makes its parsers
 * from text unless told before its first schema; hence this is the first import of the page.
 */
import { config } from 'zod';

config({ jitless: true });
