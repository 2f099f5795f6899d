/**
 * Do trainings converge to the same result? Runs the VICReg of the plan `methods-small` (Fashion-MNIST) with several
 * seeds, here in float32, here in bfloat16, and in PyTorch with torchvision; each encoder is measured by the plan's
 * linear head and k-NN. Prints every figure, and whether two sides agree within a point (two one-sided tests at 5 %).
 *
 *   npm run bench -- convergence [seeds] [side,side]
 *
 * Takes hours if the processor emulates bfloat16: pass `float32,pytorch` to skip it.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import {
  differenceInterval,
  testOf,
  tost,
  welch,
} from '../electron/workstation/comparison/statistics/hypothesis-tests.ts';
import { configHash } from '../trainer/checkpoints/config-hash.ts';
import { saveCheckpoint } from '../trainer/checkpoints/write-checkpoint.ts';
import type { StateEntry } from '../trainer/engine/engine.ts';
import type { PretrainConfig } from '../trainer/protocol/run.ts';
import { openSide, peer } from './shared/side.ts';
import { beJob, jobsIn, planned, type Planned } from './shared/training-jobs.ts';

const sides = ['float32', 'bfloat16', 'pytorch'] as const;
type Name = (typeof sides)[number];
/** Margin within which two sides are equal, in points. */
const margin = 1;
const threads = availableParallelism();
/** Imports the encoder written by PyTorch as a checkpoint. */
async function taken(folder: string, config: PretrainConfig): Promise<string> {
  const Listed = v.array(v.strictObject({ name: v.string(), shape: v.array(v.number()) }));
  const listed = v.parse(Listed, JSON.parse(await readFile(join(folder, 'encoder.json'), 'utf8')));
  const values = new Float32Array(new Uint8Array(await readFile(join(folder, 'encoder.bin'))).buffer);
  let at = 0;
  const entries = listed.map(({ name, shape }): StateEntry => {
    const own = values.subarray(at, (at += shape.reduce((product, size) => product * size, 1)));
    return { name, shape, dtype: 'float32', read: () => own, write: () => undefined };
  });
  const head = { run: 'pytorch', attempt: 1, step: 0, epoch: config.epochs, trainedSeconds: 0, counters: {} };
  const made = { codeVersion: '0', tensorflow: 'none', arithmetic: 'none', instructionSet: 'none' };
  const rest = { configHash: configHash(config), threads, seed: config.seed };
  return join(folder, (await saveCheckpoint(folder, { ...head, ...made, ...rest }, entries)).folder);
}

/** Pretrains, evaluates, and returns top-1 by evaluator. */
async function measured(side: Name, root: string, { pretraining, evaluations }: Planned) {
  const folder = join(root, `${side}-${pretraining.seed}`);
  await mkdir(folder);
  const jobs = jobsIn(folder, join(root, 'cache'));
  let checkpointFolder: string;
  if (side === 'pytorch') {
    const configuration = { run: pretraining, threads, folder };
    const trained = await openSide<{ readonly loss: number }>({ name: side, ...peer('pretrain.py', configuration) });
    await trained.ask(0);
    await trained.close();
    checkpointFolder = await taken(folder, pretraining);
  } else {
    const execution = { ...pretraining.execution, precision: side, threads };
    checkpointFolder = await jobs.pretrained({ ...pretraining, execution });
  }
  const own = evaluations.map((config) => ({ ...config, execution: { ...config.execution, threads } }));
  return jobs.top1(own, { checkpointFolder, config: pretraining });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function summary(values: readonly number[]) {
  const middle = mean(values);
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
  return { mean: middle, sd, n: values.length };
}

async function compare(seeds: number, names: readonly Name[]): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  const dataFolder = join(process.env['REPRISE_RUNTIME'] ?? '.runtime', 'data', 'fashion-mnist');
  const figures = new Map<Name, Readonly<Record<string, number>>[]>(names.map((name) => [name, []]));
  try {
    const { pretraining, evaluations } = await planned(
      'methods-small',
      resolve(dataFolder),
      ({ key }) => key === 'vicreg',
    );
    for (let seed = 1; seed <= seeds; seed++) {
      const plan: Planned = {
        pretraining: { ...pretraining, seed },
        evaluations: evaluations.map((config) => ({ ...config, seed })),
      };
      for (const name of names) {
        const began = performance.now();
        const found = await measured(name, root, plan);
        figures.get(name)!.push(found);
        const figured = Object.entries(found).map(([evaluator, top1]) => `${evaluator} ${top1.toFixed(2)}`);
        const minutes = ((performance.now() - began) / 60_000).toFixed(1);
        console.log(`seed ${seed}  ${name.padEnd(10)}${figured.join('  ')}  (${minutes} min)`);
      }
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  const [first, ...others] = names;
  for (const other of others) {
    for (const evaluator of Object.keys(figures.get(other)![0]!)) {
      const [one, two] = [first!, other].map((name) => summary(figures.get(name)!.map((found) => found[evaluator]!)));
      const difference = welch(one!, two!);
      const { low, high } = differenceInterval(difference, 0.9);
      const p = tost(testOf(difference), margin);
      console.log(
        `${evaluator}, mean ± standard deviation over ${seeds} seeds: ${first} ${one!.mean.toFixed(2)} ± ${one!.sd.toFixed(2)}, ${other} ${two!.mean.toFixed(2)} ± ` +
          `${two!.sd.toFixed(2)}: ${difference.value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] at 90 %, ` +
          `${p < 0.05 ? 'the same' : 'not shown to be the same'} within ${margin} point (p ${p.toFixed(3)})`,
      );
    }
  }
}

const [first = '3', second = sides.join()] = process.argv.slice(2);
if (first === 'job') await beJob(second);
else await compare(Number(first), v.parse(v.array(v.picklist(sides)), second.split(',')));
