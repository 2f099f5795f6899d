/**
 * The search for the settings of the small presets, with as many trials for every method: each a short pretraining on a part of
 * Fashion-MNIST's training images, measured by the first plan's linear head and k-NN on the rest of the training images. The test
 * images are not looked at. Each trial is added to bench/results/tuning/SEARCH.json as soon as it is known, so that the search goes
 * on where it was left. `wide` and `first` are two earlier searches, for the changes of the images and the first plan's VICReg.
 *
 *   npm run bench -- tuning METHOD|wide|first [threads]
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { FaultError } from '../trainer/durable/fault-error.ts';
import { setPath } from '../trainer/protocol/paths.ts';
import { PretrainConfig } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { beJob, jobsIn, planned, type Planned } from './shared/training-jobs.ts';
import { searched, type Settings } from './shared/tuning-space.ts';

/** Training images that are kept for measuring. */
const heldOut = 10_000;

const tried = { settings: v.record(v.string(), v.unknown()), minutes: v.number() };
/** Top-1 in % by evaluator, unless the training diverged. */
const Trials = v.array(
  v.union([
    v.strictObject({ ...tried, linear: v.number(), knn: v.number() }),
    v.strictObject({ ...tried, diverged: v.literal(true) }),
  ]),
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

const [name = '', word = String(availableParallelism())] = process.argv.slice(2);
if (name === 'job') await beJob(word);
else await search(name, Number(word));

async function search(id: string, threads: number): Promise<void> {
  const { trials, settings: settingsOf } = searched(id);
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
      isFirst ? key === 'vicreg' : config.kind === 'pretrain' && config.method.id === (id === 'wide' ? 'vicreg' : id),
    );
    for (let trial = known.length; trial < trials; trial++) {
      const settings = settingsOf(trial);
      const began = performance.now();
      const found = await measured(join(root, String(trial)), join(root, 'cache'), plan, settings, threads);
      const minutes = Number(((performance.now() - began) / 60_000).toFixed(1));
      known.push({ settings, minutes, ...found });
      await writeFile(file, `${JSON.stringify(known, null, 2)}\n`);
      const said = 'diverged' in found ? 'diverged' : `linear ${found.linear.toFixed(2)}  k-NN ${found.knn.toFixed(2)}`;
      console.log(`${trial + 1}/${trials}  ${said}  ${minutes} min  ${JSON.stringify(settings)}`);
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
  try {
    const checkpointFolder = await jobs.pretrained(config);
    const evaluations = plan.evaluations.map((one) => ({ ...one, execution: { ...one.execution, threads } }));
    const { linear, knn } = await jobs.top1(evaluations, { checkpointFolder, config });
    return { linear: linear!, knn: knn! };
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'diverged') return { diverged: true as const };
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
