/** Which question was asked of `nearcast predict`, and which options belong to it: none is dropped in silence. */
import { EXIT, Failure } from './failure.ts';

/** What commander read, by the names it gives. */
export type Asked = { readonly [option: string]: unknown };

/** The questions that exclude each other, as they are written. */
const QUESTIONS: { readonly [option: string]: string } = {
  n1: '--n-1',
  n2: '--n-2',
  diff: '--diff',
  hijack: '--hijack',
  observed: '--observed',
  attack: '--attack',
  versus: '--versus',
  search: '--search',
  rtt: '--rtt',
};

/** Options that mean something with these questions only; `plain` is the question that needs no option. */
const BELONGS: { readonly [option: string]: readonly [flag: string, questions: readonly string[]] } = {
  traffic: ['--traffic', ['plain', 'n1', 'n2', 'diff']],
  forged: ['--forged', ['hijack']],
  subprefix: ['--subprefix', ['hijack']],
  rov: ['--rov', ['hijack']],
  aspa: ['--aspa', ['hijack']],
  roa: ['--no-roa', ['hijack']],
  size: ['--size', ['attack']],
  ttl: ['--ttl', ['versus']],
  goal: ['--goal', ['search']],
  within: ['--within', ['search']],
  mostSites: ['--most-sites', ['search']],
  threads: ['--threads', ['search', 'n2']],
  probes: ['--probes', ['observed']],
  identity: ['--identity', ['observed']],
  save: ['--save', ['observed']],
};

/** Refuses two questions at once, and options that the question has no use for. */
export function checkQuestion(asked: Asked): void {
  const questions = Object.keys(QUESTIONS).filter((o) => asked[o] !== undefined);
  if (questions.length > 1)
    throw new Failure(
      `one question at a time: ${questions.map((o) => QUESTIONS[o]).join(' or ')}`,
      EXIT.usage,
    );
  const question = questions[0] ?? 'plain';
  for (const [option, [flag, wanted]] of Object.entries(BELONGS)) {
    const given = option === 'roa' ? asked[option] === false : asked[option] !== undefined;
    if (!given || wanted.includes(question)) continue;
    const others = wanted.flatMap((w) => (w === 'plain' ? [] : [QUESTIONS[w] as string]));
    throw new Failure(
      question === 'plain'
        ? `${flag} means something with ${others.join(', ')} only`
        : `${flag} means nothing with ${QUESTIONS[question]}`,
      EXIT.usage,
    );
  }
}
