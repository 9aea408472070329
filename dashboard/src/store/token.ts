/** The key to ask for changes: it comes once in the address, and is then kept for this tab alone and taken out of the address. */
import { formatView, readToken, readView } from './view.ts';

const KEY = 'nearcast.token';

export function takeToken(): string | undefined {
  const given = readToken(location.hash);
  try {
    if (given === undefined) return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
  keepToken(given);
  // A copied link must not carry it.
  history.replaceState(null, '', formatView(readView(location.hash)) || location.pathname + location.search);
  return given;
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // A browser that keeps nothing asks for it again after a reload.
  }
}

export function dropToken(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then it was never kept.
  }
}
