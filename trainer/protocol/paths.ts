/** Values of a configuration by their paths. */

/** Sets `value` at `path`, making what lies between where it is missing. Null, or why that cannot be. */
export function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): string | null {
  const [key, ...rest] = path;
  if (key === undefined || key === '__proto__' || key === 'constructor' || key === 'prototype')
    return `"${path.join('.')}" is not a configuration path.`;
  if (rest.length === 0) {
    target[key] = value;
    return null;
  }
  const below = target[key];
  if (below !== undefined && (typeof below !== 'object' || below === null))
    return `"${key}" is a value and has no "${rest.join('.')}".`;
  const next = (below ?? {}) as Record<string, unknown>;
  target[key] = next;
  return setPath(next, rest, value);
}
