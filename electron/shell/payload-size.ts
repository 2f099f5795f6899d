/**
 * The size of what the window sends, before a schema looks at it: a schema visits every place of an array before it asks how long
 * the array is, and one without values can be four thousand million places long.
 */

/** Far above an inspection of ImageNet-21k, the largest thing the window has to send. */
const mostValues = 500_000;
const mostCharacters = 20_000_000;
const deepest = 64;

/** Why a payload is too large to be parsed; null if it is not. A circle is too deep. */
export function excessOf(payload: unknown): string | null {
  let values = 0;
  let characters = 0;
  const waiting: (readonly [value: unknown, depth: number])[] = [[payload, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value === 'string') characters += value.length;
    if (characters > mostCharacters) return `more than ${mostCharacters} characters`;
    // Nothing expects bytes: a schema refuses them without a look inside.
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    if (depth === deepest) return `more than ${deepest} levels`;
    values += Array.isArray(value) ? value.length : Object.keys(value).length;
    if (values > mostValues) return `more than ${mostValues} values`;
    for (const part of Object.values(value)) waiting.push([part, depth + 1]);
  }
  return null;
}
