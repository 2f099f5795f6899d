/**
 * How fast the small plan trains: one VICReg step of the small preset, in images per second, counting both views.
 *
 *   npm run bench -- step-small [steps] [eager|traced] [float32|bfloat16] [threads] [profile]
 */
import process from 'node:process';
import * as v from 'valibot';
import { encoder as resnet18 } from '../trainer/encoders/resnet-18.ts';
import { openEngine } from '../trainer/engine/steps/open.ts';
import type { HostBatch } from '../trainer/host-batch.ts';
import { method as vicreg } from '../trainer/methods/vicreg.ts';
import { optimizer as adamw } from '../trainer/optim/optimizers/adamw.ts';
import { median } from '../trainer/training/pace.ts';
import { Execution } from '../trainer/protocol/run.ts';
import type { Timing } from '../trainer/engine/binding/timings.ts';
import { keyed } from '../trainer/random.ts';
import { timedRun } from '../trainer/jobs/step-timing.ts';

const batch = 256;
const size = 28;
const steps = Number(process.argv[2] ?? 20);

const engine = await openEngine(
  v.parse(Execution, {
    engine: process.argv[3] ?? 'traced',
    precision: process.argv[4] ?? 'float32',
    threads: Number(process.argv[5] ?? 2),
  }),
);
const builder = engine.builder(1);
const encoder = resnet18.build(
  builder.at('encoder'),
  v.parse(resnet18.options, { stem: 'small', stemStride: 2, width: 16 }),
  { channels: 1 },
);
const options = v.parse(vicreg.options, { expander: [512, 512, 512] });
const learner = vicreg.build([encoder, encoder], options, builder, { ...timedRun, batch });
const stepper = engine.stepper(learner, { recipe: adamw, options: { weightDecay: 1e-4 } }, 1);

const view = (name: string) => {
  const values = new Float32Array(batch * size * size);
  keyed(1, name).fillNormal(values);
  return { shape: [batch, size, size, 1], values };
};
const data: HostBatch = { views: [view('x'), view('y')], index: new Int32Array(batch), targets: {} };

const run = async (step: number, metrics: boolean) => {
  const began = performance.now();
  const used = process.cpuUsage();
  const { loss } = await stepper.run(data, { step, lr: 1e-3 }, { metrics });
  const cpu = process.cpuUsage(used);
  return { milliseconds: performance.now() - began, cpuMilliseconds: (cpu.user + cpu.system) / 1000, loss };
};
const warm = 3;
const first = await run(0, false);
for (let step = 1; step < warm; step++) await run(step, false);
const tensors = engine.tensors();
const plain: number[] = [];
const processor: number[] = [];
let loss = 0;
for (let step = warm; step < warm + steps; step++) {
  const result = await run(step, false);
  plain.push(result.milliseconds);
  processor.push(result.cpuMilliseconds);
  loss = result.loss;
}
const recorded: number[] = [];
for (let step = warm + steps; step < warm + steps + 5; step++) recorded.push((await run(step, true)).milliseconds);

const step = median(plain);
console.log(
  JSON.stringify({
    stepMilliseconds: Number(step.toFixed(1)),
    imagesPerSecond: Math.round((2 * batch * 1000) / step),
    fastestStepMilliseconds: Number(Math.min(...plain).toFixed(1)),
    // Less noisy than the clock on a shared machine.
    processorMilliseconds: Number(median(processor).toFixed(1)),
    firstStepMilliseconds: Math.round(first.milliseconds),
    recordedStepMilliseconds: Number(median(recorded).toFixed(1)),
    loss,
    tensorsLeaked: engine.tensors() - tensors,
    residentMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
    ...engine.facts,
  }),
);

if (process.argv[6] === 'profile' && stepper.profile) {
  const rounds: (readonly Timing[])[] = [];
  for (let round = 0; round < 8; round++) rounds.push(await stepper.profile(data, { step: 100 + round, lr: 1e-3 }));
  // The fastest of several runs of each operation is the least affected by other load.
  const fastest = new Map<string, Timing>();
  for (const timing of rounds.flat()) {
    const known = fastest.get(timing.name);
    if (!known || timing.microseconds < known.microseconds) fastest.set(timing.name, timing);
  }
  const kinds = new Map<string, { count: number; milliseconds: number }>();
  for (const { kind, microseconds } of fastest.values()) {
    const sum = kinds.get(kind) ?? { count: 0, milliseconds: 0 };
    kinds.set(kind, { count: sum.count + 1, milliseconds: sum.milliseconds + microseconds / 1000 });
  }
  const rows = [...kinds].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
  const total = rows.reduce((sum, [, { milliseconds }]) => sum + milliseconds, 0);
  console.log(`operations, fastest of ${rounds.length} runs each: ${total.toFixed(1)} ms`);
  for (const [kind, { count, milliseconds }] of rows.slice(0, 20))
    console.log(`${milliseconds.toFixed(1).padStart(8)} ms  ${String(count).padStart(4)}  ${kind}`);
}
