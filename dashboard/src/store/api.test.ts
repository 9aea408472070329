import { afterEach, expect, test, vi } from 'vitest';
import { httpApi, tokenIn } from './api.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const heal = { do: 'heal', owner: 'ann', reason: 'a drill' } as const;

/** A server that takes one token. */
function server(right: string) {
  const asked: { readonly by: string | null; readonly body: unknown }[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const by = new Headers(init.headers).get('authorization');
    asked.push({ by, body: JSON.parse(init.body as string) });
    return by === `Bearer ${right}`
      ? Response.json({ outcome: 'done', say: [], run: 'r1', seq: 7, at: 1 })
      : Response.json({ error: 'the token is missing or wrong' }, { status: 401 });
  });
  return asked;
}

test('a token is found alone and in the address that nearcast up prints, and words are none', () => {
  expect(tokenIn(' imWC2ZsnggttgSw3RjmDkiMt3UcmaMPz ')).toBe('imWC2ZsnggttgSw3RjmDkiMt3UcmaMPz');
  expect(tokenIn('http://127.0.0.1:8070/#token=abc-123_XYZ&panel=who')).toBe('abc-123_XYZ');
  expect(tokenIn('http://127.0.0.1:8070/')).toBeUndefined();
  expect(tokenIn('please let me in')).toBeUndefined();
  expect(tokenIn('')).toBeUndefined();
});

test('a token is taken when the server takes it, and asks from then on', async () => {
  const asked = server('right-token');
  const api = httpApi('api/v1/', undefined);
  expect(api.mayAsk.get()).toBe(false);
  await expect(api.admit('wrong-token')).rejects.toThrow('not the token of this run');
  expect(api.mayAsk.get()).toBe(false);
  await api.admit('http://127.0.0.1:8070/#token=right-token');
  expect(api.mayAsk.get()).toBe(true);
  // Trying a token changes nothing.
  expect(asked.map((a) => (a.body as { do: string }).do)).toEqual(['consider', 'consider']);
  expect((await api.request(heal)).outcome).toBe('done');
  expect(asked.at(-1)?.by).toBe('Bearer right-token');
});

test('a token that the server does not take any more is forgotten, so that the page asks for another', async () => {
  const asked = server('of the second run');
  const api = httpApi('api/v1/', 'of-the-first-run');
  expect(api.mayAsk.get()).toBe(true);
  await expect(api.request(heal)).rejects.toThrow('missing or wrong');
  expect(api.mayAsk.get()).toBe(false);
  await expect(api.request(heal)).rejects.toThrow();
  expect(asked.at(-1)?.by).toBeNull();
});
