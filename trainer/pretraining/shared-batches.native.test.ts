/** Steps that read batches where decoding workers write them learn what steps on batches of their own learn. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTrainingLoader } from '../data/loading/loader.ts';
import type { LoaderProgram } from '../data/loading/worker-pool.ts';
import { buildWorker, inTemporaryFolder, removeWorker, writeIdx } from '../data/testing/small-datasets.ts';
import { openEngine } from '../engine/steps/open.ts';
import type { HostBatch, HostPictures } from '../host-batch.ts';
import { methods, optimizers } from '../registry.ts';
import { Execution, newestResizing, View } from '../protocol/run.ts';
import { sha256 } from '../durable/files.ts';
import { smallLearner } from '../testing/small-learner.ts';

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

const batch = 8;
const steps = 12;
const view = v.parse(View, { size: 12, cropArea: [0.3, 1], blur: 0.3, solarize: 0.2 });

const hashOf = ({ views }: HostBatch): string => sha256(Buffer.concat(views.map(({ values }) => values as Uint8Array)));

function copied(view: HostBatch['views'][number]): HostPictures {
  if (!('normalization' in view)) throw new Error('not pictures');
  return { ...view, values: view.values.slice() };
}

/** Losses of all steps and the state after them. */
async function trained(
  path: string,
  { workers, chunk, shares }: { readonly workers: number; readonly chunk: number | null; readonly shares: boolean },
) {
  const engine = await openEngine(v.parse(Execution, { engine: 'traced', threads: 1, chunk }));
  const learner = smallLearner(engine, methods.get('vicreg'), { batch, classes: 0 });
  const stepper = engine.stepper(learner, { recipe: optimizers.get('adamw'), options: {} }, 1);
  const options = {
    data: { dataset: 'idx', path, split: 'train' },
    views: [view, view],
    normalization: { mean: [0.286], std: [0.353] },
    resizing: newestResizing,
    seed: 3,
    batch,
    dropLast: true,
    fromStep: 0,
    workers,
  };
  const loader = await openTrainingLoader(options, worker);
  const places = new Set<unknown>();
  try {
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { batch: taken } = await loader.next();
      const views = taken.views.map(copied);
      const before = hashOf(taken);
      const given = shares ? taken : { ...taken, views };
      losses.push((await stepper.run(given, { step, lr: 1e-3 }, { metrics: false })).loss);
      // Nobody has written to it: workers are batches ahead by now.
      expect(hashOf(taken)).toBe(before);
      if (!shares) continue;
      for (const { values } of taken.views) places.add(values.fill(0xaa).buffer);
      loader.release(taken);
    }
    return { losses, state: stepper.state.map((entry) => entry.read()), places: places.size };
  } finally {
    await loader.close();
  }
}

test.each([
  [0, null],
  [2, null],
  [2, 4],
])('with %i workers, in chunks of %s, though all memory is spoilt when it is given back', (workers, chunk) =>
  inTemporaryFolder(async (folder) => {
    await writeIdx(folder, 30, 4);
    const shared = await trained(folder, { workers, chunk, shares: true });
    const apart = await trained(folder, { workers: 0, chunk, shares: false });
    expect([shared.losses, shared.state]).toEqual([apart.losses, apart.state]);
    expect(new Set(shared.losses).size).toBe(steps);
    // The batches ahead and the one in use; not one a step.
    expect(shared.places).toBeLessThan(steps);
  }),
);
