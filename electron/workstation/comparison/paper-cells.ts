/**
 * Finds the paper's number to compare with ours, and the fields in which the two differ. Independent of methods and
 * evaluators: papers are data, and a differing field either breaks the comparison or is a stated deviation.
 */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Options, OptionValue } from '../../../trainer/protocol/options.ts';
import type { Cell, Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Protocol } from '../../../trainer/protocol/results.ts';
import type { Reason } from '../../api/comparison.ts';

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
  readonly chunk: number | null;
  /** Of two encoders that do not share weights, the evaluated one, 1 or 2. */
  readonly branch: number | null;
  readonly options: Options;
  readonly protocol: Protocol;
}

/** A cell as a side of a comparison; the paper's own recipe fills in what its setting omits. */
export function measuredCell(paper: Paper, cell: Cell): Measured {
  const { method, evaluator, dataset, split, metric, setting, protocol } = cell;
  return {
    method,
    evaluator,
    dataset,
    split,
    metric,
    protocol,
    encoder: setting.encoder,
    pretrainedOn: setting.pretrainedOn,
    epochs: setting.epochs ?? null,
    batch: setting.batch ?? null,
    chunk: null,
    branch: null,
    options: { ...paper.recipes[method], ...setting.options },
  };
}

export const shown = (value: OptionValue | null | undefined): Reason['theirs'] =>
  value === undefined ? null : Array.isArray(value) ? value.join('-') : value;

/** Every field in which ours differs from theirs, those that break the comparison first. */
export function differences(theirs: Measured, ours: Measured): readonly Reason[] {
  const reasons: Reason[] = [];
  const check = (field: string, kind: Reason['kind'], left?: OptionValue | null, right?: OptionValue | null): void => {
    if (canonicalJson(left ?? null) === canonicalJson(right ?? null)) return;
    reasons.push({ field, theirs: shown(left), ours: shown(right), kind });
  };
  /** An unknown value may or may not break the comparison, so it is stated. */
  const unlessUnknown = (value: OptionValue | null | undefined): Reason['kind'] =>
    value === null || value === undefined ? 'deviation' : 'breaks';

  check('method', 'breaks', theirs.method, ours.method);
  check('evaluator', 'breaks', theirs.evaluator, ours.evaluator);
  check('dataset', 'breaks', theirs.dataset, ours.dataset);
  // The splits of two data sets only share their names.
  if (theirs.dataset === ours.dataset) check('split', 'breaks', theirs.split, ours.split);
  check('metric', 'breaks', theirs.metric, ours.metric);
  check('pretrainedOn', 'breaks', theirs.pretrainedOn, ours.pretrainedOn);
  check('encoder', 'breaks', theirs.encoder, ours.encoder);
  check('epochs', unlessUnknown(theirs.epochs), theirs.epochs, ours.epochs);
  check('batch', 'deviation', theirs.batch, ours.batch);
  check('chunk', 'deviation', theirs.chunk, ours.chunk);
  check('branch', 'deviation', theirs.branch, ours.branch);
  // Options not named in a paper's recipe are not part of its claim; the table of parameters lists them.
  for (const key of Object.keys(theirs.options).sort()) {
    check(`options.${key}`, 'breaks', theirs.options[key], ours.options[key]);
  }
  for (const key of [...new Set([...Object.keys(theirs.protocol), ...Object.keys(ours.protocol)])].sort()) {
    const [left, right] = [theirs.protocol[key], ours.protocol[key]];
    // The last epoch is below the best, by as much as choosing on the evaluated images flatters: a statement, not another measure.
    const isStated = right === undefined || key === 'epochRule';
    check(`protocol.${key}`, isStated ? 'deviation' : unlessUnknown(left), left, right);
  }
  return [...reasons.filter(({ kind }) => kind === 'breaks'), ...reasons.filter(({ kind }) => kind === 'deviation')];
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

const breaks = (reasons: readonly Reason[]): number => reasons.filter(({ kind }) => kind === 'breaks').length;

/**
 * Number of fields that both state equally: of two cells with equally many breaks, the one with more agreement is
 * closer.
 */
function agreements(theirs: Measured, ours: Measured): number {
  const fields = ['encoder', 'pretrainedOn', 'epochs', 'batch'] as const;
  const same = (left: unknown, right: unknown): boolean =>
    left != null && right != null && canonicalJson(left) === canonicalJson(right);
  return (
    fields.filter((field) => same(theirs[field], ours[field])).length +
    Object.keys(theirs.options).filter((key) => same(theirs.options[key], ours.options[key])).length +
    Object.keys(theirs.protocol).filter((key) => same(theirs.protocol[key], ours.protocol[key])).length
  );
}

/** The candidate with the fewest breaks, then the most agreements, then the first. */
function closest(candidates: readonly Candidate[], ours: Measured): Beside | null {
  let best: (Beside & { readonly agreeing: number }) | null = null;
  for (const { paper, cell } of candidates) {
    const theirs = measuredCell(paper, cell);
    const [reasons, agreeing] = [differences(theirs, ours), agreements(theirs, ours)];
    const fewer = best === null ? 1 : breaks(best.reasons) - breaks(reasons);
    if (best === null || fewer > 0 || (fewer === 0 && agreeing > best.agreeing))
      best = { paper, cell, reasons, agreeing };
  }
  return best;
}

/**
 * The cell of the given papers to compare with ours: one with the same (method, evaluator, dataset, split, metric) if
 * there is any; otherwise the one named by the plan; without a plan, the closest with the same method, evaluator and
 * metric, as not like for like.
 */
export function cellBeside(papers: readonly Paper[], ours: Measured, plan: Plan | null): Beside | null {
  const all = papers.flatMap((paper) => paper.cells.map((cell) => ({ paper, cell })));
  const sameMethod = all.filter(({ cell }) => cell.method === ours.method);
  const same = (keys: readonly ('evaluator' | 'dataset' | 'split' | 'metric')[]): readonly Candidate[] =>
    sameMethod.filter(({ cell }) => keys.every((key) => cell[key] === ours[key]));

  const exact = same(['evaluator', 'dataset', 'split', 'metric']);
  if (exact.length > 0) return closest(exact, ours);
  if (plan === null) return closest(same(['evaluator', 'metric']), ours);
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
  return closest(wanted, ours);
}
