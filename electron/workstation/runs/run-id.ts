import { randomBytes } from 'node:crypto';

/** Sorts by time, says when it was made, and does not clash with one made in the same second elsewhere. */
export function newRunId(at: Date): string {
  const stamp = at.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(3).toString('hex')}`;
}
