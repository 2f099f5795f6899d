/** Expected effect of a deviation: the paper's own finding when it changed nothing else. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Cell, Paper } from '../../../trainer/protocol/paper.ts';
import type { OptionValue } from '../../../trainer/protocol/options.ts';
import type { Reason } from '../../api/comparison.ts';
import { shown } from './field-differences.ts';
import { differences, type MeasureCell, type Measured } from './paper-cells.ts';

const fields = ['encoder', 'epochs', 'batch'] as const;

function valueOf(measured: Measured, field: string): OptionValue | null {
  const known = fields.find((name) => name === field);
  if (known !== undefined) return measured[known];
  return field.startsWith('options.') ? (measured.options[field.slice('options.'.length)] ?? null) : null;
}

/** Size of a number, or of a list of widths by its last; null for other values. */
function sizeOf(value: OptionValue | null): number | null {
  const last = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'number' && last > 0 ? Math.log(last) : null;
}

/**
 * Distance of a value from ours, seen from theirs: 0 if equal, null if it lies on the other side or cannot be
 * determined.
 */
function distance(value: OptionValue | null, ours: OptionValue | null, theirs: OptionValue | null): number | null {
  if (canonicalJson(value) === canonicalJson(ours)) return 0;
  const [at, own, from] = [sizeOf(value), sizeOf(ours), sizeOf(theirs)];
  if (at === null || own === null || from === null || (at - from) * (own - from) <= 0) return null;
  return Math.abs(at - own);
}

/** What goes with what a table varies, as the learning rate goes with the batch; and that a recipe is not known of either. */
function follows(field: string, cells: readonly Cell[]): boolean {
  const paths = cells.flatMap(({ change = [] }) => change.map(({ path }) => path));
  return field === 'recipe' || paths.some((path) => field === path || field.startsWith(`${path}.`));
}

/** Two cells of the paper that differ only in this field: from theirs to the one nearest to ours. */
export function effectOf(
  paper: Paper,
  theirs: Measured,
  ours: Measured,
  field: string,
  measure: MeasureCell,
): Reason['effect'] {
  const [from, to] = [valueOf(theirs, field), valueOf(ours, field)];
  if (from === null || to === null) return undefined;
  const like = paper.cells
    .map((cell) => ({ cell, measured: measure(paper, cell) }))
    .filter(({ measured }) =>
      (['method', 'evaluator', 'dataset', 'split', 'metric'] as const).every((key) => measured[key] === theirs[key]),
    );
  let nearest: { readonly far: number; readonly effect: NonNullable<Reason['effect']> } | undefined;
  for (const { cell: before, measured } of like) {
    if (before.value === null || canonicalJson(valueOf(measured, field)) !== canonicalJson(from)) continue;
    for (const { cell: after, measured: changed } of like) {
      const at = valueOf(changed, field);
      const far = distance(at, to, from);
      if (far === null || (nearest !== undefined && far >= nearest.far)) continue;
      const differing = differences(measured, changed).filter((reason) => !follows(reason.field, [before, after]));
      if (differing.length === 0 || differing.some((reason) => reason.field !== field)) continue;
      const { value, remark, where } = after;
      const effect = { at: shown(field, at), from: before.value, to: value ?? remark ?? null, where };
      nearest = { far, effect };
    }
  }
  return nearest?.effect;
}
