import { randomBytes } from 'node:crypto';

/** An id that sorts by time, includes the time of creation, and does not clash with others of the same second. */
export function newRunId(at: Date): string {
  const stamp = at.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(3).toString('hex')}`;
}
