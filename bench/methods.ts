/**
 * A step of every method, each with its small preset, compared with VICReg's; then a step of SimCLR, BYOL and Barlow
 * Twins compared with PyTorch. The time limit of a method is VICReg's time for the same number of trained passes
 * through the encoder, plus a forward pass for each view that a teacher sees.
 *
 *   npm run bench -- methods [rounds] [small|peers]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../trainer/engine/steps/open.ts';
import type { HostBatch } from '../trainer/host-batch.ts';
import { median } from '../trainer/training/pace.ts';
import { setPath } from '../trainer/protocol/paths.ts';
import { PresetFile } from '../trainer/protocol/preset.ts';
import { Execution, type PretrainConfig } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import type { Builder } from '../trainer/recipe.ts';
import { methods, optimizers } from '../trainer/registry.ts';
import { buildEncoder } from '../trainer/evaluation/evaluated-encoder.ts';
import { beSide, benchSteps } from './shared/step.ts';

const [first = '5', second, third] = process.argv.slice(2);
/** Views that a teacher sees in each step. */
const taught: Readonly<Record<string, number>> = { byol: 2, 'moco-v2': 1, obow: 1 };
const stepsATurn = 3;

type Given = Pick<PretrainConfig, 'method' | 'encoders' | 'views' | 'optimizer' | 'batch'>;

function presetOf(method: string): Given | null {
  try {
    const text = readFileSync(join('resources', 'presets', `${method}-small.json`), 'utf8');
    const config = { method: { id: method, options: {} } } as Record<string, unknown>;
    for (const { path, value } of v.parse(PresetFile, JSON.parse(text)).values) setPath(config, path.split('.'), value);
    return config as unknown as Given;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const noise = (name: string, rows: number, size: number) => {
  const values = new Float32Array(rows * size * size);
  keyed(1, name).fillNormal(values);
  return { shape: [rows, size, size, 1], values };
};

async function compareSmall(rounds: number): Promise<void> {
  const engine = await openEngine(v.parse(Execution, { threads: 2 }));
  const sides = methods.all.flatMap((recipe) => {
    const given = presetOf(recipe.id);
    if (given === null) return [];
    const { batch, views } = given;
    const builder = engine.builder(1);
    const another = (below: Builder) => buildEncoder(below.at('encoder'), given.encoders[0], 1);
    const encoder = another(builder);
    const learner = recipe.build([encoder, encoder], v.parse(recipe.options, given.method.options), builder, {
      classes: 0,
      batch,
      samples: 60_000,
      steps: 750,
      stepsPerEpoch: 234,
      encoder: another,
    });
    const { id, options } = given.optimizer;
    const stepper = engine.stepper(learner, { recipe: optimizers.get(id), options }, 1);
    const data: HostBatch = {
      views: views.map(({ size }, view) => noise(`view ${view}`, batch, size)),
      index: Int32Array.from({ length: batch }, (_, row) => row),
      targets: {},
    };
    const milliseconds: number[] = [];
    return [{ id: recipe.id, encoder, stepper, data, milliseconds, step: 0 }];
  });
  const vicreg = sides.find(({ id }) => id === 'vicreg')!;
  const forward: number[] = [];
  const encode = engine.infer((images, at) => vicreg.encoder.forward(images, at).pooled);
  // The first round traces.
  for (let round = 0; round <= rounds; round++) {
    for (const side of sides) {
      for (let count = 0; count < stepsATurn; count++) {
        const began = performance.now();
        await side.stepper.run(side.data, { step: side.step++, lr: 1e-3 }, { metrics: false });
        if (round > 0) side.milliseconds.push(performance.now() - began);
      }
    }
    const began = performance.now();
    await encode(vicreg.data.views[0]!);
    if (round > 0) forward.push(performance.now() - began);
  }
  const [usual, pass] = [median(vicreg.milliseconds), median(forward)];
  console.log(
    `small presets, medians of ${rounds * stepsATurn} steps; a forward pass of one view ${pass.toFixed(0)} ms`,
  );
  for (const { id, data, milliseconds } of sides) {
    const teacher = taught[id] ?? 0;
    const trained = data.views.length - (id === 'byol' ? 0 : teacher);
    const may = (trained / 2) * usual + teacher * pass;
    const own = median(milliseconds);
    console.log(
      `${id.padEnd(14)} ${own.toFixed(0).padStart(6)} ms   ${trained} passes trained, ${teacher} by a teacher: ` +
        `${(own / may).toFixed(2)} x ${may.toFixed(0)} ms`,
    );
  }
}

const shape = { encoder: 'resnet-18', stem: 'small', size: 32, batch: 128, expander: [], withoutEager: true } as const;
const peers = [
  { id: 'simclr', options: { temperature: 0.5, projector: [2048, 128] } },
  { id: 'byol', options: { momentum: 0.99, projector: [4096, 256], predictor: [4096] } },
  { id: 'barlow-twins', options: { lambda: 0.0051, expander: [2048, 2048, 2048] } },
];

if (first === 'side') {
  const method = peers.find(({ id }) => id === third)!;
  await beSide({ ...shape, method }, v.parse(Execution, JSON.parse(second ?? '{}')));
} else {
  if (second !== 'peers') await compareSmall(Number(first));
  if (second !== 'small') for (const method of peers) await benchSteps({ ...shape, method }, [first, 'float32']);
}
