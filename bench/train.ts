/**
 * Pretraining end to end from JPEG files, compared with the rate its two halves, the step and the loader, would reach
 * if they only shared the cores, each measured alone on all of them; and with the same training in PyTorch. All sides
 * are separate processes and take turns.
 *
 *   npm run bench -- train [rounds] [steps a turn]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { openTrainingLoader } from '../trainer/data/loading/loader.ts';
import { openEngine } from '../trainer/engine/steps/open.ts';
import { median } from '../trainer/training/pace.ts';
import { Execution, newestResizing } from '../trainer/protocol/run.ts';
import { imagenet, officialViews, photographs } from './shared/photographs.ts';
import { openSide, peer, takeTurns, versionsOf, type Side, type Variant } from './shared/side.ts';
import { noisePairs, stepperOf, type StepShape } from '../trainer/jobs/step-timing.ts';

interface Answer {
  readonly pairs: number;
  readonly seconds: number;
}

const shape: StepShape = {
  encoder: 'resnet-18',
  stem: 'imagenet',
  size: 96,
  batch: 32,
  expander: [2048, 2048, 2048],
};
const pictures = 128;
const warm = 3;
/** Batches a loader may have prepared before its turn, which do not count. */
const prepared = 10;
const cores = availableParallelism();
const parts = ['step', 'loader', 'training'] as const;

/** Runs one side in this process: trains, or only computes steps, or only loads. */
async function beSide(part: (typeof parts)[number], folder: string): Promise<void> {
  const engine = part === 'loader' ? null : await openEngine(v.parse(Execution, { threads: cores }));
  const stepper = engine && stepperOf(engine, shape);
  const data = { dataset: 'image-folder', path: folder, split: 'train' };
  const views = officialViews(shape.size);
  const loader =
    part === 'step'
      ? null
      : await openTrainingLoader({
          data,
          views,
          normalization: imagenet,
          resizing: newestResizing,
          seed: 1,
          batch: shape.batch,
          dropLast: true,
          fromStep: 0,
          // Alone it has all cores; beside a step, which waits for its batch, one thread is enough.
          workers: part === 'loader' ? cores : 1,
        });
  const noise = noisePairs(shape);
  console.log(JSON.stringify({ versions: engine?.facts.versions ?? {} }));
  let step = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    // The loader alone produces batches much faster than steps consume them, so it needs more of them.
    const steps = part === 'loader' ? prepared * Number(line) : Number(line);
    if (part === 'loader') for (let count = 0; count < prepared; count++) await loader!.next();
    const began = performance.now();
    for (let count = 0; count < steps; count++) {
      const batch = loader ? (await loader.next()).batch : noise;
      await stepper?.run(batch, { step: step++, lr: 0.1 }, { metrics: false });
      if (loader) loader.release(batch);
    }
    const answer: Answer = { pairs: steps * shape.batch, seconds: (performance.now() - began) / 1000 };
    console.log(JSON.stringify(answer));
  }
  await loader?.close();
}

async function compare(rounds: number, steps: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  const sides: Side<Answer>[] = [];
  try {
    const files = await photographs(folder, pictures);
    const ours = parts.map((part): Variant => {
      const words = [process.argv[1]!, 'side', part, folder];
      return { name: `Reprise, ${part === 'training' ? part : `${part} alone`}`, program: process.execPath, words };
    });
    const theirs = [false, true].map((compiled): Variant => {
      const seen = { views: officialViews(shape.size), normalization: imagenet };
      const configuration = { ...shape, ...seen, compiled, folder: files, threads: cores, workers: cores };
      return { name: `PyTorch ${compiled ? 'torch.compile' : 'eager'}, training`, ...peer('train.py', configuration) };
    });
    for (const variant of [...ours, ...theirs]) sides.push(await openSide<Answer>(variant));
    const rates = new Map<Side<Answer>, number[]>(sides.map((side) => [side, []]));
    for (const side of sides) await side.ask(warm);
    await takeTurns(sides, rounds, steps, (side, { pairs, seconds }) => rates.get(side)!.push(pairs / seconds));

    console.log(`${shape.encoder}, ${shape.size} px, ${shape.batch} pairs, 500 x 375 JPEG files, ${cores} threads`);
    console.log(versionsOf(sides));
    const found = sides.map((side) => median(rates.get(side)!));
    sides.forEach(({ name }, place) =>
      console.log(`${name.padEnd(32)}${found[place]!.toFixed(1).padStart(8)} pairs/s`),
    );
    const [step, loader, training, ...peers] = found as [number, number, number, ...number[]];
    const shared = 1 / (1 / step + 1 / loader);
    console.log(`training is ${(training / shared).toFixed(2)} x what its halves allow (${shared.toFixed(1)} pairs/s)`);
    console.log(`and ${(training / Math.max(...peers)).toFixed(2)} x the rate of the faster PyTorch`);
  } finally {
    for (const side of sides) await side.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const [first = '5', second = '8', folder = ''] = process.argv.slice(2);
if (first === 'side') await beSide(second as (typeof parts)[number], folder);
else await compare(Number(first), Number(second));
