/** Times the same training step in several precisions, so that a run can use the fastest on this device. */
import * as v from 'valibot';
import { faultOf } from '../durable/fault-of.ts';
import { FaultError } from '../durable/fault-error.ts';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { noisePairs, stepperOf, type StepShape } from './step-timing.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 300_000;
/** A second on a CPU. */
const smallShape: StepShape = {
  encoder: 'resnet-18',
  stem: 'small',
  width: 32,
  size: 32,
  batch: 8,
  expander: [512, 512, 512],
};
/** What a GPU is bought for. A small step would time how fast operations are handed to it, in every precision alike. */
const largeShape: StepShape = {
  encoder: 'resnet-50',
  stem: 'imagenet',
  size: 224,
  batch: 64,
  expander: [2048, 2048, 2048],
};
/** A batch this small keeps no GPU busy. */
const leastBatch = 8;
/**
 * A processor may support a precision without fast kernels for its gradients (float16 with AVX-512 FP16: 15 to 40 times
 * float32's time). A tiny step reveals this, and the real one, which would take minutes, is skipped.
 */
const glanceShape: StepShape = {
  encoder: 'resnet-18',
  stem: 'small',
  width: 16,
  size: 16,
  batch: 4,
  expander: [64, 64, 64],
};
const mostTimesFloat32 = 5;
/** The first step includes tracing and start-up. */
const mostSteps = 10;
const mostMilliseconds = 800;

/** The fastest of a few steps, in milliseconds. @throws where the device has no kernels for it */
async function timed(execution: Execution, shape: StepShape, clock: () => number): Promise<number> {
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

/**
 * The largest batch whose step in float32 fits into the device's memory, and its time.
 *
 * @throws the device's fault if not even the least batch fits
 */
export async function largestThatFits(
  shape: StepShape,
  time: (shape: StepShape) => Promise<number>,
): Promise<{ readonly shape: StepShape; readonly milliseconds: number }> {
  try {
    return { shape, milliseconds: await time(shape) };
  } catch (error) {
    if (faultOf(error).code !== 'out-of-memory' || shape.batch / 2 < leastBatch) throw error;
    return await largestThatFits({ ...shape, batch: shape.batch / 2 }, time);
  }
}

export async function run(job: JobOf<'precisions'>, context: JobContext): Promise<Ending> {
  const { port, clock } = context;
  const { device, threads, precisions } = job;
  port.send({ type: 'phase', phase: 'calibrating', quietForMs: quietMs });
  const progress = progressOf(context);
  const timings = [];
  let float32Glance: number | null = null;
  let shape = device === 'cpu' ? smallShape : largeShape;
  for (const [place, precision] of precisions.entries()) {
    await progress(place / precisions.length);
    const execution = v.parse(Execution, { device, threads, precision });
    try {
      if (device === 'cpu') {
        const glance = await timed(execution, glanceShape, clock);
        float32Glance ??= glance;
        const times = glance / float32Glance;
        if (times > mostTimesFloat32)
          throw new FaultError(
            'device-unavailable',
            `A small step in ${precision} takes ${times.toFixed(0)} times as long as in float32 on this processor: choose float32.`,
            { precision, times },
          );
      }
      const time = (given: StepShape) => timed(execution, given, clock);
      // One batch in every precision; a narrower type needs less memory than float32, which comes first.
      const fitting =
        precision === 'float32' ? await largestThatFits(shape, time) : { shape, milliseconds: await time(shape) };
      shape = fitting.shape;
      timings.push({ precision, milliseconds: fitting.milliseconds, refusal: null });
    } catch (error) {
      // Without float32, nothing can be computed here.
      if (precision === 'float32') throw error;
      timings.push({ precision, milliseconds: null, refusal: faultOf(error).message });
    }
  }
  port.send({ type: 'result', outcome: { kind: 'precisions', precisions: { device, timings } } });
  return { why: 'done', step: 0, safeStep: null };
}
