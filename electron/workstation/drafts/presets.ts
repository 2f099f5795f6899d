/** From a preset and a data set to a complete configuration, and presets side by side. */
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Choice } from '../../../trainer/protocol/options.ts';
import { setPath as setAtPath } from '../../../trainer/protocol/paths.ts';
import type { Preset, PresetDifference } from '../../../trainer/protocol/preset.ts';
import { originsAt } from '../../words/preset-origins.ts';
import {
  CheckpointPolicy,
  newestResizing,
  resizingOf,
  RunConfig,
  type EvaluateConfig,
  type Normalization,
  type Preprocessing,
} from '../../../trainer/protocol/run.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import type { Evaluated } from '../../api/drafts.ts';
import type { RequestHandler } from '../request-types.ts';
import { completeConfig, expectEncoder, expectRecipe } from './check-config.ts';
import {
  fittingEvaluators,
  isToldTo,
  splitsWithoutObjects,
  toldOf,
  type EvaluatorDescription,
} from '../data/evaluator-fit.ts';
import type { DeviceChoice } from './device-choice.ts';
import type { Resources } from '../workspace/resources.ts';
import { pretrainSplit, testSplit, trainSplit } from '../data/splits.ts';
import type { Store, StoredDataset, StoredRun } from '../store/store.ts';
import { subjectOf } from './evaluated-encoder.ts';
import { forSmallPictures } from './small-pictures.ts';
import { sourceOf } from '../data/sources.ts';
import {
  imagesForWeights,
  layerForWeights,
  normalizationFor,
  usualPreprocessing,
  withDetectorOf,
} from './preprocessing.ts';

export interface Presets {
  readonly catalogue: RequestHandler<'catalogue'>;
  readonly all: RequestHandler<'presets'>;
  readonly compare: RequestHandler<'comparePresets'>;
  readonly draftRun: (preset: string, fingerprint: string, seed: number) => Promise<RunConfig>;
  readonly draftEvaluation: (of: Evaluated, evaluator: Choice, fingerprint: string) => Promise<RunConfig>;
}

export interface PresetsOptions {
  readonly resources: Resources;
  readonly store: Store;
  /** Imported weights by their id. */
  readonly weights: { readonly get: (id: string) => Promise<ImportedWeights> };
  readonly placement: DeviceChoice;
}

export function createPresets({ resources, store, weights, placement }: PresetsOptions): Presets {
  const { catalogue, presets } = resources;
  const preset = (id: string): Preset => {
    const found = presets.find((candidate) => candidate.id === id);
    if (found !== undefined) return found;
    throw new FaultError('unknown-id', `No preset "${id}". Known: ${presets.map((one) => one.id).join(', ')}.`, { id });
  };
  const dataset = async (fingerprint: string): Promise<StoredDataset> => {
    const found = (await store.datasets()).find((row) => row.fingerprint === fingerprint);
    if (found !== undefined) return found;
    throw new FaultError('unknown-id', `No data set with the fingerprint ${fingerprint}. Inspect its folder first.`, {
      fingerprint,
    });
  };
  return {
    catalogue: () => catalogue,
    all: () => presets,
    compare: (left, right) => comparePresets(preset(left), preset(right)),
    draftRun: async (id, fingerprint, seed) => {
      const chosen = preset(id);
      const row = await dataset(fingerprint);
      const method = expectRecipe(chosen.method, catalogue.methods, 'method');
      if (method.labels && row.inspection.severalClasses === true)
        throw new FaultError(
          'bad-argument',
          `${method.title} learns from the one class of an image, and in ${row.name} an image may show several. Choose another data set.`,
          { method: method.id },
        );
      const title = `${method.title} ${chosen.title} · ${row.name}`;
      const base = {
        version: 1,
        kind: 'pretrain',
        title: title.slice(0, 200),
        seed,
        preset: chosen.id,
        resizing: newestResizing,
        method: { id: chosen.method, options: {} },
        data: sourceOf(row, pretrainSplit(row.inspection, method.labels)),
        execution: await placement.standing(),
      };
      return draft(base, chosen, row.inspection, catalogue);
    },
    draftEvaluation: async (of, evaluator, fingerprint) => {
      const row = await dataset(fingerprint);
      if (of.kind === 'weights') {
        const record = await weights.get(of.weights);
        return completeConfig(
          evaluationOfWeights(record, evaluator, row, catalogue, await placement.standing()),
          catalogue,
        );
      }
      const { run: id, branch = 0 } = of;
      const run = await store.run(id);
      if (run === null || run.config.kind !== 'pretrain')
        throw new FaultError('unknown-id', `There is no pretraining run "${id}" to evaluate.`, { run: id });
      expectEncoder(run.title, run.config, branch);
      return completeConfig(evaluationOf(run, run.config, branch, evaluator, row, catalogue), catalogue);
    },
  };
}

/** Applies a preset over the defaults of the data set and the machine; an invalid value is named by its path. */
export function draft(
  base: Readonly<Record<string, unknown>>,
  preset: Preset,
  inspection: Inspection,
  catalogue: Catalogue,
): RunConfig {
  const config = structuredClone(base) as Record<string, unknown>;
  for (const { path, value } of preset.values) setPath(config, path.split('.'), structuredClone(value));
  const { normalization } = config as { normalization?: Normalization };
  if (normalization !== undefined) config['normalization'] = normalizationFor(normalization, inspection.channels);
  const parsed = v.safeParse(RunConfig, config);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new FaultError(
      'bad-argument',
      `The preset "${preset.id}" gives no complete run: "${v.getDotPath(issue) ?? ''}": ${issue.message}`,
      { preset: preset.id },
    );
  }
  return completeConfig(parsed.output, catalogue);
}

export function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const problem = setAtPath(target, path, value);
  if (problem !== null) throw new FaultError('bad-argument', problem);
}

const told = {
  presence: 'an image may show several classes',
  class: 'every image has one class',
  nothing: 'nothing is labelled',
};

/** Why an evaluator does not fit a data set. */
function lackOf({ targets }: EvaluatorDescription, inspection: Inspection): string {
  if (targets !== 'objects') return told[toldOf(inspection)];
  const splits = splitsWithoutObjects(inspection).map((split) => `"${split}"`);
  return `objects have no boxes in ${splits.join(' and ')}`;
}

/** The evaluator, if the data set has the labels or the boxes it needs. */
function expectEvaluator({ id }: Choice, row: StoredDataset, catalogue: Catalogue): EvaluatorDescription {
  const found = expectRecipe(id, catalogue.evaluators, 'evaluator');
  if (isToldTo(found, row.inspection)) return found;
  const titles = fittingEvaluators(row.inspection, catalogue)
    .map(({ title }) => title)
    .join(', ');
  const text = `"${found.title}" does not fit ${row.name}, where ${lackOf(found, row.inspection)}. What fits: ${titles || 'none'}.`;
  throw new FaultError('bad-argument', text, { evaluator: id });
}

/** Usual values for an encoder, or those of the evaluator's own recipe. */
function shownTo(
  { shows }: EvaluatorDescription,
  usual: Preprocessing,
): Pick<EvaluateConfig, 'preprocessing' | 'layer'> {
  if (shows === undefined) return { preprocessing: usual, layer: 'pooled' };
  return { preprocessing: { ...usual, fit: shows.fit }, layer: shows.layer };
}

function evaluationOf(
  run: StoredRun,
  config: Extract<RunConfig, { kind: 'pretrain' }>,
  branch: 0 | 1,
  evaluator: Choice,
  row: StoredDataset,
  catalogue: Catalogue,
): RunConfig {
  const recipe = expectEvaluator(evaluator, row, catalogue);
  if (run.status !== 'done' && run.safeStep === null)
    throw new FaultError('no-checkpoint', `Run "${run.title}" has no checkpoint to evaluate yet.`, { run: run.id });
  return {
    version: 1,
    kind: 'evaluate',
    title: `${recipe.title} · ${run.title}${branch === 1 ? ' · 2' : ''}`.slice(0, 200),
    seed: config.seed,
    // Images are shown as they were to learn from.
    resizing: resizingOf(config),
    execution: config.execution,
    checkpoint: config.checkpoint,
    logEvery: config.logEvery,
    subject: {
      kind: 'run',
      run: run.id,
      checkpoint: run.status === 'done' || run.safeStep === null ? 'last' : run.safeStep,
      branch,
    },
    evaluator: forSmallPictures(evaluator, row.inspection, catalogue),
    train: sourceOf(row, trainSplit(row.inspection)),
    test: sourceOf(row, testSplit(row.inspection)),
    ...shownTo(recipe, usualPreprocessing(config, branch, row.inspection)),
    normalization: config.normalization,
  };
}

function evaluationOfWeights(
  weights: ImportedWeights,
  evaluator: Choice,
  row: StoredDataset,
  catalogue: Catalogue,
  execution: RunConfig['execution'],
): RunConfig {
  const recipe = expectEvaluator(evaluator, row, catalogue);
  const { preprocessing, normalization } = imagesForWeights(weights, row.inspection);
  return {
    version: 1,
    kind: 'evaluate',
    title: `${recipe.title} · ${weights.name}`.slice(0, 200),
    seed: 1,
    resizing: newestResizing,
    logEvery: 10,
    execution,
    checkpoint: v.parse(CheckpointPolicy, {}),
    subject: subjectOf(weights),
    evaluator: forSmallPictures(withDetectorOf(weights, evaluator, row.inspection), row.inspection, catalogue),
    train: sourceOf(row, trainSplit(row.inspection)),
    test: sourceOf(row, testSplit(row.inspection)),
    ...shownTo(recipe, preprocessing),
    ...layerForWeights(weights, recipe.id),
    normalization,
  };
}

export function comparePresets(left: Preset, right: Preset): readonly PresetDifference[] {
  const values = (preset: Preset) => new Map(preset.values.map(({ path, value }) => [path, value]));
  const [ours, theirs] = [values(left), values(right)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .sort()
    .map((path) => ({
      path,
      left: ours.get(path) ?? null,
      right: theirs.get(path) ?? null,
      leftOrigins: originsAt(left.origins, path),
      rightOrigins: originsAt(right.origins, path),
    }))
    .filter(({ left: one, right: other }) => JSON.stringify(one) !== JSON.stringify(other));
}
