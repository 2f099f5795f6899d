/**
 * Do trainings converge to the same result? Runs the pretraining of the plan `first` (Fashion-MNIST) with several
 * seeds, here in float32, here in bfloat16, and in PyTorch with torchvision; each encoder is measured by the plan's
 * linear head and k-NN. Prints every figure, and whether two sides agree within a point (two one-sided tests at 5 %).
 *
 *   npm run bench -- convergence [seeds] [side,side]
 *
 * Takes hours if the processor emulates bfloat16: pass `float32,pytorch` to skip it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
import { newestValid } from '../trainer/checkpoints/newest-checkpoint.ts';
import { saveCheckpoint } from '../trainer/checkpoints/write-checkpoint.ts';
import type { StateEntry } from '../trainer/engine/engine.ts';
import { run as train } from '../trainer/jobs/train.ts';
import { openPort, type Message } from '../trainer/channel/port.ts';
import type { Job } from '../trainer/protocol/commands.ts';
import { Plan } from '../trainer/protocol/plan.ts';
import { Result } from '../trainer/protocol/results.ts';
import type { PretrainConfig, RunConfig } from '../trainer/protocol/run.ts';
import { openSide, peer } from './shared/side.ts';

const sides = ['float32', 'bfloat16', 'pytorch'] as const;
type Name = (typeof sides)[number];
/** Margin within which two sides are equal, in points. */
const margin = 1;
const threads = availableParallelism();
type TrainJob = Extract<Job, { kind: 'train' }>;

/** Runs one job in this process and prints its result. */
async function beJob(file: string): Promise<void> {
  const job = JSON.parse(await readFile(file, 'utf8')) as TrainJob;
  const port = openPort({ channel: null, now: Date.now });
  let results: readonly Result[] = [];
  const watched = {
    ...port,
    send(message: Message) {
      port.send(message);
      if (message.type !== 'result' || message.outcome.kind !== 'results') return;
      results = v.parse(v.array(Result), message.outcome.results);
    },
  };
  await train(job, { port: watched, clock: () => performance.now() });
  await port.close();
  console.log(JSON.stringify(results));
}

async function outputOf(file: string): Promise<readonly Result[]> {
  const child = spawn(process.execPath, [process.argv[1]!, 'job', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained = (complained + text).slice(-2000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The job ${file} ended with ${code ?? 'a signal'}:\n${complained}`);
  return v.parse(v.array(Result), JSON.parse(said));
}

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

interface Planned {
  readonly pretraining: PretrainConfig;
  readonly evaluations: readonly Extract<RunConfig, { kind: 'evaluate' }>[];
}

async function planned(dataFolder: string, seed: number): Promise<Planned> {
  const text = await readFile('resources/plans/first.json', 'utf8');
  const { runs } = v.parse(Plan, JSON.parse(text.replaceAll('$fashion-mnist', dataFolder)));
  const configs = runs.map(({ key, config }) => ({ key, config: { ...config, seed } }));
  const pretraining = configs.find(({ key }) => key === 'vicreg')?.config;
  if (pretraining?.kind !== 'pretrain') throw new Error('The plan has no pretraining "vicreg".');
  const evaluations = configs.flatMap(({ config }) =>
    config.kind === 'evaluate' && config.subject.kind === 'run' && config.subject.run === 'vicreg' ? [config] : [],
  );
  return { pretraining, evaluations };
}

/** Pretrains, evaluates, and returns top-1 by evaluator. */
async function measured(side: Name, root: string, { pretraining, evaluations }: Planned) {
  const folder = join(root, `${side}-${pretraining.seed}`);
  await mkdir(folder);
  const jobOf = (name: string, config: RunConfig, subject: TrainJob['subject'] = null): TrainJob => ({
    kind: 'train',
    run: `${side}-${name}`,
    attempt: 1,
    runFolder: join(folder, name),
    cacheFolder: join(root, 'cache'),
    datasetsFolder: null,
    config,
    from: null,
    anyArithmetic: false,
    dataChanges: [],
    moreDamaged: false,
    noBetter: false,
    whenNotFinite: [],
    subject,
  });
  async function done(job: TrainJob): Promise<readonly Result[]> {
    await mkdir(job.runFolder);
    const file = join(job.runFolder, 'job.json');
    await writeFile(file, JSON.stringify(job));
    return outputOf(file);
  }
  let checkpointFolder: string;
  if (side === 'pytorch') {
    const configuration = { run: pretraining, threads, folder };
    const trained = await openSide<{ readonly loss: number }>({ name: side, ...peer('pretrain.py', configuration) });
    await trained.ask(0);
    await trained.close();
    checkpointFolder = await taken(folder, pretraining);
  } else {
    const execution = { ...pretraining.execution, precision: side, threads };
    const job = jobOf('pretrain', { ...pretraining, execution });
    await done(job);
    checkpointFolder = (await newestValid(job.runFolder, Infinity, console.error))!.folder;
  }
  const found: Record<string, number> = {};
  for (const config of evaluations) {
    const subject = { subject: config.subject, checkpointFolder, config: pretraining };
    const execution = { ...config.execution, threads };
    const results = await done(jobOf(config.evaluator.id, { ...config, execution }, subject));
    // A head is measured at the end of its training, not at its best epoch on the test split.
    const top1 = results.find(({ metric, which }) => metric === 'top1' && which !== 'best');
    found[config.evaluator.id] = top1!.value!;
  }
  return found;
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
  const figures = new Map<Name, Record<string, number>[]>(names.map((name) => [name, []]));
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const plan = await planned(resolve(dataFolder), seed);
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
        `${evaluator}: ${first} ${one!.mean.toFixed(2)} ± ${one!.sd.toFixed(2)}, ${other} ${two!.mean.toFixed(2)} ± ` +
          `${two!.sd.toFixed(2)}: ${difference.value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] at 90 %, ` +
          `${p < 0.05 ? 'the same' : 'not shown to be the same'} within ${margin} point (p ${p.toFixed(3)})`,
      );
    }
  }
}

const [first = '3', second = sides.join()] = process.argv.slice(2);
if (first === 'job') await beJob(second);
else await compare(Number(first), v.parse(v.array(v.picklist(sides)), second.split(',')));
