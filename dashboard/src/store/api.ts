/** The one door to the server: `nearcast up` on the address the page came from, or what `npm run dev:dashboard` forwards to. */
import {
  type Answer,
  type Event,
  formatCursor,
  type Request,
  readAnswer,
  readEvent,
  readSnapshot,
  type Snapshot,
} from '../../../src/control/index.ts';
import { type Source, store } from './store.ts';
import { dropToken, keepToken } from './token.ts';

export interface Hearing {
  opened(): void;
  event(event: Event): void;
  /** The server does not have what came after our position: this is how things stand. */
  reset(snapshot: Snapshot): void;
  /** Something came that cannot be read. */
  garbled(): void;
  broken(why: string): void;
}

export interface Api {
  snapshot(): Promise<Snapshot>;
  /** Hears of everything after `from`, until the returned function is called. */
  events(from: { readonly run: string; readonly seq: number }, hearing: Hearing): () => void;
  /** Asks for something. Rejects only when there is no answer; a refusal is an answer. */
  request(request: Request): Promise<Answer>;
  /** A token for `request` is known. It goes when the server does not take it any more. */
  readonly mayAsk: Source<boolean>;
  /** Takes a token, or an address that carries one, when the server takes it; rejects with a sentence when not. */
  admit(token: string): Promise<void>;
  /** Anything else below `/api/v1/`; rejects with the server's words when it says no. */
  get(path: string): Promise<Response>;
  /** True of an error that trying again does not mend. */
  hopeless(error: unknown): boolean;
  /** True when the server is there, and has nothing to show yet. */
  starting(error: unknown): boolean;
}

/** What the server said no to, or what it said makes no sense. */
export class ApiError extends Error {
  /** Of HTTP; 0 when nobody answered. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export function httpApi(base: string, first: string | undefined): Api {
  let token = first;
  const mayAsk = store(token !== undefined);

  async function get(path: string): Promise<Response> {
    const response = await fetch(`${base}${path}`, { cache: 'no-store' }).catch(() => {
      throw new ApiError('the server does not answer', 0);
    });
    if (!response.ok) throw new ApiError(await complaint(response), response.status);
    return response;
  }

  async function ask(request: Request, by: string | undefined): Promise<Answer> {
    const response = await fetch(`${base}requests`, {
      method: 'POST',
      headers: {
        ...(by === undefined ? {} : { authorization: `Bearer ${by}` }),
        'content-type': 'application/json',
      },
      body: JSON.stringify(request),
    }).catch(() => {
      throw new ApiError('the server does not answer; nothing was done, as far as this page knows', 0);
    });
    const text = await response.text();
    const read = readAnswer(text);
    if (read.ok) return read.value;
    throw new ApiError(wordsOf(text) ?? `the server said ${response.status}`, response.status);
  }

  return {
    get,
    mayAsk,
    async admit(given) {
      const candidate = tokenIn(given);
      if (candidate === undefined) throw new ApiError('this is neither a token nor an address with one', 0);
      try {
        await ask(
          { do: 'consider', order: { do: 'heal', owner: 'dashboard', reason: 'is the token right' } },
          candidate,
        );
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        throw new ApiError('this is not the token of this run; each run of nearcast up has its own', 401);
      }
      token = candidate;
      keepToken(candidate);
      mayAsk.set(true);
    },
    async snapshot() {
      const read = readSnapshot(await (await get('snapshot')).text());
      if (read.ok) return read.value;
      throw new ApiError(
        `the server sent what this page does not understand: ${read.complaints.join('; ')}`,
        409,
      );
    },
    events(from, hearing) {
      const source = new EventSource(`${base}events?after=${encodeURIComponent(formatCursor(from))}`);
      source.onopen = () => hearing.opened();
      source.onmessage = ({ data }: MessageEvent<string>) => {
        const read = readEvent(data);
        if (read.ok) hearing.event(read.value);
        else hearing.garbled();
      };
      source.addEventListener('reset', ({ data }: MessageEvent<string>) => {
        const read = readSnapshot(data);
        if (read.ok) hearing.reset(read.value);
        else hearing.garbled();
      });
      // The browser would try again by itself, though from where we were at the beginning: we know better.
      source.onerror = () => {
        source.close();
        hearing.broken('the connection to the server broke');
      };
      return () => source.close();
    },
    async request(request) {
      try {
        return await ask(request, token);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401 && token !== undefined) {
          token = undefined;
          dropToken();
          mayAsk.set(false);
        }
        throw error;
      }
    },
    hopeless: (error) => error instanceof ApiError && error.status >= 400 && error.status < 500,
    starting: (error) => error instanceof ApiError && error.status === 503,
  };
}

async function complaint(response: Response): Promise<string> {
  return wordsOf(await response.text().catch(() => '')) ?? `the server said ${response.status}`;
}

/** A token alone, or the one in an address as `nearcast up` prints it. */
export function tokenIn(text: string): string | undefined {
  const found = /[#&]token=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
  return /^[\w.~+/=-]{8,200}$/.test(found) ? found : undefined;
}

function wordsOf(text: string): string | undefined {
  try {
    const { error } = (JSON.parse(text) ?? {}) as { readonly error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
