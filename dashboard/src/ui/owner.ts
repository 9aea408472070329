/** Who asked last from this browser: asked once, remembered. */
const KEY = 'nearcast.owner';

export function rememberedOwner(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export function rememberOwner(owner: string): void {
  try {
    localStorage.setItem(KEY, owner);
  } catch {
    // A browser that keeps nothing asks again.
  }
}
