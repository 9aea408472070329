/** `nearcast predict --hijack`: what somebody who announces our prefix would get, and what defends. */
import { ATTACKER, type Hijack, hijack } from '../predict/index.ts';
import { indexOf } from '../topology/index.ts';
import { EXIT, Failure } from './failure.ts';
import { hijackDraw, mapDraw } from './predict-pictures.ts';
import { type Answer, asnOf, percent, type Stage, unknownAs, warn } from './predict-stage.ts';
import { type Column, formatTable } from './table.ts';

export interface HijackOptions {
  readonly hijack: string;
  readonly forged?: true;
  readonly subprefix?: true;
  readonly rov?: string;
  readonly aspa?: string;
  readonly roa: boolean;
}

const LOST: readonly Column<{ readonly site: string; readonly part: number }>[] = [
  { title: 'SITE', text: (r) => r.site },
  { title: 'LOSES', align: 'right', text: (r) => percent(r.part) },
];

interface Defence {
  readonly name: string;
  /** Of all clients, 0 … 1. */
  readonly lost: number;
}

const DEFENCES: readonly Column<Defence>[] = [
  { title: 'DEFENCE', text: (d) => d.name },
  { title: 'LOST', align: 'right', text: (d) => percent(d.lost) },
];

export function hijackAnswer(s: Stage, options: HijackOptions, colour: boolean): Answer {
  const attack = attackOf(options);
  if (indexOf(s.ground.world.graph, attack.attacker) < 0) throw unknownAs(s.ground, attack.attacker);
  const outcome = hijack(s.ground, s.deployment, attack);
  const { lost, remarks } = outcome;
  const lostOf = [...outcome.lostOf].sort((a, b) => b.part - a.part);
  const surely = outcome.after.sites.find((x) => x.site === ATTACKER)?.certain ?? 0;
  if (attack.aspa && attack.kind === 'origin')
    warn('--aspa changes nothing here: path validation does not look at the origin; see --rov, or --forged');
  const defences: Defence[] = [
    { name: 'as asked', lost },
    ...defencesAgainst(attack).map(([name, other]) => ({
      name,
      lost: hijack(s.ground, s.deployment, other).lost,
    })),
  ];
  return {
    json: { lost, lostForCertain: surely, lostOf, defences, remarks },
    text: () =>
      [
        `the hijacker gets ${percent(lost)} of all clients, ${percent(surely)} for certain`,
        formatTable(LOST, lostOf, colour),
        '',
        formatTable(DEFENCES, defences, colour),
        '',
      ].join('\n'),
    chart: hijackDraw(attack.attacker, lostOf, defences),
    map: mapDraw(outcome.prediction, {
      title: `Who lands where while AS${attack.attacker} announces our prefix`,
    }),
  };
}

const EVERYBODY = { part: 1, order: 'biggest' } as const;

/** The same attack with something done against it, where that could change anything. */
function defencesAgainst(attack: Hijack): readonly (readonly [string, Hijack])[] {
  const found: [string, Hijack][] = [];
  const byOrigin = attack.kind === 'origin' || attack.subprefix === true;
  if (byOrigin && attack.rov && attack.roa === false) found.push(['with a ROA', { ...attack, roa: true }]);
  if (byOrigin && attack.rov && attack.roa !== false)
    found.push(['without a ROA', { ...attack, roa: false }]);
  if (byOrigin)
    found.push(['with a ROA, if all validated origins', { ...attack, roa: true, rov: EVERYBODY }]);
  if (attack.kind === 'forged') {
    if (attack.aspa) found.push(['without an ASPA of ours', { ...attack, operatorAspa: false }]);
    found.push(['with an ASPA, if all validated paths', { ...attack, aspa: EVERYBODY, operatorAspa: true }]);
  }
  if (attack.subprefix) {
    const { subprefix: _, ...same } = attack;
    found.push(['if we announced the more specific as well', same]);
  }
  return found;
}

function attackOf(o: HijackOptions): Hijack {
  return {
    attacker: asnOf(o.hijack, '--hijack'),
    kind: o.forged ? 'forged' : 'origin',
    roa: o.roa,
    ...(o.subprefix ? { subprefix: true } : {}),
    ...(o.rov === undefined ? {} : { rov: { part: partOf(o.rov, '--rov'), order: 'biggest' } }),
    ...(o.aspa === undefined ? {} : { aspa: { part: partOf(o.aspa, '--aspa'), order: 'biggest' } }),
  };
}

function partOf(text: string, option: string): number {
  const m = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const part = m ? Number(m[1]) / 100 : Number.NaN;
  if (!(part >= 0 && part <= 1))
    throw new Failure(`${option} wants a part such as 40%, not '${text}'`, EXIT.usage);
  return part;
}
