/**
 * What lives when a training step of VICReg takes most memory.
 *
 *   npm run bench -- memory r18|r50 [float32|bfloat16] [again]
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../trainer/engine/steps/open.ts';
import { noisePairs, stepperOf, type StepShape } from '../trainer/jobs/step-timing.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { printPeak } from './shared/peak-memory.ts';

const shapes: Readonly<Record<string, StepShape>> = {
  r18: { encoder: 'resnet-18', stem: 'small', size: 32, batch: 128, expander: [2048, 2048, 2048] },
  r50: { encoder: 'resnet-50', stem: 'imagenet', size: 224, batch: 16, expander: [8192, 8192, 8192] },
};

const [name = 'r18', precision = 'float32', third] = process.argv.slice(2);
const shape = shapes[name];
if (!shape) throw new Error(`The step is one of ${Object.keys(shapes).join(', ')}.`);
const execution = { precision, threads: availableParallelism(), recompute: third === 'again' };
const stepper = stepperOf(await openEngine(v.parse(Execution, execution)), shape);
const data = noisePairs(shape);
for (let step = 0; step < 3; step++) await stepper.run(data, { step, lr: 0.1 }, { metrics: false });
printPeak(await stepper.profile!(data, { step: 3, lr: 0.1 }));
