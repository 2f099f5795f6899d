/** Presets, drafts of runs, and what they would take. */
import type { Precisions } from '../../../electron/api/drafts.ts';
import { originsAt, presetOf } from '../../../electron/words/preset-origins.ts';
import type { Preset, PresetFile } from '../../../trainer/protocol/preset.ts';
import type { PresetSources } from '../../../trainer/protocol/preset-origins.ts';
import type { PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import officialJson from '../../../resources/presets/vicreg-official-code.json';
import paperJson from '../../../resources/presets/vicreg-paper.json';
import smallJson from '../../../resources/presets/vicreg-small.json';
import officialSources from '../../../resources/presets/sources/vicreg-official-code.json';
import paperSources from '../../../resources/presets/sources/vicreg-paper.json';
import smallSources from '../../../resources/presets/sources/vicreg-small.json';
import { changesFrom, choiceOf, getAt, setAt } from '../../lib/form.ts';
import { catalogue } from './catalogue.ts';
import type { FakeAnswers, FakeWorld } from './world.ts';

export const presets = (
  [
    [smallJson, smallSources],
    [paperJson, paperSources],
    [officialJson, officialSources],
  ] as unknown as readonly (readonly [PresetFile, PresetSources])[]
).map(([file, sources]) => presetOf(file, sources));

/** A preset laid on empty ground, as main does it with real data. */
export function draftFrom(preset: Preset, seed: number): PretrainConfig {
  const method = catalogue.methods.find((recipe) => recipe.id === preset.method) ?? catalogue.methods[0]!;
  const ground: PretrainConfig = {
    version: 1,
    kind: 'pretrain',
    title: `VICReg ${preset.title} · Fashion-MNIST`,
    seed,
    preset: preset.id,
    execution: {
      engine: 'traced',
      device: 'cpu',
      precision: 'float32',
      threads: 2,
      chunk: null,
      recompute: false,
      loaderWorkers: 1,
    },
    checkpoint: { everySeconds: 300, everySteps: 0, keepLast: 3 },
    logEvery: 10,
    method: choiceOf(method),
    encoders: [choiceOf(catalogue.encoders[0]!)],
    data: { dataset: 'idx', path: '/data/fashion-mnist', split: 'train', fingerprint: 'fashion' },
    views: [],
    resizing: 'pillow-13',
    normalization: { mean: [0.286], std: [0.353] },
    optimizer: choiceOf(catalogue.optimizers[0]!),
    schedule: choiceOf(catalogue.schedules[0]!),
    batch: 256,
    epochs: 3,
    dropLast: true,
    probe: null,
  };
  return preset.values.reduce((config, { path, value }) => setAt(config, path, value), ground);
}

const precisions: Precisions = {
  timings: [
    { precision: 'float32', milliseconds: 341, refusal: null },
    { precision: 'bfloat16', milliseconds: 2210, refusal: null },
    { precision: 'float16', milliseconds: null, refusal: 'This processor (AVX2) cannot convolve in float16.' },
  ],
  preferred: 'float32',
  leastGain: 1.2,
};

const shownImages = {
  preprocessing: { resize: null, crop: 28, interpolation: 'bilinear' },
  layer: 'pooled',
} as const;

export function draftAnswers(
  world: FakeWorld,
): FakeAnswers<
  | 'catalogue'
  | 'presets'
  | 'draftRun'
  | 'comparePresets'
  | 'fastestExecution'
  | 'precisions'
  | 'estimate'
  | 'calibrate'
  | 'createRun'
  | 'draftEvaluation'
> {
  return {
    catalogue: () => catalogue,
    presets: () => presets,
    draftRun: (id, _fingerprint, seed) => draftFrom(presets.find((one) => one.id === id) ?? presets[0]!, seed),
    comparePresets: (left, right) => {
      const [one, other] = [left, right].map((id) => presets.find((preset) => preset.id === id) ?? presets[0]!);
      return changesFrom(one!, draftFrom(other!, 0)).map(({ path, value, now: there }) => ({
        path,
        left: value,
        right: there,
        leftOrigins: originsAt(one!.origins, path),
        rightOrigins: originsAt(other!.origins, path),
      }));
    },
    fastestExecution: () => draftFrom(presets[0]!, 0).execution,
    precisions: () => precisions,
    estimate: (config) => ({
      steps: config.kind === 'pretrain' ? Math.round((Number(getAt(config, 'epochs')) * 60_000) / config.batch) : null,
      seconds: 378,
      secondsSpread: 22,
      roughSeconds: null,
      basis: 'recorded',
      diskBytes: 64_000_000,
      diskFreeBytes: 212_000_000_000,
      memoryBytes: 910_000_000,
      memoryFreeBytes: 19_400_000_000,
      warnings: [],
      fits: [],
    }),
    calibrate: async () => {
      await world.sideJob('calibrate', 'calibrating');
      return {
        secondsPerStep: 0.5,
        spreadSeconds: 0.03,
        steps: 20,
        stepsTotal: 744,
        loadSeconds: 3,
        peakMemoryBytes: 9e8,
        checkpointBytes: 1.6e7,
      };
    },
    createRun: () => 'vicreg-small-1',
    draftEvaluation: (of, evaluator): RunConfig => {
      const run = of.kind === 'run' ? of.run : of.weights;
      const { execution, checkpoint, logEvery, normalization, data } = draftFrom(presets[0]!, 1);
      const recipe = catalogue.evaluators.find(({ id }) => id === evaluator.id);
      const usual = recipe === undefined ? {} : choiceOf(recipe).options;
      return {
        version: 1,
        kind: 'evaluate',
        title: 'VICReg, linear',
        seed: 1,
        execution,
        checkpoint,
        logEvery,
        resizing: 'pillow-13',
        normalization,
        subject: { kind: 'run', run, checkpoint: 'last', branch: 0 },
        evaluator: { id: evaluator.id, options: { ...usual, ...evaluator.options } },
        train: data,
        test: { ...data, split: 'test' },
        ...shownImages,
      };
    },
  };
}
