/** Which epoch of a head a figure is of, as a protocol says it. */
import type { Protocol } from '../../../trainer/protocol/results.ts';
import type { EpochChoice, Which } from '../../api/comparison.ts';
import { isChosenOnTest } from '../../words/replication.ts';
import type { Beside } from './paper-cells.ts';

/** What a protocol says of a figure of that epoch: nothing where no head was trained. */
export const epochProtocol = (which: Which): Protocol => (which === 'only' ? {} : { epochRule: `${which}-epoch` });

/** The epoch that is shown, of those measured: the one asked for, or the paper's where the two figures can be compared. */
export function shownEpoch(wanted: EpochChoice, measured: ReadonlySet<Which>, besidePaper: () => Beside | null): Which {
  const [first, ...others] = measured;
  if (first !== undefined && others.length === 0) return first;
  const paper = besidePaper();
  const isLike = paper !== null && paper.cell.value !== null && paper.reasons.every(({ kind }) => kind !== 'breaks');
  const isBest = wanted === 'best' || (wanted === 'paper' && isLike && isChosenOnTest(paper.cell));
  const order = isBest ? (['only', 'best', 'last'] as const) : (['only', 'last', 'best'] as const);
  return order.find((which) => measured.has(which)) ?? order[1];
}
