/** Who goes where, for people: a board that is drawn anew at a terminal, lines of what changed elsewhere. */
import { formatBitRate } from '../plan/index.ts';
import { type Column, formatTable, paint } from './table.ts';
import type { UpSite, UpView, WhoRow } from './up-views.ts';

const BAR = 24;
const BARS = '';
const COUNTRIES = 'COUNTRIES';
/** Columns that a narrow terminal goes without, and from how many characters on they are there. */
const FROM_WIDTH: { readonly [title: string]: number } = { [BARS]: 116, [COUNTRIES]: 92 };

const SITE_COLUMNS: readonly Column<UpSite>[] = [
  { title: 'SITE', text: (s) => s.site },
  { title: 'PLACE', text: (s) => s.place },
  { title: 'STATE', text: (s) => stateText(s), colour: (s) => stateColour(s) },
  { title: 'CLIENTS', align: 'right', text: (s) => `${(100 * s.share).toFixed(0)} %` },
  { title: BARS, text: (s) => '█'.repeat(Math.round(s.share * BAR)).padEnd(BAR, '·') },
  { title: COUNTRIES, align: 'right', text: (s) => String(s.vantages) },
  { title: 'RTT', align: 'right', text: (s) => (s.rttMs === undefined ? '' : `${s.rttMs.toFixed(0)} ms`) },
  {
    title: 'LOAD',
    align: 'right',
    text: (s) => (s.load === undefined ? '' : formatLoad(s.load, s.capacity)),
    colour: (s) => ((s.load ?? 0) > (s.capacity ?? Number.POSITIVE_INFINITY) ? 'red' : undefined),
  },
  { title: 'ASKED', align: 'right', text: (s) => String(s.asked) },
];

/** `123 of 400 Gbps`: what lands there, and what it can serve. */
function formatLoad(load: number, capacity: number | undefined): string {
  const gbps = (load / 1e9).toFixed(load < 10e9 ? 1 : 0);
  return capacity === undefined ? `${gbps} Gbps` : `${gbps} of ${formatBitRate(capacity)}`;
}

function stateText(s: UpSite): string {
  if (s.standing !== 'running') return s.standing;
  const { state } = s;
  if (!state) return 'starting';
  const sick = Object.entries(state.services).filter(([, phase]) => phase !== 'up');
  const words = {
    full: 'announced',
    'less-preferred': 'less preferred',
    withdrawn: 'withdrawn',
    pending: 'waits for its health',
  }[state.level];
  const drain = state.drain === 'in' ? [] : [`drain: ${state.drain}`];
  const health = state.level === 'pending' ? [] : sick.map(([name, phase]) => `${name} ${phase}`);
  return [words, ...drain, ...health].join(', ');
}

function stateColour(s: UpSite) {
  if (s.standing !== 'running' || s.state?.level === 'withdrawn') return 'red' as const;
  return s.state?.level === 'full' ? ('green' as const) : ('yellow' as const);
}

export const WHO_COLUMNS: readonly Column<WhoRow>[] = [
  { title: 'FROM', text: (w) => w.from },
  { title: 'PLACE', text: (w) => `${w.place}, ${w.country}` },
  {
    title: 'SITE',
    text: (w) => w.site ?? 'nowhere',
    colour: (w) => (w.site === undefined ? 'red' : undefined),
  },
  { title: 'RTT', align: 'right', text: (w) => (w.site === undefined ? '' : `${w.rttMs.toFixed(0)} ms`) },
  { title: 'AS PATH', text: (w) => w.lost ?? w.asPath.join(' ') },
];

/** The whole board as lines; the latest news last. */
export function board(
  view: UpView,
  news: readonly string[],
  colour: boolean,
  rows: number,
  wide: number,
): readonly string[] {
  const cut = (text: string) =>
    [...text].length > wide ? `${[...text].slice(0, wide - 1).join('')}…` : text;
  const columns = SITE_COLUMNS.filter(({ title }) => wide >= (FROM_WIDTH[title] ?? 0));
  const state = view.ready ? 'all of the world reaches one' : 'settling';
  const head = [
    cut(`${view.network}: ${view.sites.length} sites, ${state}   http://${view.http}/   dns ${view.dns}`),
    '',
    ...formatTable(columns, view.sites, colour).split('\n'),
    ...(view.cuts.length > 0 ? ['', cut(`cut: ${view.cuts.join(', ')}`)] : []),
    ...(view.controlled === false ? ['', 'the controller is dead: nobody hands out tickets'] : []),
    '',
  ];
  const help = cut(
    `curl --interface 127.81.0.1 http://${view.http}/   nearcast drain|kill|heal SITE   nearcast who   Ctrl-C ends`,
  );
  const tail = ['', colour ? paint(help, 'dim') : help];
  const room = Math.max(3, rows - head.length - tail.length - 1);
  return [...head, ...news.slice(-room).map(cut), ...tail];
}

/** What moved between two looks, one sentence for each pair of sites. */
export function moves(before: readonly WhoRow[], after: readonly WhoRow[]): readonly string[] {
  const was = new Map(before.map((w) => [w.from, w]));
  const groups = new Map<string, WhoRow[]>();
  for (const row of after) {
    const old = was.get(row.from);
    if (!old || old.site === row.site) continue;
    const key = `${old.site ?? 'nowhere'} → ${row.site ?? 'nowhere'}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, rows]) => {
    const names = rows.map((r) =>
      `${r.place} ${r.site === undefined ? '' : `${r.rttMs.toFixed(0)} ms`}`.trim(),
    );
    const more = names.length > 4 ? ` and ${names.length - 4} more` : '';
    return `${key}: ${names.slice(0, 4).join(', ')}${more}`;
  });
}
