/** Reads CSV files that name their columns in the first line. Columns may stand in any order and have several usual names. */
import { csvFields } from './csv.ts';
import { Ledger, Lines, type Reading, textOf } from './lines.ts';

export interface Column {
  /** Names it is known by, lower case, compared without regard to case and signs. */
  readonly names: readonly string[];
  /** A file without it cannot be read. */
  readonly needed?: true;
}

/** Takes one row; returns what was expected when the row cannot be used. A column the file does not have gives ''. */
export type TakeRow<K extends string> = (row: { readonly [key in K]: string }) => string | undefined;

/** Reads chunk by chunk: `push` each, then `end`. */
export class CsvTable<K extends string> {
  readonly #columns: { readonly [key in K]: Column };
  readonly #take: TakeRow<K>;
  readonly #ledger = new Ledger();
  readonly #lines = new Lines(this.#ledger, (bytes, from, to, line) =>
    this.#line(textOf(bytes, from, to), line),
  );
  #places: { readonly [key in K]: number } | undefined;

  constructor(columns: { readonly [key in K]: Column }, take: TakeRow<K>) {
    this.#columns = columns;
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): Reading {
    this.#lines.end();
    if (this.#places === undefined && !this.#ledger.stopped)
      this.#ledger.stop(0, 'nothing', `a first line with ${this.#needed()}`);
    return this.#ledger.reading();
  }

  #needed(): string {
    const columns = Object.values(this.#columns) as Column[];
    return columns
      .filter((c) => c.needed)
      .map((c) => c.names[0])
      .join(', ');
  }

  #line(text: string, line: number): void {
    if (text.trim() === '' || text.startsWith('#')) return;
    const fields = csvFields(text);
    if (!fields) this.#ledger.skip(line, text, 'fields with commas between, quotes closed');
    else if (this.#places === undefined) this.#header(fields, line);
    else {
      const row = {} as { [key in K]: string };
      for (const key in this.#places) row[key] = fields[this.#places[key]]?.trim() ?? '';
      const complaint = this.#take(row);
      if (complaint !== undefined) this.#ledger.skip(line, text, complaint);
    }
  }

  #header(fields: readonly string[], line: number): void {
    const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
    const found = fields.map(plain);
    const places = {} as { [key in K]: number };
    for (const key in this.#columns) {
      const column = this.#columns[key];
      places[key] = found.findIndex((name) => column.names.includes(name));
      if (places[key] < 0 && column.needed) {
        const other = fields.length === 1 && /[;\t]/.test(fields[0] as string);
        this.#ledger.stop(
          line,
          other ? `the line ${fields[0]}` : `the columns ${fields.join(', ')}`,
          `a first line with ${this.#needed()}${other ? ', and commas between the columns' : ''}`,
        );
        return;
      }
    }
    this.#places = places;
  }
}
