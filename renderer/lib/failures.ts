/** Errors of the window itself: described for a bug report, and kept in the workspace's log. */
import { ask } from './client.ts';

/** Longest description that is logged, in characters; a stack is far shorter. */
export const longestDescription = 20_000;

/** Message and stack. Chromium's stack begins with the message. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.slice(0, longestDescription);
}

/** @param where the address of a view, or the name of a part of the window */
export function logFailure(where: string, error: unknown): void {
  console.error(error);
  void ask('logFailure', where.slice(0, 200), describeError(error)).catch((fault: unknown) => console.error(fault));
}
