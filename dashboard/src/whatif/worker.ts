/** The worker in which predictions are made: the page stays free while they are. */
import { Engine } from './engine.ts';
import type { Answers, Ask, Kind, Reply } from './protocol.ts';

/** What a worker has of its global scope; the page's types know only windows. */
interface Scope {
  onmessage: ((event: MessageEvent<Ask>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}
const scope = self as unknown as Scope;

let engine: Engine | undefined;

scope.onmessage = ({ data }) => {
  try {
    const answer = answerTo(data);
    scope.postMessage({ id: data.id, answer }, buffersIn(answer));
  } catch (error) {
    scope.postMessage({ id: data.id, failed: (error as Error).message }, []);
  }
};

function answerTo(ask: Ask): Answers[Kind] {
  if (ask.ask === 'open') {
    engine = new Engine(ask.world);
    return engine.opened;
  }
  if (!engine) throw new Error('the predictor has no world yet');
  switch (ask.ask) {
    case 'colours':
      return engine.colours(ask.question, () => performance.now());
    case 'sums':
      return engine.sums(ask.question);
    case 'spots':
      return engine.spots(ask.question, ask.spots);
    case 'why':
      return engine.why(ask.question, ask.asn);
    case 'find':
      return engine.find(ask.text);
    case 'movers':
      return engine.movers(ask.question, ask.asn);
  }
}

/** The typed arrays of an answer are handed over. */
function buffersIn(value: unknown): Transferable[] {
  const found = new Set<ArrayBuffer>();
  const look = (v: unknown, depth: number) => {
    if (ArrayBuffer.isView(v)) found.add(v.buffer as ArrayBuffer);
    else if (v && typeof v === 'object' && depth < 2)
      for (const inner of Object.values(v)) look(inner, depth + 1);
  };
  look(value, 0);
  return [...found];
}
