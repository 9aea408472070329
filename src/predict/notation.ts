/**
 * Small internets in a readable notation, for tests and for teaching: one link or place a line.
 *
 *     1 > 3          AS1 sells transit to AS3 (several: 1 > 3 4 5)
 *     1 = 2          AS1 and AS2 peer
 *     3 @ fra nyc    AS3 is in Frankfurt and New York
 *     3 # 500        AS3 has weight 500
 */
import type { Asn } from '../base/index.ts';
import { assembleWorld, CITIES, findPlace, GraphBuilder, type Place, type World } from '../topology/index.ts';

/** The world in a text; throws a sentence on a line that says nothing it knows. */
export function worldIn(text: string): World {
  const builder = new GraphBuilder();
  const presence = new Map<Asn, number[]>();
  const users = new Map<Asn, number>();
  for (const line of text.split('\n').map((l) => l.replace(/\/\/.*/, '').trim())) {
    if (line === '') continue;
    const m = /^(\d+)\s*([>=@#])\s*(.+)$/.exec(line);
    if (!m) throw new Error(`what is "${line}"? write 1 > 2, 1 = 2, 1 @ fra or 1 # 500`);
    const asn = Number(m[1]);
    const words = (m[3] as string).split(/\s+/);
    if (m[2] === '@')
      presence.set(
        asn,
        words.map(cityNumber).sort((a, b) => a - b),
      );
    else if (m[2] === '#') users.set(asn, Number(words[0]));
    else
      for (const word of words)
        if (m[2] === '>') builder.transit(asn, Number(word));
        else builder.peering(asn, Number(word));
  }
  const infos = new Map([...users].map(([asn, count]) => [asn, { asn, name: '', cc: '', users: count }]));
  return assembleWorld({ graph: builder.build().graph, presence, ...(users.size > 0 && { infos: [infos] }) });
}

/** A city by code or name; throws when there is none. */
export function city(name: string): Place {
  return CITIES[cityNumber(name)] as Place;
}

function cityNumber(name: string): number {
  const found = findPlace(name, CITIES);
  if (!found) throw new Error(`no city is called ${name}`);
  return CITIES.indexOf(found);
}
