/** Policy at work: a policy becomes functions once, is then asked about many routes, and can say why it answered as it did. */
import type { Attribute } from '../wire/index.ts';
import { type CompiledAction, compileActions, type Options, thenText } from './action.ts';
import { type CompiledCondition, compileConditions, usesOf, type View, whenText } from './condition.ts';
import type { End, NextHopChange, Policy, Rule, Sets, Subject } from './policy.ts';

/** Which rule of a policy, counted from 0. */
export interface RuleRef {
  readonly index: number;
  readonly name?: string;
}

export type Outcome = Accepted | Rejected;

export interface Accepted {
  readonly accept: true;
  /** The subject's own list, the same object, unless `changed`. */
  readonly attributes: readonly Attribute[];
  readonly changed: boolean;
  readonly nextHop?: NextHopChange;
  readonly rule: RuleRef;
}

export interface Rejected {
  readonly accept: false;
  /** Undefined: no rule ended the matter, and that means reject (RFC 8212). */
  readonly rule: RuleRef | undefined;
}

export interface Compiled {
  readonly policy: Policy;
  /** The outcome depends on prefix or family; without, routes with equal attributes share it. */
  readonly usesPrefix: boolean;
  readonly usesValidation: boolean;
  readonly usesSource: boolean;
  /** Accepts every route as it is. */
  readonly changesNothing: boolean;
  /** Rejects every route. */
  readonly acceptsNothing: boolean;
  /** Never throws; equal subjects get equal outcomes. */
  evaluate(subject: Subject): Outcome;
}

/** One rule's part in an explanation. */
export interface Step {
  readonly rule: RuleRef;
  readonly matched: boolean;
  /** The first condition that did not hold, and what the route has instead. */
  readonly failed?: { readonly condition: string; readonly found: string };
  readonly changes: readonly { readonly what: string; readonly from: string; readonly to: string }[];
  readonly end?: End;
}

/** Never throws: a set name without a set, a text that is no prefix and a broken expression match nothing; `check` finds them. */
export function compile(policy: Policy, options: Options = {}): Compiled {
  const rules = policy.rules.map((rule, index) => compileRule(rule, index, policy.sets ?? {}, options));
  const uses = new Set(policy.rules.flatMap((rule) => [...usesOf(rule.when ?? {})]));
  return {
    policy,
    usesPrefix: uses.has('prefix'),
    usesValidation: uses.has('validation'),
    usesSource: uses.has('source'),
    changesNothing: acceptsAllAsIs(policy),
    acceptsNothing: acceptsNothing(policy),
    evaluate: (subject) => evaluate(rules, subject),
    [RULES]: rules,
  } as Compiled;
}

/** Why the policy answers as it does: one step for each rule that was tried, in order. */
export function explain(compiled: Compiled, subject: Subject): readonly Step[] {
  const steps: Step[] = [];
  let attributes = subject.attributes;
  let nextHop: NextHopChange | undefined;
  for (const { rule, ref, conditions, actions } of (compiled as Inside)[RULES]) {
    const view: View = { subject, attributes };
    const failed = conditions.find((c) => !c.test(view));
    if (failed) {
      steps.push({
        rule: ref,
        matched: false,
        failed: { condition: failed.text, found: failed.found(view) },
        changes: [],
      });
      continue;
    }
    const changes: { what: string; from: string; to: string }[] = [];
    for (const action of actions) {
      const before = attributes;
      attributes = action.edit(attributes);
      if (attributes !== before)
        changes.push({ what: action.text, from: action.found(before), to: action.found(attributes) });
    }
    if (rule.then?.nextHop !== undefined && rule.then.nextHop !== nextHop) {
      changes.push({
        what: `next-hop ${rule.then.nextHop}`,
        from: nextHop ?? 'default',
        to: rule.then.nextHop,
      });
      nextHop = rule.then.nextHop;
    }
    steps.push({ rule: ref, matched: true, changes, ...(rule.end ? { end: rule.end } : {}) });
    if (rule.end) break;
  }
  return steps;
}

/** An explanation in lines for a person. The last line is the answer. */
export function formatSteps(steps: readonly Step[]): readonly string[] {
  const lines = steps.map((step) => {
    const title = refText(step.rule);
    if (step.failed) return `${title}: no match, wants ${step.failed.condition}; has ${step.failed.found}`;
    const parts = [
      ...step.changes.map((c) => `${c.what} (${c.from} → ${c.to})`),
      ...(step.end ? [step.end] : []),
    ];
    return `${title}: match${parts.length > 0 ? `, ${parts.join(', ')}` : ', nothing to do'}`;
  });
  const last = steps.at(-1);
  if (!last?.end) return [...lines, 'rejected: no rule accepted it (RFC 8212)'];
  return [...lines, last.end === 'accept' ? 'accepted' : 'rejected'];
}

/** The policy in lines for a person, one for each rule. */
export function formatPolicy(policy: Policy): readonly string[] {
  return policy.rules.map((rule, index) => {
    const when = rule.when && whenText(rule.when) !== 'always' ? `when ${whenText(rule.when)}` : 'always';
    const then = rule.then ? thenText(rule.then) : '';
    return `${refText(refOf(rule, index))}: ${[when, then, rule.end ?? 'continue'].filter((t) => t !== '').join(', ')}`;
  });
}

/** The compiled rules, out of sight of JSON and of readers. */
const RULES: unique symbol = Symbol('rules');

interface Inside extends Compiled {
  readonly [RULES]: readonly CompiledRule[];
}

interface CompiledRule {
  readonly rule: Rule;
  readonly ref: RuleRef;
  readonly conditions: readonly CompiledCondition[];
  readonly actions: readonly CompiledAction[];
  readonly rejected: Rejected;
}

function compileRule(rule: Rule, index: number, sets: Sets, options: Options): CompiledRule {
  const ref = refOf(rule, index);
  return {
    rule,
    ref,
    conditions: compileConditions(rule.when ?? {}, sets),
    actions: compileActions(rule.then ?? {}, sets, options),
    rejected: { accept: false, rule: ref },
  };
}

const NO_RULE: Rejected = { accept: false, rule: undefined };

function evaluate(rules: readonly CompiledRule[], subject: Subject): Outcome {
  const view = new Route(subject);
  let nextHop: NextHopChange | undefined;
  for (const { rule, ref, conditions, actions, rejected } of rules) {
    if (!holds(conditions, view)) continue;
    if (rule.end === 'reject') return rejected;
    for (const action of actions) view.edit(action);
    nextHop = rule.then?.nextHop ?? nextHop;
    if (rule.end === 'accept') return new AcceptedRoute(view, nextHop, ref);
  }
  return NO_RULE;
}

function holds(conditions: readonly CompiledCondition[], view: View): boolean {
  for (const condition of conditions) if (!condition.test(view)) return false;
  return true;
}

/** The route as the rules so far have left it. The subject's attributes are not read before someone asks for them. */
class Route implements View {
  readonly subject: Subject;
  #changed: readonly Attribute[] | undefined;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  get attributes(): readonly Attribute[] {
    return this.#changed ?? this.subject.attributes;
  }

  get changed(): boolean {
    return this.#changed !== undefined;
  }

  edit(action: CompiledAction): void {
    if (action.key === 'nextHop') return;
    const before = this.attributes;
    const fresh = action.edit(before);
    if (fresh !== before) this.#changed = fresh;
  }
}

/** Reading `attributes` of a route that no rule changed reads the subject's. */
class AcceptedRoute implements Accepted {
  readonly accept = true;
  readonly changed: boolean;
  readonly nextHop?: NextHopChange;
  readonly rule: RuleRef;
  readonly #route: Route;

  constructor(route: Route, nextHop: NextHopChange | undefined, rule: RuleRef) {
    this.#route = route;
    this.changed = route.changed;
    if (nextHop !== undefined) this.nextHop = nextHop;
    this.rule = rule;
  }

  get attributes(): readonly Attribute[] {
    return this.#route.attributes;
  }
}

/** True when the first rule that ends every route accepts, and no rule up to it changes or rejects anything. */
function acceptsAllAsIs(policy: Policy): boolean {
  for (const { when, then, end } of policy.rules) {
    if (end === 'reject' || Object.values(then ?? {}).some((v) => v !== undefined)) return false;
    if (end === 'accept' && usesNothing(when)) return true;
  }
  return false;
}

function acceptsNothing(policy: Policy): boolean {
  for (const { when, end } of policy.rules) {
    if (end === 'accept') return false;
    if (end === 'reject' && usesNothing(when)) return true;
  }
  return true;
}

function usesNothing(when: Rule['when']): boolean {
  return Object.values(when ?? {}).every((v) => v === undefined);
}

function refOf(rule: Rule, index: number): RuleRef {
  return rule.name === undefined ? { index } : { index, name: rule.name };
}

function refText(ref: RuleRef): string {
  return ref.name === undefined ? `rule ${ref.index + 1}` : `rule ${ref.index + 1} (${ref.name})`;
}
