/** Site × upstream × prefix: what should be announced against what the upstream holds. Pure. */
import type { Level, Snapshot } from '../../../src/control/index.ts';
import type { Mood } from './scene.ts';

export interface Cell {
  /** `missing`: it should be there and is not; `unexpected`: the other way round; `differs`: it is there, though not as it should be. */
  readonly is: 'right' | 'missing' | 'unexpected' | 'differs' | 'silent';
  readonly mood: Mood;
  /** In a word or two. */
  readonly word: string;
  /** Absent where the site does not speak of the prefix to this upstream. */
  readonly expected?: Level;
  readonly actual?: Level;
  readonly why: readonly string[];
  /** Since when. */
  readonly at?: number;
}

export interface Line {
  readonly site: string;
  readonly upstream: string;
  readonly asn: number;
  readonly role: string;
  readonly session: string;
  /** In the order of the prefixes. */
  readonly cells: readonly Cell[];
}

export interface Matrix {
  /** IPv4 first. */
  readonly prefixes: readonly string[];
  readonly lines: readonly Line[];
  readonly right: number;
  readonly wrong: number;
}

const WORDS: { readonly [L in Level]: string } = {
  full: 'full',
  'less-preferred': 'less preferred',
  withdrawn: 'withdrawn',
};
const MOODS: { readonly [L in Level]: Mood } = { full: 'ok', 'less-preferred': 'warn', withdrawn: 'off' };

type Announced = Snapshot['sites'][string]['upstreams'][string]['announcements'][string];

export function cellOf(a: Announced | undefined): Cell {
  if (!a) return { is: 'silent', mood: 'off', word: 'not told', why: [] };
  const { expected, actual, why, at } = a;
  const rest = { expected, actual, why, at };
  if (actual === expected) return { is: 'right', mood: MOODS[actual], word: WORDS[actual], ...rest };
  if (actual === 'withdrawn') return { is: 'missing', mood: 'bad', word: 'missing', ...rest };
  if (expected === 'withdrawn') return { is: 'unexpected', mood: 'bad', word: 'unexpected', ...rest };
  return { is: 'differs', mood: 'warn', word: `${WORDS[actual]}, not ${WORDS[expected]}`, ...rest };
}

/** Every session of every site; `wrong` counts cells that are not as they should be, `right` those that are. */
export function matrixOf(snapshot: Snapshot): Matrix {
  const told = Object.values(snapshot.sites)
    .flatMap((s) => Object.values(s.upstreams))
    .flatMap((u) => Object.keys(u.announcements));
  const prefixes = [...new Set([...snapshot.network.prefixes, ...told])];
  const sorted = [...prefixes.filter((p) => !p.includes(':')), ...prefixes.filter((p) => p.includes(':'))];
  const lines = Object.entries(snapshot.sites).flatMap(([site, { upstreams }]) =>
    Object.entries(upstreams).map(
      ([upstream, { asn, role, session, announcements }]): Line => ({
        site,
        upstream,
        asn,
        role,
        session: session.state,
        cells: sorted.map((p) => cellOf(Object.hasOwn(announcements, p) ? announcements[p] : undefined)),
      }),
    ),
  );
  const cells = lines.flatMap((l) => l.cells);
  const right = cells.filter((c) => c.is === 'right').length;
  const wrong = cells.filter((c) => c.is !== 'right' && c.is !== 'silent').length;
  return { prefixes: sorted, lines, right, wrong };
}

/** One sentence about a cell, for whoever does not see the table. */
export function cellText(
  { site, upstream }: Pick<Line, 'site' | 'upstream'>,
  prefix: string,
  cell: Cell,
): string {
  const { expected, actual } = cell;
  if (expected === undefined || actual === undefined)
    return `${site} does not speak of ${prefix} to ${upstream}`;
  const has =
    actual === 'withdrawn'
      ? `${upstream} has no ${prefix} from ${site}`
      : `${upstream} has ${prefix} from ${site}, ${WORDS[actual]}`;
  return cell.is === 'right' ? `${has}, as it should be` : `${has}; expected: ${WORDS[expected]}`;
}
