/** Counts of what a reader of weights leaves unread, by class. */
import type { PassedOver } from './file.ts';

const mostKinds = 100;
const mostNames = 5;
const others = 'others';

export class PassedOverCounts {
  readonly #kinds = new Map<string, { count: number; readonly names: string[] }>();

  add(what: string, name: string): void {
    const kind = this.#kinds.has(what) || this.#kinds.size < mostKinds ? what : others;
    const counted = this.#kinds.get(kind) ?? { count: 0, names: [] };
    counted.count += 1;
    if (counted.names.length < mostNames) counted.names.push(name);
    this.#kinds.set(kind, counted);
  }

  get list(): readonly PassedOver[] {
    return [...this.#kinds].map(([what, { count, names }]) => ({ what, count, names }));
  }
}

/** Kinds that a sentence names. */
const mostTold = 5;

/** What was passed over, as the end of a sentence; nothing if nothing was. */
export function toldOf(passedOver: readonly PassedOver[]): string {
  if (passedOver.length === 0) return '';
  const told = passedOver
    .slice(0, mostTold)
    .map(({ what, count, names }) => `${count} of ${what} (${names.join(', ')})`);
  const rest = passedOver.length - told.length;
  return `; passed over: ${told.join(', ')}${rest > 0 ? ` and ${rest} other kinds` : ''}`;
}
