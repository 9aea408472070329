/**
 * CAIDA's AS relationships, serial 1 and serial 2: `provider|customer|-1` or `peer|peer|0`, in serial 2 with a fourth field
 * that names the source. Header lines start with `#`; two of them are kept: the clique at the top and the exchanges' ASes.
 */
import type { Asn } from '../base/index.ts';
import { type Graph, GraphBuilder, MOST_LINKS, providerCycle } from './graph.ts';
import { Ledger, Lines, type Reading, textOf } from './lines.ts';

export interface AsRel {
  readonly graph: Graph;
  /** The ASes at the top that all peer with each other, if the file names them. */
  readonly clique: readonly Asn[];
  /** ASes of exchanges' route servers, if the file names them. */
  readonly exchanges: readonly Asn[];
  /** Lines about a pair of ASes that an earlier line spoke of; the earlier line counts. */
  readonly repeated: number;
  /** Those of them that contradict the earlier line. */
  readonly contradicted: number;
  /** A circle of customers and providers, if there is one. The graph is still usable. */
  readonly cycle: readonly Asn[] | undefined;
  readonly reading: Reading;
}

const EXPECTED = 'provider|customer|-1 or peer|peer|0, with a source after it in serial 2';
const OTHER = 'two different ASes: a link of an AS with itself says nothing';

/** Reads chunk by chunk: `push` each, then `end`. */
export class AsRelReader {
  readonly #builder = new GraphBuilder();
  readonly #ledger = new Ledger();
  readonly #lines = new Lines(this.#ledger, (bytes, from, to, line) => this.#line(bytes, from, to, line));
  #clique: Asn[] = [];
  #exchanges: Asn[] = [];

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): AsRel {
    this.#lines.end();
    const { graph, repeated, contradicted } = this.#builder.build();
    return {
      graph,
      repeated,
      contradicted,
      clique: this.#clique,
      exchanges: this.#exchanges,
      cycle: providerCycle(graph),
      reading: this.#ledger.reading(),
    };
  }

  #line(bytes: Uint8Array, from: number, to: number, line: number): void {
    if (from === to) return;
    if (bytes[from] === 35) {
      this.#header(textOf(bytes, from, to));
      return;
    }
    let at = from;
    let a = 0;
    let byte = 0;
    while (at < to && (byte = (bytes[at] as number) - 48) >= 0 && byte <= 9) {
      a = a * 10 + byte;
      at++;
    }
    const bar = at++;
    let b = 0;
    while (at < to && (byte = (bytes[at] as number) - 48) >= 0 && byte <= 9) {
      b = b * 10 + byte;
      at++;
    }
    const second = at++;
    const minus = bytes[at] === 45;
    if (minus) at++;
    const kind = at < to ? (bytes[at] as number) - 48 : -1;
    at++;
    const good =
      bar > from &&
      bytes[bar] === 124 &&
      second > bar + 1 &&
      second < to &&
      bytes[second] === 124 &&
      kind === (minus ? 1 : 0) &&
      (at === to || bytes[at] === 124) &&
      a > 0 &&
      b > 0 &&
      a <= 0xffff_ffff &&
      b <= 0xffff_ffff;
    if (!good) this.#ledger.skip(line, textOf(bytes, from, to), EXPECTED);
    else if (a === b) this.#ledger.skip(line, textOf(bytes, from, to), OTHER);
    else if (this.#builder.links === MOST_LINKS)
      this.#ledger.stop(line, 'one link more', `at most ${MOST_LINKS} links`);
    else if (minus) this.#builder.transit(a, b);
    else this.#builder.peering(a, b);
  }

  #header(text: string): void {
    const m = /^#\s*(input clique|IXP ASes):\s*(.*)$/.exec(text);
    if (!m) return;
    const asns = (m[2] as string)
      .split(/\s+/)
      .filter((word) => /^\d{1,10}$/.test(word))
      .map(Number);
    if (m[1] === 'input clique') this.#clique = asns;
    else this.#exchanges = asns;
  }
}

/** Reads a whole file held in memory. */
export function readAsRel(bytes: Uint8Array): AsRel {
  const reader = new AsRelReader();
  reader.push(bytes);
  return reader.end();
}
