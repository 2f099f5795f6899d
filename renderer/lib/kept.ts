/** What the window remembers between starts: choices of how a page is shown, never a record. */

/** @param read makes the value of what was kept, whatever that is; null for nothing */
export function kept<T>(key: string, read: (stored: unknown) => T): T {
  const text = localStorage.getItem(key);
  if (text === null) return read(null);
  try {
    return read(JSON.parse(text));
  } catch {
    // Not as it was written: the usual view is shown.
    return read(null);
  }
}

export function keep(key: string, value: unknown): void {
  localStorage.setItem(key, JSON.stringify(value));
}
