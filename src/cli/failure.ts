/** What ends a command otherwise than well: a sentence for the operator, and a number for the script. */

/** The exit codes of every verb. */
export const EXIT = {
  done: 0,
  error: 1,
  /** Wrong usage, or differences were found. */
  usage: 2,
  /** The guard refused. */
  refused: 3,
  notConverged: 4,
  unreachable: 5,
} as const;

/** Thrown by verbs for what the operator has to put right; printed as its message alone, without a stack. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exit: number;

  constructor(message: string, exit: number = EXIT.error) {
    super(message);
    this.exit = exit;
  }
}
