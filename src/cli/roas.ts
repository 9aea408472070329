/** Validated ROA payloads from a file, as rpki-client, Routinator and StayRTR write and read them: JSON or CSV. */
import { parseAsn, parsePrefix } from '../base/index.ts';
import type { Roa } from '../plan/index.ts';
import { Failure } from './failure.ts';
import { readText } from './plan-file.ts';

/** All payloads of the file; what is no payload fails with its place, because a list with holes says "no ROA" where there is one. */
export function readRoas(file: string): readonly Roa[] {
  const text = readText(file);
  return text.trimStart().startsWith('{') ? fromJson(file, text) : fromCsv(file, text);
}

function fromJson(file: string, text: string): readonly Roa[] {
  let list: unknown;
  try {
    list = (JSON.parse(text) as { roas?: unknown }).roas;
  } catch (error) {
    throw new Failure(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(list)) throw new Failure(`${file} has no list "roas", as validators write it`);
  return list.map((item: unknown, i) => {
    const { asn, prefix, maxLength } = (item ?? {}) as {
      asn?: unknown;
      prefix?: unknown;
      maxLength?: unknown;
    };
    return roa(
      `${file}: roas[${i}]`,
      String(asn),
      String(prefix),
      maxLength === undefined ? undefined : String(maxLength),
    );
  });
}

/** `ASN,IP Prefix,Max Length,…`, with or without that first line. */
function fromCsv(file: string, text: string): readonly Roa[] {
  const roas: Roa[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || /^"?asn"?\s*,/i.test(line)) continue;
    const [asn, prefix, most] = line.split(',').map((cell) => cell.trim().replace(/^"|"$/g, ''));
    roas.push(roa(`${file}:${i + 1}`, asn ?? '', prefix ?? '', most));
  }
  return roas;
}

function roa(where: string, asnText: string, prefixText: string, mostText: string | undefined): Roa {
  const asn = parseAsn(asnText);
  const prefix = parsePrefix(prefixText);
  const maxLength =
    mostText === undefined || mostText === '' ? Number(prefixText.split('/')[1]) : Number(mostText);
  if (asn === undefined || prefix === undefined || !Number.isInteger(maxLength))
    throw new Failure(
      `${where}: found ${asnText}, ${prefixText}, ${mostText ?? ''}; wanted an AS number, a prefix and a length`,
    );
  return { asn, prefix, maxLength };
}
