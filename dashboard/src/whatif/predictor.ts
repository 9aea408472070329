/** The page's end of the predictor: questions, each with its answer, and colours of which only the latest wish counts. */
import type { Answers, Ask, Colours, Kind, Question, Reply } from './protocol.ts';

/** A worker, as far as it is used here. */
export interface Port {
  postMessage(ask: Ask, transfer: Transferable[]): void;
  onmessage: ((event: { readonly data: Reply }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  terminate(): void;
}

type Wanted<K extends Kind> = Omit<Extract<Ask, { readonly ask: K }>, 'id'>;

export class Predictor {
  readonly #port: Port;
  #last = 0;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (answer: never) => void; readonly reject: (why: Error) => void }
  >();
  #busy = false;
  #next: { readonly question: Question; readonly since: number } | undefined;
  /** The latest colours; calls come in the order of the wishes, and none for a wish that was overtaken. */
  readonly #coloured: (colours: Colours, question: Question, since: number) => void;
  readonly #failed: (why: string) => void;

  constructor(
    port: Port,
    coloured: (colours: Colours, question: Question, since: number) => void,
    failed: (why: string) => void,
  ) {
    this.#port = port;
    this.#coloured = coloured;
    this.#failed = failed;
    port.onmessage = ({ data }) => this.#hear(data);
    port.onerror = ({ message }) => this.#end(`the predictor has failed${message ? `: ${message}` : ''}`);
  }

  /** Rejects with a sentence. */
  ask<K extends Kind>(wanted: Wanted<K>, transfer: Transferable[] = []): Promise<Answers[K]> {
    const id = ++this.#last;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: never) => void, reject });
      this.#port.postMessage({ ...wanted, id } as unknown as Ask, transfer);
    });
  }

  /** Wants colours. While one wish is being worked on, only the latest of the others is kept. `since`: when it was wished. */
  colour(question: Question, since: number): void {
    this.#next = { question, since };
    if (!this.#busy) this.#go();
  }

  /** No wish for colours waits. */
  get idle(): boolean {
    return !this.#busy && this.#next === undefined;
  }

  close(): void {
    this.#port.terminate();
    this.#waiting.clear();
  }

  #go(): void {
    const next = this.#next;
    if (!next) return;
    this.#next = undefined;
    this.#busy = true;
    this.ask<'colours'>({ ask: 'colours', question: next.question }).then(
      (colours) => {
        this.#busy = false;
        // What was overtaken meanwhile is shown all the same: while one drags the map follows.
        this.#coloured(colours, next.question, next.since);
        this.#go();
      },
      (error: Error) => {
        this.#busy = false;
        this.#failed(error.message);
      },
    );
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('failed' in reply) waiting?.reject(new Error(reply.failed));
    else waiting?.resolve(reply.answer as never);
  }

  #end(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
    this.#failed(why);
  }
}
