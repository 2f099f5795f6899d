/** Times the same training step in every precision, so that a run can be given the one this device is fastest in. */
import * as v from 'valibot';
import { encoder as resnet18 } from '../encoders/resnet-18.ts';
import type { HostBatch } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import { faultOf } from '../failure.ts';
import { method as vicreg } from '../methods/vicreg.ts';
import { optimizer as lars } from '../optim/optimizers/lars.ts';
import { Execution, precisions } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from './job.ts';

const quietMs = 300_000;
const size = 32;
/** Enough to keep a GPU busy; on a processor little enough for a second, also where a precision is emulated. */
const shapeOn = (device: string) => (device === 'cpu' ? { pairs: 8, width: 32 } : { pairs: 256, width: 64 });
const expander = [512, 512, 512];
/** The first step traces and pays for start-up. */
const mostSteps = 10;
const mostMilliseconds = 800;

function noise(pairs: number): HostBatch {
  const views = ['x', 'y'].map((name) => {
    const values = new Float32Array(pairs * size * size * 3);
    keyed(1, 'precisions', name).fillNormal(values);
    return { shape: [pairs, size, size, 3], values };
  });
  return { views, index: new Int32Array(pairs), labels: null };
}

/** The fastest of a few steps, in milliseconds. @throws where the device has no kernels for it */
async function timed(execution: Execution, clock: () => number): Promise<number> {
  const engine = await openEngine(execution);
  const builder = engine.builder(1);
  const { pairs, width } = shapeOn(execution.device);
  const options = v.parse(resnet18.options, { stem: 'small', width });
  const encoder = resnet18.build(builder.at('encoder'), options, { channels: 3 });
  const learner = vicreg.build([encoder, encoder], v.parse(vicreg.options, { expander }), builder, {
    ...{ classes: 0, batch: pairs },
  });
  const stepper = engine.stepper(learner, { recipe: lars, options: {} }, 1);
  const batch = noise(pairs);
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
