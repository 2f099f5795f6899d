/** Which epoch of a head a figure is of, as a protocol says it. */
import type { Cell } from '../../../trainer/protocol/paper.ts';
import type { Protocol } from '../../../trainer/protocol/results.ts';
import type { EpochChoice, Which } from '../../api/comparison.ts';
import type { Beside } from './paper-cells.ts';

const key = 'epochRule';
const rules = { last: 'last-epoch', best: 'best-epoch' } as const;

/** What a protocol says of a figure of that epoch: nothing where no head was trained. */
export const epochProtocol = (which: Which): Protocol => (which === 'only' ? {} : { [key]: rules[which] });

/** A paper's figure of the best epoch on the images it was measured on. */
export const isChosenOnTest = ({ protocol }: Pick<Cell, 'protocol'>): boolean => protocol[key] === rules.best;

/** The epoch that is shown, of those measured: the one asked for, or the paper's where the two figures can be compared. */
export function shownEpoch(wanted: EpochChoice, measured: ReadonlySet<Which>, paper: Beside | null): Which {
  const isLike = paper !== null && paper.cell.value !== null && paper.reasons.every(({ kind }) => kind !== 'breaks');
  const isBest = wanted === 'best' || (wanted === 'paper' && isLike && isChosenOnTest(paper.cell));
  const order = isBest ? (['only', 'best', 'last'] as const) : (['only', 'last', 'best'] as const);
  return order.find((which) => measured.has(which)) ?? order[1];
}
