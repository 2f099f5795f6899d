/** The numbered points of a save at which a test kills the process. */
import process from 'node:process';

/**
 * Numbered points of a save. A test names one in the environment (`checkpoint:3`, or `checkpoint:3:2` for the second
 * save) and the process kills itself there, as a power cut would.
 */
const points = [
  'begin',
  'folder made',
  'first tensor written',
  'tensors written',
  'tensors flushed',
  'manifest written',
  'manifest flushed',
  'folder flushed',
  'renamed',
  'parent flushed',
  'posted',
  'pruning',
] as const;
export type SavePoint = (typeof points)[number];
export const savePoints: readonly SavePoint[] = points;

let saves = 0;
/** Marks a point of a save as passed; kills the process where a test asked for it. */
export function reached(point: SavePoint): void {
  if (point === 'begin') saves += 1;
  if (process.env['REPRISE_TEST'] !== '1') return;
  const [kind, number, save = '1'] = (process.env['REPRISE_FAULT'] ?? '').split(':');
  if (kind === 'checkpoint' && points[Number(number) - 1] === point && Number(save) === saves) {
    process.kill(process.pid, 'SIGKILL');
  }
}
