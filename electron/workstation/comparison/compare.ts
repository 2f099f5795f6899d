/**
 * Paper, earlier reproduction and our own figures side by side. A pure join over rows: no special case for a method or an evaluator.
 * What a run differs in follows from configurations alone, so that it is the same before it is started and after it is done.
 *
 * Fields a reason can name: `paper` (no such figure there), `value` (one side has no number: a collapse, a diverged run), `recipe` (the
 * training of one side is not known), those of `paper-cells.ts`, and those of `configuration-fields.ts`.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Cell, Paper } from '../../../trainer/protocol/paper.ts';
import { declaredMetric, leadingMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { resizingProtocol, type Protocol, type Result } from '../../../trainer/protocol/results.ts';
import { evaluatedRun, type EvaluateConfig, type RunConfig } from '../../../trainer/protocol/run.ts';
import type { Comparison, ComparisonRow, EpochChoice, Note, Which } from '../../api/comparison.ts';
import { isChosenOnTest } from '../../words/replication.ts';
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
import { groupMembers, roleOrder } from './member-groups.ts';
import { membersOf, toldApart, type Member } from './members.ts';
import { paletteOf } from './palette.ts';
import { epochProtocol, shownEpoch } from './epoch-rule.ts';
import { ownFigure, type Figured } from './own-figure.ts';
import { isCalled, pairsOf } from './pairs.ts';
import { resampleRankings, type Resamplings } from './rankings.ts';
import type { Measurement, Replicating } from './replication.ts';
import type { ComparisonInput, ComparisonDraft } from './comparison-input.ts';
import type { StoredRun } from '../store/store.ts';
import {
  dataName,
  drawOptions,
  evaluationIdentity,
  shortHash,
  subjectFacts,
  withoutDraws,
  type SubjectFacts,
  subjectId,
} from './subjects.ts';
import { settingsOf } from './settings.ts';
import { verdictOf } from './verdicts.ts';

interface RowInput extends ComparisonInput, Replicating {
  readonly resamplings: Resamplings;
  readonly epoch: EpochChoice;
  readonly measureCell: MeasureCell;
}

function notesOf(
  figured: Figured | null,
  paper: Beside | null,
  isLeading: boolean,
  wentBack: ComparisonInput['wentBack'],
): ComparisonRow['notes'] {
  const cell = paper?.cell ?? null;
  const notes: Note[] = [];
  if (figured !== null) {
    const { n, unit, sd, which, disagreeing } = figured.ours;
    if (disagreeing.length > 0) notes.push('repetitions-differ');
    if (unit === 'none') notes.push('no-seed');
    else if (n === 1) notes.push(`single-${unit}`);
    else if (sd === 0) notes.push('seeds-agree');
    if (which === 'best') notes.push('best-epoch-on-test');
  }
  if (cell !== null && cell.value !== null && cell.range === undefined) {
    notes.push(cell.runs === 1 ? 'paper-single-run' : 'paper-uncertainty-unknown');
  }
  if (cell !== null && isChosenOnTest(cell)) {
    notes.push('paper-best-epoch');
    // The official code takes the best epoch of each figure by itself; a head has one best epoch here.
    if (figured?.ours.which === 'best' && !isLeading) notes.push('best-by-leading');
  }
  const measured = figured?.replication.units.flatMap(({ measurements }) => measurements) ?? [];
  if (measured.some(({ run }) => trainingsOf(run).some((id) => wentBack.has(id)))) notes.push('went-back');
  return notes;
}

/** A run and the pretraining that it evaluates. */
function trainingsOf({ id, config }: StoredRun): readonly string[] {
  const evaluated = evaluatedRun(config);
  return evaluated === null ? [id] : [id, evaluated];
}

async function makeRow(
  input: RowInput,
  facts: SubjectFacts,
  role: ComparisonRow['subject']['role'],
  measured: Measured,
  protocol: Protocol,
  measurements: readonly Measurement[],
  identity: unknown,
): Promise<ComparisonDraft> {
  const declared = declaredMetric(input.catalogue, measured.evaluator, measured.metric);
  const beside = (kind: Paper['role'], ours: Measured, like: Beside | null): Beside | null =>
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
      ours,
      input.plan,
      input.measureCell,
    );
  const trains = input.catalogue.evaluators.find(({ id }) => id === measured.evaluator)?.trains === true;
  const epochs: readonly Which[] =
    measurements.length > 0 ? measurements.map(({ result }) => result.which) : trains ? ['last', 'best'] : ['only'];
  const which = shownEpoch(input.epoch, new Set(epochs), () => beside('paper', measured, null));
  const shown = { ...measured, protocol: { ...measured.protocol, ...epochProtocol(which) } };
  const paper = withEffects(beside('paper', shown, null), shown, input.measureCell);
  const earlier = beside('earlier', shown, paper);
  const figured =
    measurements.length === 0 ? null : await ownFigure(measurements, { ...input, unit: declared.unit, which });
  const { evaluator, dataset, split, metric } = measured;
  const { label, method, encoder } = facts;
  const row: ComparisonRow = {
    key: shortHash({ identity, evaluator, dataset, split, metric, protocol }),
    subject: { id: subjectId(facts), label, role, method, encoder },
    evaluator,
    dataset,
    split,
    metric,
    unit: declared.unit,
    isSecondary: declared.isSecondary,
    protocol,
    paper: paper?.cell ?? null,
    earlier: earlier?.cell ?? null,
    ours: figured?.ours ?? null,
    ...verdictOf(figured?.ours ?? null, figured?.figures ?? [], declared, paper, figured?.resampled),
    notes: notesOf(figured, paper, metric === leadingMetric(input.catalogue, evaluator), input.wentBack),
  };
  const replication = figured?.replication ?? { unit: 'none', units: [] };
  return { row, replication };
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

/** Figures of runs that differ only by seeds, by metric, in the evaluator's order. */
function measurementsOf(
  input: RowInput,
  members: readonly Member[],
  names: ReadonlyMap<string, string>,
): readonly { readonly result: Result; readonly measurements: readonly Measurement[] }[] {
  const byMetric = new Map<string, { result: Result; measurements: Measurement[] }>();
  for (const member of members) {
    if (member.stored === null) continue;
    const { seed } = subjectFacts(member, input.find, input.catalogue, names);
    for (const { run, result } of input.results) {
      if (run !== member.stored.id) continue;
      const { evaluator, fingerprint, dataset, split, metric } = result;
      const protocol = withoutDraws(result.protocol, drawOptions(input.catalogue, evaluator));
      const key = shortHash({ evaluator, fingerprint, dataset, split, metric, protocol });
      const entry = byMetric.get(key) ?? { result, measurements: [] };
      entry.measurements.push({ run: member.stored, seed, result });
      byMetric.set(key, entry);
    }
  }
  return [...byMetric.values()];
}

/** The protocol that all of them share: figures by several draws are of no single one. */
function sharedProtocol(measurements: readonly Measurement[]): Protocol {
  const [first, ...others] = measurements.map(({ result }) => result.protocol);
  return Object.fromEntries(Object.entries(first!).filter(([key, value]) => others.every((one) => one[key] === value)));
}

/** Rows of one group of runs that differ only by seeds: one per metric. */
async function rowsOfGroup(
  input: RowInput,
  members: readonly Member[],
  names: ReadonlyMap<string, string>,
): Promise<readonly ComparisonDraft[]> {
  const [first] = members;
  if (first === undefined) return [];
  const { config } = first;
  const facts = subjectFacts(first, input.find, input.catalogue, names);
  const identity = evaluationIdentity(first.config, facts, input.catalogue);
  const measured = measurementsOf(input, members, names);
  if (measured.length > 0) {
    const rows: ComparisonDraft[] = [];
    for (const { result, measurements } of measured) {
      const figure = { ...result, dataset: dataName(result, names) };
      const ours = measuredOurs(facts, config, figure, input.catalogue);
      rows.push(await makeRow(input, facts, first.role, ours, sharedProtocol(measurements), measurements, identity));
    }
    return rows;
  }
  if (config.kind === 'pretrain') return [];
  const recipe = input.catalogue.evaluators.find(({ id }) => id === config.evaluator.id);
  const evaluator = config.evaluator.id;
  const metric = leadingMetric(input.catalogue, evaluator);
  const figure = { evaluator, dataset: dataName(config.test, names), split: config.test.split, metric };
  const ours = measuredOurs(facts, config, figure, input.catalogue);
  return [await makeRow(input, facts, first.role, ours, plannedProtocol(config, recipe), [], identity)];
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
        subject: { id: paper.id, label: paper.title, role: 'other', method: cell.method, encoder: setting.encoder },
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
        notes: ['single-pretraining'],
      };
    });
}

export async function compareRuns(input: ComparisonInput): Promise<Comparison> {
  const { selection, plan, catalogue } = input;
  const names = new Map(input.datasets.map(({ fingerprint, name }) => [fingerprint, name]));
  const { members, find, titles } = toldApart(membersOf(selection, plan, input.runs), input);

  const groups = groupMembers(members, { find, catalogue, names });
  const chosen = new Set(members.map(({ id }) => id));
  const resamplings = await resampleRankings(input, chosen);
  const measureCell = createMeasureCell(input.presets, catalogue);
  const rowsAt = async (epoch: EpochChoice): Promise<readonly ComparisonDraft[]> => {
    const own = { ...input, find, resamplings, epoch, measureCell };
    const rows: ComparisonDraft[] = [];
    for (const { members: group } of groups) rows.push(...(await rowsOfGroup(own, group, names)));
    // The main subjects first, then their references.
    return rows.sort((one, other) => roleOrder[one.row.subject.role] - roleOrder[other.row.subject.role]);
  };
  const { baseline, epoch = 'paper' } = selection;
  const rows = await rowsAt(epoch);
  if (baseline !== undefined && !rows.some(({ row }) => isCalled(row.subject, baseline))) {
    const labels = [...new Set(rows.map(({ row }) => row.subject.label))];
    const text = `Nothing that is compared is called "${baseline}". There is: ${labels.join(', ') || 'nothing'}.`;
    throw new FaultError('unknown-id', text, { baseline });
  }
  // Claims have their rule from before the run, and both sides of a difference are of the same epoch.
  const last = rows.some(({ row }) => row.ours?.which === 'best') ? await rowsAt('last') : rows;
  return {
    selection,
    rows: rows.map(({ row }) => row),
    claims: plan === null ? [] : await judgeClaims(plan, { members, rows: last, input }),
    pairs: await pairsOf(epoch === 'best' ? rows : last, input, baseline),
    titles,
    palette: paletteOf(
      rows.map(({ row }) => ({ subject: row.subject.id, runs: row.ours?.values.map(({ run }) => run) ?? [] })),
      members,
    ),
    settings: settingsOf(
      members.filter(({ stored }) => stored !== null),
      find,
      catalogue,
      names,
    ),
    references: referenceRows(input.papers, catalogue, measureCell),
  };
}
