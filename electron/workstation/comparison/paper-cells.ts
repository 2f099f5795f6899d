/**
 * Finds the paper's number to compare with ours, and the fields in which the two differ. Independent of methods and
 * evaluators: papers and presets are data, and how a differing field counts is a table (`electron/words/field-classes.ts`).
 */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Options } from '../../../trainer/protocol/options.ts';
import type { Cell, Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { PresetFile } from '../../../trainer/protocol/preset.ts';
import type { Reason } from '../../api/comparison.ts';
import { whyNoRecipe } from '../../words/field-classes.ts';
import { below, trainingFields, usualMeasuring, usualOperation, type Fields } from './configuration-fields.ts';
import { fieldDifferences, inOrder, mergeRepeated, operationDifferences, reasonOf } from './field-differences.ts';
import { presetConfig } from './preset-config.ts';

/** One side of a comparison in a paper's terms. */
export interface Measured {
  readonly method: string;
  readonly evaluator: string;
  readonly dataset: string;
  readonly split: string;
  readonly metric: string;
  readonly encoder: string;
  readonly pretrainedOn: string | null;
  readonly epochs: number | null;
  readonly batch: number | null;
  /** Views of an image. */
  readonly views: number | null;
  /** Of two encoders that do not share weights, the evaluated one, 1 or 2. */
  readonly branch: number | null;
  /** Of the method: of a paper those that it names, of ours all. */
  readonly options: Options;
  /** How it was measured: of a paper as far as it says, of ours all. */
  readonly protocol: Fields;
  /** How a paper measures where it says nothing else; nothing of ours. */
  readonly usual: Fields;
  /** Everything else that the training was given; null where that is not known. */
  readonly recipe: Fields | null;
  /** What no paper states. */
  readonly operation: Fields;
}

/** Cells as sides of a comparison. */
export type MeasureCell = (paper: Paper, cell: Cell) => Measured;

/**
 * A cell is what its preset says, but for what it has otherwise; without a preset what its paper says of its method. Each cell is worked
 * out once.
 *
 * @throws Error where a cell names a preset that is not there
 */
export function createMeasureCell(presets: readonly PresetFile[], catalogue: Catalogue): MeasureCell {
  const known = new Map<Cell, Measured>();
  return (paper, cell) => {
    const measured = known.get(cell) ?? measuredCell(paper, cell, presets, catalogue);
    known.set(cell, measured);
    return measured;
  };
}

function measuredCell(paper: Paper, cell: Cell, presets: readonly PresetFile[], catalogue: Catalogue): Measured {
  const { method, evaluator, dataset, split, metric, setting, protocol, change = [] } = cell;
  const preset = presets.find(({ id }) => id === cell.preset);
  if (cell.preset !== null && preset === undefined)
    throw new Error(`A cell of "${paper.id}" (${cell.where}) names the preset "${cell.preset}", which is not there.`);
  const training = preset === undefined ? null : presetConfig({ ...preset, values: [...preset.values, ...change] });
  const options = { ...paper.recipes[method], ...setting.options };
  return {
    method,
    evaluator,
    dataset,
    split,
    metric,
    encoder: setting.encoder,
    pretrainedOn: setting.pretrainedOn,
    epochs: setting.epochs ?? training?.epochs ?? null,
    batch: setting.batch ?? training?.batch ?? null,
    views: setting.views ?? training?.views.length ?? null,
    branch: null,
    options,
    protocol,
    usual: usualMeasuring(training, evaluator, catalogue),
    recipe: training === null ? null : { ...trainingFields(training, catalogue), ...below('options', options) },
    operation: {},
  };
}

/** What is said of a figure, as fields; what is not known is missing. */
function statedFields({ protocol, options, ...stated }: Measured): Fields {
  const { method, evaluator, dataset, split, metric, encoder, pretrainedOn, epochs, batch, views, branch } = stated;
  const fields = { method, evaluator, dataset, split, metric, encoder, pretrainedOn, epochs, batch, views, branch };
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
    ...below('options', options),
    ...below('protocol', protocol),
  };
}

/** Theirs of what ours has a value for. */
const answered = (theirs: Fields, ours: Fields): Fields =>
  Object.fromEntries(Object.entries(theirs).filter(([field]) => field in ours));

/** Fields of what was trained and how it was measured, but for the rest of the recipe. */
function statedDifferences(theirs: Measured, ours: Measured): readonly Reason[] {
  const own = statedFields(ours);
  const stated = { ...answered(below('protocol', theirs.usual), own), ...statedFields(theirs) };
  return fieldDifferences(stated, own).filter(({ field }) => {
    // Options that a paper does not name are compared with the preset, if there is one.
    if (field.startsWith('options.')) return field in stated;
    // The splits of two data sets only share their names.
    return field !== 'split' || theirs.dataset === ours.dataset;
  });
}

/** A field of a part that both have: of the same encoder or optimizer, of a view that both show. */
function isShared(field: string, theirs: Measured, ours: Measured): boolean {
  const [group = ''] = field.split('.');
  if (group === 'encoders') return theirs.encoder === ours.encoder && field in (theirs.recipe ?? {});
  if (group === 'options') return true;
  if (group === 'views') return [theirs, ours].every(({ recipe }) => recipe !== null && field in recipe);
  return group === field || theirs.recipe?.[group] === ours.recipe?.[group];
}

function recipeDifferences(theirs: Measured, ours: Measured): readonly Reason[] {
  if (theirs.recipe === null)
    return [{ field: 'recipe', theirs: null, ours: null, kind: 'unstated', why: whyNoRecipe }];
  if (ours.recipe === null) return [reasonOf('recipe', null, null)];
  const stated = statedFields(theirs);
  const sides = [theirs.recipe, ours.recipe] as const;
  const reasons = fieldDifferences(...sides).filter(({ field }) => !(field in stated) && isShared(field, theirs, ours));
  return mergeRepeated(reasons, sides, ({ theirs: one, ours: other, kind }) => [one, other, kind]);
}

/** Every field in which ours differs from theirs, those that break the comparison first. */
export function differences(theirs: Measured, ours: Measured): readonly Reason[] {
  return inOrder([
    ...statedDifferences(theirs, ours),
    ...recipeDifferences(theirs, ours),
    ...operationDifferences(usualOperation, ours.operation),
  ]);
}

export interface Beside {
  readonly paper: Paper;
  readonly cell: Cell;
  readonly reasons: readonly Reason[];
}

interface Candidate {
  readonly paper: Paper;
  readonly cell: Cell;
}

const count = (reasons: readonly Reason[], kind: Reason['kind']): number =>
  reasons.filter((reason) => reason.kind === kind).length;

/**
 * Numbers of fields that the paper itself states as we have them, of what was trained and of the rest: of two cells with equally many
 * differences, the one with more agreement is closer.
 */
function agreements({ paper, cell: { method, setting, protocol } }: Candidate, ours: Measured): readonly number[] {
  const fields = ['encoder', 'pretrainedOn', 'epochs', 'batch', 'views'] as const;
  const options = { ...paper.recipes[method], ...setting.options };
  const same = (left: unknown, right: unknown): boolean =>
    left != null && right != null && canonicalJson(left) === canonicalJson(right);
  return [
    fields.filter((field) => same(setting[field], ours[field])).length,
    Object.keys(options).filter((key) => same(options[key], ours.options[key])).length +
      Object.keys(protocol).filter((key) => same(protocol[key], ours.protocol[key])).length,
  ];
}

/** The candidate with the fewest breaks, then the fewest deviations, then the most agreements, then the first. */
function closest(candidates: readonly Candidate[], ours: Measured, measure: MeasureCell): Beside | null {
  const ranked = candidates.map((candidate) => {
    const reasons = differences(measure(candidate.paper, candidate.cell), ours);
    const agreeing = agreements(candidate, ours).map((agreed) => -agreed);
    const rank = [count(reasons, 'breaks'), count(reasons, 'deviation'), ...agreeing];
    return { ...candidate, reasons, rank };
  });
  const [best] = ranked.sort(({ rank: one }, { rank: other }) => {
    const at = one.findIndex((value, place) => value !== other[place]);
    return at === -1 ? 0 : one[at]! - other[at]!;
  });
  return best === undefined ? null : { paper: best.paper, cell: best.cell, reasons: best.reasons };
}

/**
 * The cell of the given papers to compare with ours: one with the same (method, evaluator, dataset, split, metric) if
 * there is any; otherwise the one named by the plan; without a plan, the closest with the same method, evaluator and
 * metric, as not like for like.
 */
export function cellBeside(
  papers: readonly Paper[],
  ours: Measured,
  plan: Plan | null,
  measure: MeasureCell,
): Beside | null {
  const all = papers.flatMap((paper) => paper.cells.map((cell) => ({ paper, cell })));
  const sameMethod = all.filter(({ cell }) => cell.method === ours.method);
  const same = (keys: readonly ('evaluator' | 'dataset' | 'split' | 'metric')[]): readonly Candidate[] =>
    sameMethod.filter(({ cell }) => keys.every((key) => cell[key] === ours[key]));

  const exact = same(['evaluator', 'dataset', 'split', 'metric']);
  if (exact.length > 0) return closest(exact, ours, measure);
  if (plan === null) return closest(same(['evaluator', 'metric']), ours, measure);
  const wanted = plan.papers
    .filter(({ evaluator, metric }) => evaluator === ours.evaluator && metric === ours.metric)
    .flatMap((entry) =>
      sameMethod.filter(
        ({ paper, cell }) =>
          paper.id === entry.paper &&
          cell.evaluator === entry.evaluator &&
          cell.metric === entry.metric &&
          cell.dataset === entry.dataset &&
          (entry.where === undefined || cell.where === entry.where),
      ),
    );
  return closest(wanted, ours, measure);
}
