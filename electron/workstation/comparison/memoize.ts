/** Memoizes expensive results that never change. */
export type Memoize = <T>(key: string, make: () => Promise<T>) => Promise<T>;

/** Keeps at most `most` entries and drops the least recently used. Failures and missing values are not kept. */
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
