/** The result of a run, as a table for the terminal and as Markdown. */
import { FINDINGS } from './findings.ts';

export type Outcome =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'fail'; readonly seconds: number; readonly reason: string; readonly log: string }
  | { readonly kind: 'n.a.'; readonly reason: string };

export interface Column {
  readonly name: string;
  readonly promise: string;
}

export interface Row {
  readonly name: string;
  readonly version: string;
  /** Why nothing of this daemon was tried. */
  readonly skipped: string | undefined;
  readonly cells: Map<string, Outcome>;
}

/** Features down, daemons across: twenty-odd features do not fit beside each other in a terminal. */
export function asText(
  ours: string,
  rows: readonly Row[],
  columns: readonly Column[],
  seconds: number,
): string {
  const width = Math.max(...columns.map((c) => c.name.length), 10);
  const heads = rows.map((r) => `${r.name} ${r.version}`);
  const line = (first: string, cells: readonly string[]) =>
    `${first.padEnd(width)}  ${cells.map((c, i) => c.padEnd(heads[i]?.length ?? 0)).join('  ')}`.trimEnd();
  const body = columns.map((c) =>
    line(
      c.name,
      rows.map((r) => word(r, c)),
    ),
  );
  const all = rows.flatMap((r) => [...r.cells.values()]);
  const count = (kind: Outcome['kind']) => all.filter((o) => o.kind === kind).length;
  return [
    line(ours, heads),
    ...body,
    '',
    `${count('pass')} passed, ${count('fail')} failed, ${count('n.a.')} not applicable, in ${seconds.toFixed(0)} s`,
    ...rows.flatMap((r) => (r.skipped === undefined ? [] : [`${r.name} was skipped: ${r.skipped}`])),
    ...rows.flatMap((r) =>
      [...r.cells].flatMap(([name, o]) =>
        o.kind === 'n.a.' ? [`n.a.  ${r.name} · ${name}: ${o.reason}`] : [],
      ),
    ),
  ].join('\n');
}

function word(row: Row, column: Column): string {
  const outcome = row.cells.get(column.name);
  return outcome?.kind ?? (row.skipped === undefined ? '' : 'skipped');
}

/** One row per daemon and one column per feature, with the reasons and the promises below. */
export function asMarkdown(ours: string, rows: readonly Row[], columns: readonly Column[]): string {
  const notes: string[] = [];
  const mark = (row: Row, column: Column): string => {
    const outcome = row.cells.get(column.name);
    if (outcome === undefined) return row.skipped === undefined ? '' : 'skipped';
    if (outcome.kind === 'pass') return '✓';
    const reason = outcome.reason.split('\n')[0] as string;
    const known = notes.indexOf(reason);
    const number = known >= 0 ? known + 1 : notes.push(reason);
    return `${outcome.kind === 'fail' ? '✗' : '–'} [${number}]`;
  };
  const table = columns.map((c) => `| ${c.name} | ${rows.map((r) => mark(r, c)).join(' | ')} |`);
  return [
    '# Real peers',
    '',
    `${ours} against other BGP daemons, each cell a test of its own in network namespaces. Written by \`npm run interop -- --write\`;`,
    'the tests are in `test/interop/`. ✓ passed, ✗ failed, – not applicable.',
    '',
    `| | ${rows.map((r) => `${r.name} ${r.version}`).join(' | ')} |`,
    `|---|${rows.map(() => '---|').join('')}`,
    ...table,
    '',
    '## What passing means',
    '',
    ...columns.map((c) => `- **${c.name}**: ${c.promise}.`),
    ...(notes.length === 0 ? [] : ['', '## Notes', '', ...notes.map((n, i) => `${i + 1}. ${n}`)]),
    ...rows.flatMap((r) => (r.skipped === undefined ? [] : ['', `${r.name} was skipped: ${r.skipped}.`])),
    '',
    '## Where daemons disagree',
    '',
    '| about | who does what | what decides |',
    '|---|---|---|',
    ...FINDINGS.map((f) => `| ${f.about} | ${f.who} | ${f.decides} |`),
    '',
  ].join('\n');
}
