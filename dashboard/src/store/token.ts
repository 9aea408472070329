/** The key to ask for changes: it comes once in the address, and is then kept for this tab alone and taken out of the address. */
import { formatView, readToken, readView } from './view.ts';

const KEY = 'nearcast.token';

export function takeToken(): string | undefined {
  const given = readToken(location.hash);
  try {
    if (given === undefined) return sessionStorage.getItem(KEY) ?? undefined;
    sessionStorage.setItem(KEY, given);
  } catch {
    // A browser that keeps nothing asks for the address again after a reload.
  }
  // A copied link must not carry it.
  history.replaceState(null, '', formatView(readView(location.hash)) || location.pathname + location.search);
  return given;
}
