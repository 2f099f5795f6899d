/**
 * The search for the settings of the small presets, the same for every method: so many trials, each a short pretraining on a part
 * of Fashion-MNIST's training images with settings drawn at random, measured by the first plan's linear head and k-NN on the rest
 * of the training images. The test images are not looked at. Each trial is added to bench/results/tuning/METHOD.json as soon as
 * it is known, so that the search goes on where it was left. `first` is the search for the first plan's VICReg, with longer trials.
 *
 *   npm run bench -- tuning METHOD|first [trials] [threads]
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { setPath } from '../trainer/protocol/paths.ts';
import { PretrainConfig } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { beJob, jobsIn, planned, type Planned } from './shared/training-jobs.ts';
import { drawn, type Settings } from './shared/tuning-space.ts';

/** Training images that are kept for measuring. */
const heldOut = 10_000;

const Trials = v.array(
  v.strictObject({
    settings: v.record(v.string(), v.unknown()),
    linear: v.number(),
    knn: v.number(),
    minutes: v.number(),
  }),
);

/** Writes the images as a data set of its own: what is held out of the training images takes the place of the test images. */
async function divided(from: string, to: string): Promise<void> {
  const read = async (name: string): Promise<Buffer> => gunzipSync(await readFile(join(from, `${name}.gz`)));
  const [images, labels] = [await read('train-images-idx3-ubyte'), await read('train-labels-idx1-ubyte')];
  const [imageHead, labelHead] = [16, 8];
  const count = labels.length - labelHead;
  const size = (images.length - imageHead) / count;
  const order = keyed(1, 'held out').permutation(count);
  await mkdir(to, { recursive: true });
  const parts = { t10k: order.subarray(0, heldOut), train: order.subarray(heldOut) };
  for (const [name, part] of Object.entries(parts)) {
    const [ownImages, ownLabels] = [
      Buffer.concat([
        images.subarray(0, imageHead),
        ...Array.from(part, (at) => images.subarray(imageHead + at * size, imageHead + (at + 1) * size)),
      ]),
      Buffer.concat([labels.subarray(0, labelHead), Uint8Array.from(part, (at) => labels[labelHead + at]!)]),
    ];
    for (const file of [ownImages, ownLabels]) file.writeUInt32BE(part.length, 4);
    await writeFile(join(to, `${name}-images-idx3-ubyte`), ownImages);
    await writeFile(join(to, `${name}-labels-idx1-ubyte`), ownLabels);
  }
}

const [method = '', trialWord = '12', threadWord = String(availableParallelism())] = process.argv.slice(2);
if (method === 'job') await beJob(trialWord);
else await search(method, Number(trialWord), Number(threadWord));

async function search(id: string, trials: number, threads: number): Promise<void> {
  const results = join('bench', 'results', 'tuning');
  const file = join(results, `${id}.json`);
  await mkdir(results, { recursive: true });
  const known = existsSync(file) ? v.parse(Trials, JSON.parse(await readFile(file, 'utf8'))) : [];
  const root = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  try {
    const dataFolder = join(root, 'data');
    await divided(resolve(process.env['REPRISE_RUNTIME'] ?? '.runtime', 'data', 'fashion-mnist'), dataFolder);
    const isFirst = id === 'first';
    const plan = await planned(isFirst ? 'first' : 'methods-small', dataFolder, ({ key, config }) =>
      isFirst ? key === 'vicreg' : config.kind === 'pretrain' && config.method.id === id,
    );
    for (let trial = known.length; trial < trials; trial++) {
      const settings = drawn(id, trial);
      if (settings === null) break;
      const began = performance.now();
      const top1 = await measured(join(root, String(trial)), join(root, 'cache'), plan, settings, threads);
      const minutes = Number(((performance.now() - began) / 60_000).toFixed(1));
      known.push({ settings, linear: top1['linear']!, knn: top1['knn']!, minutes });
      await writeFile(file, `${JSON.stringify(known, null, 2)}\n`);
      console.log(
        `${trial + 1}/${trials}  linear ${top1['linear']!.toFixed(2)}  k-NN ${top1['knn']!.toFixed(2)}  ${minutes} min  ${JSON.stringify(settings)}`,
      );
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function measured(folder: string, cache: string, plan: Planned, settings: Settings, threads: number) {
  const changed = structuredClone(plan.pretraining) as unknown as Record<string, unknown>;
  // A view that is not augmented, a teacher's, stays so.
  const views = plan.pretraining.views.flatMap(({ jitter }, index) => (jitter > 0 ? [index] : []));
  for (const [path, value] of Object.entries(settings)) {
    const paths = path.startsWith('view.') ? views.map((view) => `views.${view}.${path.slice(5)}`) : [path];
    for (const one of paths) setPath(changed, one.split('.'), value);
  }
  const pretraining = v.parse(PretrainConfig, changed);
  const jobs = jobsIn(folder, cache);
  const execution = { ...pretraining.execution, threads };
  const config = { ...pretraining, execution };
  const checkpointFolder = await jobs.pretrained(config);
  const evaluations = plan.evaluations.map((one) => ({ ...one, execution: { ...one.execution, threads } }));
  const top1 = await jobs.top1(evaluations, { checkpointFolder, config });
  await rm(folder, { recursive: true });
  return top1;
}
