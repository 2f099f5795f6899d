/**
 * Paper, earlier reproduction and our own figures side by side. A pure join over rows: no special case for a method or an evaluator.
 * What a run differs in follows from configurations alone, so that it is the same before it is started and after it is done.
 *
 * Fields a reason can name: `paper` (no such figure there), `value` (one side has no number: a collapse, a diverged run), `recipe` (the
 * training of one side is not known), those of `paper-cells.ts`, and those of `configuration-fields.ts`.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue, Metric } from '../../../trainer/protocol/catalogue.ts';
import type { Cell, Paper } from '../../../trainer/protocol/paper.ts';
import { declaredMetric, leadingMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { resizingProtocol, type Protocol, type Result } from '../../../trainer/protocol/results.ts';
import type { EvaluateConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { Comparison, ComparisonRow, Interval, Selection } from '../../api/comparison.ts';
import { below, measuringFields, operationFields, trainingFields } from './configuration-fields.ts';
import { reasonOf } from './field-differences.ts';
import {
  cellBeside,
  createMeasureCell,
  differences,
  type Beside,
  type MeasureCell,
  type Measured,
} from './paper-cells.ts';
import { judgeClaims } from './claims.ts';
import { effectOf } from './paper-effects.ts';
import { membersOf, toldApart, type Find, type Member } from './members.ts';
import { differingParameters } from './parameters.ts';
import { pairedDifferences } from './paired-differences.ts';
import { resampleRankings, type Resamplings } from './rankings.ts';
import type { ComparisonInput, ComparisonDraft } from './comparison-input.ts';
import type { Resampled } from './statistics/bootstrap.ts';
import { clampPercent, seedInterval, wilson } from './statistics/intervals.ts';
import { summarize } from './statistics/summary.ts';
import type { StoredRun } from '../store/store.ts';
import { dataName, evaluationIdentity, shortHash, subjectFacts, type SubjectFacts } from './subjects.ts';
import { verdictOf } from './verdicts.ts';

/** Order of preference for the compared epoch of a head. */
const preference = {
  last: ['only', 'last', 'best'],
  best: ['only', 'best', 'last'],
} as const satisfies Record<NonNullable<Selection['epoch']>, readonly Result['which'][]>;
type Epoch = keyof typeof preference;

interface RowInput extends ComparisonInput {
  readonly resamplings: Resamplings;
  readonly epoch: Epoch;
  readonly measureCell: MeasureCell;
}

function intervalOf(
  values: readonly number[],
  images: number,
  unit: Metric['unit'],
  resampled: Resampled | null,
): Interval | null {
  const seeds = seedInterval(values, 0.95);
  if (seeds !== null) return { ...clampPercent(seeds), confidence: 0.95, method: 't-seeds' };
  const [only] = values;
  // An AP over images has no binomial spread: without resampling it has no interval.
  if (resampled !== null) return { ...resampled.interval(0.95), confidence: 0.95, method: 'bootstrap' };
  if (only === undefined || unit !== 'share' || images === 0) return null;
  return { ...wilson(only, images, 0.95), confidence: 0.95, method: 'wilson' };
}

function oursOf(
  values: readonly { readonly run: StoredRun; readonly seed: number; readonly result: Result }[],
  { resamplings, epoch }: Pick<RowInput, 'resamplings' | 'epoch'>,
  unit: Metric['unit'],
): {
  readonly ours: NonNullable<ComparisonRow['ours']>;
  readonly used: ComparisonDraft['used'];
  /** The figures behind the mean and the verdict. */
  readonly figures: readonly number[];
  readonly resampled: Resampled | null;
} {
  const which = preference[epoch].find((one) => values.some(({ result }) => result.which === one));
  const used = values.filter(({ result }) => result.which === which);
  const figures = used.map(({ result }) => result.value);
  const finite = figures.filter((value) => value !== null);
  // One diverged seed makes the mean unknown: excluding it would bias the mean.
  const mean = finite.length === figures.length ? summarize(finite).mean : null;
  const images = used[0]?.result.n ?? 0;
  const resampled = (used.length === 1 && used[0] ? resamplings.get(used[0].result) : undefined) ?? null;
  const ours: NonNullable<ComparisonRow['ours']> = {
    mean,
    n: used.length,
    images,
    interval: mean === null ? null : intervalOf(finite, images, unit, resampled),
    values: values.map(({ run, seed, result }) => ({ run: run.id, seed, value: result.value, which: result.which })),
  };
  return { ours, used: used.map(({ run, result }) => ({ run, result })), figures: finite, resampled };
}

function notesOf(
  ours: ComparisonRow['ours'],
  used: ComparisonDraft['used'],
  cell: Cell | null,
  wentBack: ComparisonInput['wentBack'],
): ComparisonRow['notes'] {
  const notes: ComparisonRow['notes'][number][] = [];
  if (ours?.n === 1) notes.push('single-run');
  if (cell !== null && cell.value !== null && cell.range === undefined) {
    notes.push(cell.runs === 1 ? 'paper-single-run' : 'paper-uncertainty-unknown');
  }
  if (used.some(({ result }) => result.which === 'best')) notes.push('best-epoch-on-test');
  if (used.some(({ run }) => trainingsOf(run).some((id) => wentBack.has(id)))) notes.push('went-back');
  return notes;
}

/** A run and the pretraining that it evaluates. */
function trainingsOf({ id, config }: StoredRun): readonly string[] {
  return config.kind === 'evaluate' && config.subject.kind === 'run' ? [id, config.subject.run] : [id];
}

function makeRow(
  input: RowInput,
  facts: SubjectFacts,
  role: ComparisonRow['subject']['role'],
  measured: Measured,
  protocol: Protocol,
  values: Parameters<typeof oursOf>[0],
  identity: unknown,
): ComparisonDraft {
  const declared = declaredMetric(input.catalogue, measured.evaluator, measured.metric);
  const { ours, used, figures, resampled } =
    values.length === 0 ? { ours: null, used: [], figures: [], resampled: null } : oursOf(values, input, declared.unit);
  const beside = (kind: Paper['role'], like: Beside | null): Beside | null =>
    cellBeside(
      input.papers
        .filter((paper) => paper.role === kind)
        // An ablation is only compared with a cell about one.
        .map((paper) => ({ ...paper, cells: role === 'ablation' ? ablations(paper) : paper.cells }))
        // The earlier figure belongs to the same experiment as the paper's figure.
        .map((paper) => ({
          ...paper,
          cells: like === null ? paper.cells : sameExperimentFirst(paper.cells, like.cell),
        })),
      measured,
      input.plan,
      input.measureCell,
    );
  const paper = withEffects(beside('paper', null), measured, input.measureCell);
  const earlier = beside('earlier', paper);
  const { evaluator, dataset, split, metric } = measured;
  const { label, method, encoder } = facts;
  const row: ComparisonRow = {
    key: shortHash({ identity, evaluator, dataset, split, metric, protocol }),
    subject: { label, role, method, encoder },
    evaluator,
    dataset,
    split,
    metric,
    unit: declared.unit,
    isSecondary: declared.isSecondary,
    protocol,
    paper: paper?.cell ?? null,
    earlier: earlier?.cell ?? null,
    ours,
    ...verdictOf(ours, figures, declared, paper, resampled),
    notes: notesOf(ours, used, paper?.cell ?? null, input.wentBack),
  };
  return { row, used };
}

function withEffects(beside: Beside | null, ours: Measured, measureCell: MeasureCell): Beside | null {
  if (beside === null) return null;
  const { paper, cell, reasons } = beside;
  const theirs = measureCell(paper, cell);
  return {
    ...beside,
    reasons: reasons.map((reason) => {
      const effect = effectOf(paper, theirs, ours, reason.field, measureCell);
      return effect === undefined ? reason : { ...reason, effect };
    }),
  };
}

/** Cells whose options, batch or branches differ from the first cell of the method. */
function ablations({ cells }: Paper): Cell[] {
  return cells.filter(({ method, setting: { options, batch, encoder } }) => {
    const main = cells.find((cell) => cell.method === method)?.setting;
    return options !== undefined || encoder !== main?.encoder || (batch !== undefined && batch !== main.batch);
  });
}

const roleOrder: Readonly<Record<ComparisonRow['subject']['role'], number>> = {
  main: 0,
  ablation: 1,
  other: 1,
  control: 2,
};

function sameExperimentFirst(cells: readonly Cell[], like: Cell): Cell[] {
  const same = (cell: Cell): boolean =>
    cell.evaluator === like.evaluator && cell.dataset === like.dataset && cell.metric === like.metric;
  return [...cells.filter(same), ...cells.filter((cell) => !same(cell))];
}

type Figure = Pick<Measured, 'evaluator' | 'dataset' | 'split' | 'metric'>;

/** Our side: a figure, how its configuration measures it, and how its encoder was trained. */
function measuredOurs(facts: SubjectFacts, config: RunConfig, figure: Figure, catalogue: Catalogue): Measured {
  const { method, encoder, pretrainedOn, epochs, batch, branch, options, training } = facts;
  const { evaluator, dataset, split, metric } = figure;
  const measuring = config.kind === 'evaluate' ? below('protocol', operationFields(config)) : {};
  return {
    method,
    evaluator,
    dataset,
    split,
    metric,
    encoder,
    pretrainedOn,
    epochs,
    batch,
    views: training?.views.length ?? null,
    branch,
    options,
    protocol: measuringFields(config, catalogue) ?? {},
    usual: {},
    recipe: training === null ? null : trainingFields(training, catalogue),
    operation: { ...(training === null ? {} : operationFields(training)), ...measuring },
  };
}

/** Rows of one group of runs that differ only by seed: one per metric, in the evaluator's order. */
function rowsOfGroup(
  input: RowInput,
  members: readonly Member[],
  names: ReadonlyMap<string, string>,
  find: Find,
): ComparisonDraft[] {
  const [first] = members;
  if (first === undefined) return [];
  const { config } = first;
  const facts = subjectFacts(first, find, input.catalogue, names);
  const identity = evaluationIdentity(first.config, facts);
  const byMetric = new Map<string, { result: Result; values: Parameters<typeof oursOf>[0][number][] }>();
  for (const member of members) {
    if (member.stored === null) continue;
    const { seed } = subjectFacts(member, find, input.catalogue, names);
    for (const { run, result } of input.results) {
      if (run !== member.stored.id) continue;
      const { evaluator, fingerprint, dataset, split, metric, protocol } = result;
      const key = shortHash({ evaluator, fingerprint, dataset, split, metric, protocol });
      const entry = byMetric.get(key) ?? { result, values: [] };
      entry.values.push({ run: member.stored, seed, result });
      byMetric.set(key, entry);
    }
  }
  if (byMetric.size > 0) {
    return [...byMetric.values()].map(({ result, values }) => {
      const figure = { ...result, dataset: dataName(result, names) };
      const measured = measuredOurs(facts, config, figure, input.catalogue);
      return makeRow(input, facts, first.role, measured, result.protocol, values, identity);
    });
  }
  if (config.kind === 'pretrain') return [];
  const recipe = input.catalogue.evaluators.find(({ id }) => id === config.evaluator.id);
  const evaluator = config.evaluator.id;
  const metric = leadingMetric(input.catalogue, evaluator);
  const figure = { evaluator, dataset: dataName(config.test, names), split: config.test.split, metric };
  const measured = measuredOurs(facts, config, figure, input.catalogue);
  return [makeRow(input, facts, first.role, measured, plannedProtocol(config, recipe), [], identity)];
}

/** The part of a protocol known before measuring: numbers and switches are used as they are, texts may be reworded. */
function plannedProtocol(
  { evaluator, resizing, layer = 'pooled' }: EvaluateConfig,
  recipe: Catalogue['evaluators'][number] | undefined,
): Protocol {
  const known = (recipe?.options ?? []).flatMap(({ key, comparable, default: usual }): [string, number | boolean][] => {
    const value = evaluator.options[key] ?? usual;
    return comparable && (typeof value === 'number' || typeof value === 'boolean') ? [[key, value]] : [];
  });
  // A detector reads every stage of its encoder.
  const read = recipe?.targets === 'objects' ? {} : { layer };
  return { ...Object.fromEntries(known), ...read, ...resizingProtocol({ resizing }) };
}

/** Experiments of the earlier reproduction compared with the paper's cell on the same method and data. */
export function referenceRows(
  papers: readonly Paper[],
  catalogue: Catalogue,
  measureCell: MeasureCell,
): readonly ComparisonRow[] {
  const originals = papers.filter(({ role }) => role === 'paper');
  return papers
    .filter(({ role }) => role === 'earlier')
    .flatMap((paper) => paper.cells.map((cell) => ({ paper, cell })))
    .map(({ paper, cell }) => {
      const theirs = measureCell(paper, cell);
      const sameData = originals.map((original) => ({
        ...original,
        cells: original.cells.filter(({ method, dataset }) => method === cell.method && dataset === cell.dataset),
      }));
      const exact = cellBeside(sameData, theirs, null, measureCell);
      // An experiment measured differently from the paper (top-1 for mAP) is still shown beside it, as not like for
      // like.
      const [fallback] = sameData.flatMap((original) => original.cells.map((other) => ({ original, other })));
      const beside =
        exact ??
        (fallback === undefined
          ? null
          : {
              paper: fallback.original,
              cell: fallback.other,
              reasons: differences(measureCell(fallback.original, fallback.other), theirs),
            });
      const { evaluator, dataset, split, metric, protocol, setting } = cell;
      const { unit, isSecondary } = declaredMetric(catalogue, evaluator, metric);
      const reasons = beside?.reasons ?? [reasonOf('paper', null, cell.value)];
      return {
        key: shortHash({ paper: paper.id, ...theirs }),
        subject: { label: paper.title, role: 'other', method: cell.method, encoder: setting.encoder },
        evaluator,
        dataset,
        split,
        metric,
        unit,
        isSecondary,
        protocol,
        paper: beside?.cell ?? null,
        earlier: cell,
        ours: null,
        difference: null,
        // Its records are not available, so there is no interval and no other verdict.
        verdict: 'not-comparable',
        reasons: cell.value === null ? [reasonOf('value', beside?.cell.value ?? null, null), ...reasons] : reasons,
        notes: ['single-run'],
      };
    });
}

export async function compareRuns(input: ComparisonInput): Promise<Comparison> {
  const { selection, plan, catalogue } = input;
  const names = new Map(input.datasets.map(({ fingerprint, name }) => [fingerprint, name]));
  const { members, find, titles } = toldApart(membersOf(selection, plan, input.runs), input);

  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const facts = subjectFacts(member, find, catalogue, names);
    const key = shortHash({ kind: member.config.kind, identity: evaluationIdentity(member.config, facts) });
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  const chosen = new Set(members.map(({ id }) => id));
  const resamplings = await resampleRankings(input, chosen);
  const measureCell = createMeasureCell(input.presets, catalogue);
  const rowsAt = (epoch: Epoch): readonly ComparisonDraft[] =>
    [...groups.values()]
      .flatMap((group) => rowsOfGroup({ ...input, resamplings, epoch, measureCell }, group, names, find))
      // The main subjects first, then their references.
      .sort((one, other) => roleOrder[one.row.subject.role] - roleOrder[other.row.subject.role]);
  const { baseline, epoch = 'last' } = selection;
  const rows = rowsAt(epoch);
  const labels = [...new Set(rows.map(({ row }) => row.subject.label))];
  if (baseline !== undefined && !labels.includes(baseline)) {
    const text = `Nothing that is compared is called "${baseline}". There is: ${labels.join(', ') || 'nothing'}.`;
    throw new FaultError('unknown-id', text, { baseline });
  }
  return {
    selection,
    rows: rows.map(({ row }) => row),
    // Their rule was fixed before the run, and uses the last epoch.
    claims:
      plan === null ? [] : await judgeClaims(plan, { members, rows: epoch === 'last' ? rows : rowsAt('last'), input }),
    pairs: await pairedDifferences(rows, input, baseline),
    titles,
    parameters: differingParameters(members.flatMap(({ stored }) => (stored === null ? [] : [stored]))),
    references: referenceRows(input.papers, catalogue, measureCell),
  };
}
