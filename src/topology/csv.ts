/** Comma-separated text (RFC 4180): fields in quotes may hold commas and doubled quotes. A field never spans lines here. */

/** The fields of one line; undefined when a quote is left open or something follows a closed one. */
export function csvFields(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      at++;
      for (;;) {
        const close = line.indexOf('"', at);
        if (close < 0) return undefined;
        field += line.slice(at, close);
        at = close + 1;
        if (line[at] !== '"') break;
        field += '"';
        at++;
      }
      fields.push(field);
      if (at < line.length && line[at] !== ',') return undefined;
    } else {
      const comma = line.indexOf(',', at);
      fields.push(comma < 0 ? line.slice(at) : line.slice(at, comma));
      at = comma < 0 ? line.length : comma;
    }
    if (at >= line.length) return fields;
    at++;
    if (at === line.length) {
      fields.push('');
      return fields;
    }
  }
}

/** A finite number, or undefined for empty or other text. */
export function numberIn(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
