/**
 * A step of the paper's size on this machine: VICReg with a ResNet-50 at 224 px and an expander of 8192-8192-8192, its
 * batch in chunks. Prints its time and memory, including the pixels of the batch.
 *
 *   npm run bench -- chunks [pairs] [samples at once]
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../trainer/engine/steps/open.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { noisePairs, stepperOf, type StepShape } from '../trainer/jobs/step-timing.ts';

const [pairs = 2048, chunk = 16] = process.argv.slice(2).map(Number);
const shape: StepShape = {
  encoder: 'resnet-50',
  stem: 'imagenet',
  size: 224,
  batch: pairs,
  expander: [8192, 8192, 8192],
};
const threads = availableParallelism();
const stepper = stepperOf(await openEngine(v.parse(Execution, { threads, chunk })), shape);
const batch = noisePairs(shape);
const pixelBytes = batch.views.reduce((sum, { values }) => sum + values.byteLength, 0);
const began = performance.now();
const { loss } = await stepper.run(batch, { step: 0, lr: 0.1 }, { metrics: false });
const minutes = (performance.now() - began) / 60_000;
const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
console.log(`${shape.encoder}, ${shape.size} px, expander ${shape.expander.join('-')}, ${threads} threads`);
console.log(
  `${pairs} pairs, ${chunk} at once: one step in ${minutes.toFixed(1)} min (loss ${loss.toFixed(2)}), at most ` +
    `${gibibytes(process.resourceUsage().maxRSS * 1024)}, ${gibibytes(pixelBytes)} of it the batch's pixels`,
);
