/** Where the points of reference curves lie on the axis of a chart. */
import type { ReferenceCurves } from '../../../electron/api/reference-curves.ts';
import type { Over } from './chart.svelte.ts';

type Positions = Pick<ReferenceCurves, 'axis' | 'stepsPerEpoch' | 'batch'>;

/**
 * Length of one position on an axis; null if the file does not tell.
 * @param ownStepsPerEpoch of the run they are drawn under: of curves that count epochs alone, an epoch is as long as its own
 */
export function perPosition(
  { axis, stepsPerEpoch, batch }: Positions,
  over: Over,
  ownStepsPerEpoch: number | null,
): number | null {
  const isEpochs = axis === 'epoch';
  switch (over) {
    case 'step':
      return isEpochs ? (stepsPerEpoch ?? ownStepsPerEpoch) : 1;
    case 'epoch':
      return isEpochs ? 1 : stepsPerEpoch === null ? null : 1 / stepsPerEpoch;
    case 'image':
      if (batch === null || (isEpochs && stepsPerEpoch === null)) return null;
      return isEpochs ? stepsPerEpoch! * batch : batch;
    case 'minute':
      return null;
  }
}
