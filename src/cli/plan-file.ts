/** A plan file from disk: complete, or every mistake in it at once. */
import { readFileSync } from 'node:fs';
import { formatComplaint, type Parsed, parsePlan } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';

export type ReadPlan = Extract<Parsed, { readonly plan: unknown }>;

/** The longest plan that is read, in bytes: a plan of 300 sites has about 200 kB. */
const LONGEST = 16 * 1024 * 1024;

/** Reads the text of a file, or fails with a sentence. */
export function readText(file: string): string {
  try {
    const text = readFileSync(file);
    if (text.length > LONGEST)
      throw new Failure(`${file} has ${text.length} bytes; a plan has at most ${LONGEST}`);
    return text.toString('utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'that is a folder' : String(code);
    throw new Failure(`cannot read ${file}: ${why}`);
  }
}

/** The plan in a file, with the places of everything in it; fails with all complaints, one a line. */
export function readPlan(file: string): ReadPlan {
  const parsed = parsePlan(readText(file), { file });
  if ('plan' in parsed) return parsed;
  const { complaints } = parsed;
  const many = complaints.length === 1 ? 'one mistake' : `${complaints.length} mistakes`;
  throw new Failure(`${many} in ${file}\n${complaints.map(formatComplaint).join('\n')}`, EXIT.usage);
}
