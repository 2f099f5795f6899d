/** What a map is made from: an encoder at a moment, the images of a split, and the names of the files that this gives. */
import { join } from 'node:path';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import { readExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { sha256 } from '../../../trainer/durable/files.ts';
import { mostMappedImages } from '../../../trainer/protocol/maps.ts';
import { newestResizing, type DataSource, type PretrainConfig, type Subject } from '../../../trainer/protocol/run.ts';
import type { MapMoment, WantedMap } from '../../api/maps.ts';
import { sourceOf } from '../data/sources.ts';
import { subjectOf } from '../drafts/evaluated-encoder.ts';
import { imagesForWeights } from '../drafts/preprocessing.ts';
import type { StoredDataset, Store } from '../store/store.ts';
import { shownToRun, type FeaturesContext, type Shown } from './features.ts';
import { getRun } from './runs-context.ts';

/** Of the sample, of clusters and of layouts. It is one, so that two maps of the same images can lie side by side. */
export const mapSeed = 1;
/** Another one where maps are computed in another way. */
const edition = 1;

type Context = Pick<FeaturesContext, 'workspace' | 'store' | 'weights' | 'execution'>;

export interface MappedEncoder {
  readonly subject: Subject;
  readonly shown: Shown;
  readonly data: DataSource;
  /** Where its map is, or will be. */
  readonly file: string;
  readonly layoutFile: string;
}

export const mapsFolder = ({ workspace }: Pick<Context, 'workspace'>): string => join(workspace.cache, 'maps');

/** The weights that a pretraining began with; null where two encoders are trained, whose beginning no control repeats. */
function initialOf({ encoders, seed }: PretrainConfig): Subject | null {
  return encoders.length === 1 ? { kind: 'random', encoder: encoders[0], seed } : null;
}

async function datasetOf(store: Store, { fingerprint, split }: WantedMap): Promise<StoredDataset> {
  const found = (await store.datasets()).find((one) => one.fingerprint === fingerprint);
  if (found === undefined)
    throw new FaultError('unknown-id', `There is no data set with the fingerprint ${fingerprint}.`, { fingerprint });
  const images = found.inspection.splits.find((one) => one.split === split)?.images;
  if (images === undefined)
    throw new FaultError('unknown-id', `${found.name} has no split "${split}".`, { fingerprint, split });
  if (images > mostMappedImages)
    throw new FaultError(
      'bad-argument',
      `The split "${split}" of ${found.name} has ${images} images, and a map is drawn of a split of at most ${mostMappedImages}: choose a smaller one.`,
      { split, images },
    );
  return found;
}

async function pretraining(store: Store, run: string) {
  const { config, title } = await getRun(store, run);
  if (config.kind === 'pretrain') return { title, config };
  throw new FaultError('bad-argument', `"${title}" is an evaluation; a map is of the encoder that it evaluates.`, {
    run,
  });
}

/** The subject, how it sees images, and what tells its weights from all others. */
async function encoderOf({ store, weights, execution }: Context, { of }: WantedMap, { inspection }: StoredDataset) {
  if (of.kind === 'weights') {
    const record = await weights.get(of.weights);
    const shown = { ...imagesForWeights(record, inspection), resizing: newestResizing, execution: await execution() };
    return { subject: subjectOf(record), shown, identity: of.weights };
  }
  const { run, step } = of;
  const { title, config } = await pretraining(store, run);
  const shown = shownToRun(config, 0, inspection);
  const initial = step === 0 ? initialOf(config) : null;
  if (initial !== null) return { subject: initial, shown, identity: canonicalJson(initial) };
  const saved = (await store.checkpoints(run)).findLast((one) => one.step === step);
  if (saved === undefined)
    throw new FaultError('no-checkpoint', `Run "${title}" has had no checkpoint of step ${step}.`, { run, step });
  const subject = { kind: 'run', run, checkpoint: step, branch: 0 } as const;
  return { subject, shown, identity: `${run} ${step} ${saved.manifestSha256}` };
}

/** @throws FaultError for what cannot be mapped; the checkpoint itself may be gone */
export async function mappedEncoder(context: Context, wanted: WantedMap): Promise<MappedEncoder> {
  const dataset = await datasetOf(context.store, wanted);
  const data = sourceOf(dataset, wanted.split);
  const { subject, shown, identity } = await encoderOf(context, wanted, dataset);
  const excluded = await readExcludedFiles(context.workspace.datasets, wanted.fingerprint);
  const { execution: _place, ...images } = shown;
  const everything = { edition, identity, data, excluded, images, points: wanted.points, seed: mapSeed };
  const path = join(mapsFolder(context), sha256(canonicalJson(everything)).slice(0, 40));
  return { subject, shown, data, file: `${path}.map`, layoutFile: `${path}.layout` };
}

/** The moments that a pretraining has had checkpoints of, and before them its beginning. */
export async function momentsOf(
  store: Store,
  run: string,
): Promise<readonly (Pick<MapMoment, 'step' | 'epoch'> & { readonly present: boolean })[]> {
  const { config } = await pretraining(store, run);
  // One a step: a later attempt may have written it anew.
  const saved = new Map((await store.checkpoints(run)).map((one) => [one.step, one]));
  const beginning = initialOf(config) === null ? [] : [{ step: 0, epoch: 0, present: true }];
  return [...beginning, ...[...saved.values()].filter(({ step }) => step > 0)];
}
