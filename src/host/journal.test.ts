import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Instant, instant } from '../base/index.ts';
import { type JournalFile, journal, journalFiles, PENDING_LIMIT, readJournal } from './journal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Note {
  readonly at: Instant;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly large?: bigint;
}

const note = (at: number, text = `event ${at}`): Note => ({ at: instant(at), text });

async function linesOf(path: string) {
  const lines = [];
  for await (const line of readJournal<Note>(path)) lines.push(line);
  return lines;
}

test('what is written is read back with its line number; bytes and large numbers keep their kind', async () => {
  const path = join(folder, 'deep', 'j.jsonl');
  const j = journal<Note>({ path });
  const events: Note[] = [
    note(0.25),
    { at: instant(1), bytes: Uint8Array.of(0, 255, 16), large: 2n ** 63n },
    { at: instant(2), bytes: Buffer.from('xy') },
    note(3, 'zwei\nZeilen „ü“'),
  ];
  for (const event of events) j.write(event);
  await j.close();
  expect(await linesOf(path)).toEqual([
    { line: 1, event: events[0] },
    { line: 2, event: events[1] },
    { line: 3, event: { at: 2, bytes: Uint8Array.of(0x78, 0x79) } },
    { line: 4, event: events[3] },
  ]);
  expect(j.dropped).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('events gather, and leave by themselves', async () => {
  const path = join(folder, 'j.jsonl');
  const j = journal<Note>({ path });
  j.write(note(1));
  const end = performance.now() + 3000;
  while (readdirSync(folder).length === 0 || statSync(path).size === 0) {
    if (performance.now() > end) throw new Error('the line never came');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await j.close();
  expect((await linesOf(path)).length).toBe(1);
});

test('a torn last line is a complaint, and the next writer loses only that one', async () => {
  const path = join(folder, 'j.jsonl');
  writeFileSync(path, '{"at":1}\n{"at":2,"te');
  expect(await linesOf(path)).toEqual([
    { line: 1, event: { at: 1 } },
    { line: 2, complaint: 'cut off after 11 characters: the writer was stopped in this line' },
  ]);
  const j = journal<Note>({ path });
  j.write(note(3));
  await j.close();
  appendFileSync(path, '[]\n"x"\n\n{"at":4}\n');
  expect(await linesOf(path)).toEqual([
    { line: 1, event: { at: 1 } },
    { line: 2, complaint: 'no JSON' },
    { line: 3, event: note(3) },
    { line: 4, complaint: 'no event: an object with the instant `at` is expected' },
    { line: 5, complaint: 'no event: an object with the instant `at` is expected' },
    { line: 6, complaint: 'no JSON' },
    { line: 7, event: { at: 4 } },
  ]);
});

test('files turn over at their size, the oldest goes, and all that stay are read in order', async () => {
  const path = join(folder, 'j.jsonl');
  const j = journal<Note>({ path, fileLimit: 200, keep: 2 });
  for (let i = 0; i < 40; i++) {
    j.write(note(i));
    if (i % 7 === 0) await j.flush();
  }
  await j.close();
  const files = journalFiles(path, readdirSync(folder));
  expect(files).toEqual([`${path}.2`, `${path}.1`, path]);
  const seen: number[] = [];
  for (const file of files) {
    expect(statSync(file).size).toBeLessThanOrEqual(200);
    for await (const line of readJournal<Note>(file)) if ('event' in line) seen.push(line.event.at);
  }
  expect(seen.at(-1)).toBe(39);
  expect(seen).toEqual(seen.map((_, i) => (seen[0] as number) + i));
  expect(seen.length).toBeGreaterThan(10);
});

test('a restart goes on in the same file, and without older files to keep the file begins anew', async () => {
  const path = join(folder, 'j.jsonl');
  for (let run = 0; run < 3; run++) {
    const j = journal<Note>({ path });
    j.write(note(run));
    await j.close();
  }
  expect((await linesOf(path)).length).toBe(3);
  const j = journal<Note>({ path, fileLimit: 100, keep: 0 });
  for (let i = 0; i < 20; i++) j.write(note(i));
  await j.close();
  expect(readdirSync(folder)).toEqual(['j.jsonl']);
  expect(statSync(path).size).toBeLessThanOrEqual(100);
});

/** A disk that is full while `full` holds. */
function disk() {
  const state = { full: true, text: '', opened: 0 };
  const open = async (): Promise<JournalFile> => {
    state.opened++;
    return {
      append: async (text) => {
        if (state.full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        state.text += text;
      },
      size: async () => state.text.length,
      endsWhole: async () => true,
      close: async () => {},
    };
  };
  return { state, open };
}

test('a full disk is said once; what cannot be written is counted, and the caller never hears of it', async () => {
  const { state, open } = disk();
  const said: string[] = [];
  const j = journal<Note>({ path: '/j', open, trouble: (s) => said.push(s) });
  for (let i = 0; i < 5; i++) {
    j.write(note(i));
    j.write(note(i));
    await j.flush();
  }
  expect(said).toEqual([
    'the journal /j cannot be written (the disk is full); events are dropped until it can',
  ]);
  expect(j.dropped).toBe(10);
  expect(state.opened).toBe(1);
  state.full = false;
  j.write(note(6));
  // Closing tries once more, without the pause a full disk is given.
  await j.close();
  expect(state.text).toBe(`${JSON.stringify(note(6))}\n`);
  expect(said[1]).toBe('the journal /j is written again; 10 events are missing');
});

test('a folder that cannot be made is trouble, not an exception; a listener that throws is neither', async () => {
  const file = join(folder, 'plain');
  writeFileSync(file, '');
  const said: string[] = [];
  const j = journal<Note>({
    path: join(file, 'j.jsonl'),
    trouble: (s) => {
      said.push(s);
      throw new Error('listener');
    },
  });
  j.write(note(1));
  await j.close();
  j.write(note(2));
  expect(said[0]).toMatch(/cannot be written \((ENOTDIR|EEXIST)\)/);
  expect(j.dropped).toBe(2);
});

test('events that are no JSON and events beyond what may wait are dropped and counted', async () => {
  const path = join(folder, 'j.jsonl');
  const j = journal<Note>({ path });
  const ring: { at: Instant; self?: unknown } = { at: instant(1) };
  ring.self = ring;
  j.write(ring as Note);
  expect(j.dropped).toBe(1);
  const long = 'x'.repeat(PENDING_LIMIT / 4);
  for (let i = 0; i < 6; i++) j.write(note(i, long));
  expect(j.dropped).toBeGreaterThanOrEqual(2);
  await j.close();
  const whole = readFileSync(path, 'utf8').split('\n').length - 1;
  expect(whole + j.dropped).toBe(7);
});

// Node's own recursive mkdir would look for a folder there for ever.
test.skipIf(process.platform !== 'linux')('a folder that can never be made is said at once', async () => {
  const said: string[] = [];
  const j = journal<Note>({ path: '/proc/none/below/j.jsonl', trouble: (s) => said.push(s) });
  j.write(note(1));
  await j.close();
  expect(said[0]).toMatch(/cannot be written \(ENOENT\)/);
});
