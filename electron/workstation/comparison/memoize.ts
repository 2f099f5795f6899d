/** What takes long to work out and cannot change: kept for the next who asks. */
export type Memoize = <T>(key: string, make: () => Promise<T>) => Promise<T>;

/** `most` entries; then the one asked for longest ago goes. A failure is not kept, nor that there was nothing to be had. */
export function createMemoize(most: number): Memoize {
  const kept = new Map<string, Promise<unknown>>();
  return async <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const known = kept.get(key) as Promise<T> | undefined;
    const found = known ?? make();
    kept.delete(key);
    kept.set(key, found);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    let isKept = false;
    try {
      const value = await found;
      isKept = value !== null;
      return value;
    } finally {
      if (!isKept && kept.get(key) === found) kept.delete(key);
    }
  };
}
