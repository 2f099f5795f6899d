/** Times the same training step in every precision, so that a run can be given the one this device is fastest in. */
import * as v from 'valibot';
import { openEngine } from '../engine/open.ts';
import { faultOf } from '../failure.ts';
import { Execution, precisions } from '../protocol/run.ts';
import { noisePairs, stepperOf, type StepShape } from '../rehearsal.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from './job.ts';

const quietMs = 300_000;
/** Enough to keep a GPU busy; on a processor little enough for a second, also where a precision is emulated. */
const shapeOn = (device: string): StepShape => ({
  ...{ encoder: 'resnet-18', stem: 'small', size: 32, expander: [512, 512, 512] },
  ...(device === 'cpu' ? { batch: 8, width: 32 } : { batch: 256, width: 64 }),
});
/** The first step traces and pays for start-up. */
const mostSteps = 10;
const mostMilliseconds = 800;

/** The fastest of a few steps, in milliseconds. @throws where the device has no kernels for it */
async function timed(execution: Execution, clock: () => number): Promise<number> {
  const shape = shapeOn(execution.device);
  const stepper = stepperOf(await openEngine(execution), shape);
  const batch = noisePairs(shape);
  const run = (step: number) => stepper.run(batch, { step, lr: 0.1 }, { metrics: false });
  await run(0);
  const started = clock();
  let fastest = Infinity;
  for (let step = 1; step <= mostSteps && clock() - started < mostMilliseconds; step++) {
    const began = clock();
    await run(step);
    fastest = Math.min(fastest, clock() - began);
  }
  return fastest;
}

export async function run(job: JobOf<'precisions'>, context: JobContext): Promise<Ending> {
  const { port, clock } = context;
  const { device, threads } = job;
  port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
  const progress = progressOf(context);
  const timings = [];
  for (const [place, precision] of precisions.entries()) {
    await progress(place / precisions.length);
    const execution = v.parse(Execution, { device, threads, precision });
    try {
      timings.push({ precision, milliseconds: await timed(execution, clock), refusal: null });
    } catch (error) {
      // Without float32 nothing can be computed here at all.
      if (precision === 'float32') throw error;
      timings.push({ precision, milliseconds: null, refusal: faultOf(error).message });
    }
  }
  port.send({ type: 'result', outcome: { kind: 'precisions', precisions: { device, timings } } });
  return { why: 'done', step: 0, safeStep: null };
}
