/** Features of two views of each image, for measuring how close an encoder places them. */
import type { DataSource, Normalization, Resizing, View } from '../protocol/run.ts';
import type { FoundImages } from '../data/found-images.ts';
import { openTrainingLoader } from '../data/loading/loader.ts';
import type { TrainingLoaderOptions } from '../data/loading/pipeline.ts';
import type { FeatureSet } from '../recipe.ts';
import type { EvaluatedEncoder } from './evaluated-encoder.ts';

export interface PairsRequest {
  readonly subject: EvaluatedEncoder;
  readonly data: DataSource;
  /** Locations of its images, if already looked up. */
  readonly found: FoundImages | undefined;
  /** Maximum number of images; a split may have fewer. */
  readonly images: number;
  readonly view: View;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  /** Determines the choice of images and the crop of each view. */
  readonly seed: number;
  readonly workers: number;
  readonly reach?: TrainingLoaderOptions['reach'];
  progress(fraction: number): Promise<void>;
}

const batch = 250;

/** Row i of both belongs to the same image. */
export async function readPairs(request: PairsRequest): Promise<readonly [FeatureSet, FeatureSet]> {
  const { subject, data, found, view, normalization, resizing, seed, workers, reach, progress } = request;
  const loader = await openTrainingLoader({
    data,
    found,
    normalization,
    resizing,
    seed,
    workers,
    reach,
    batch,
    views: [view, view],
    dropLast: false,
    fromStep: 0,
  });
  try {
    // The first epoch shows every image once.
    const count = Math.min(request.images, loader.count);
    const tables: [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];
    let columns = 0;
    for (let rows = 0; rows < count;) {
      const { batch: taken } = await loader.next();
      const { views, index } = taken;
      for (const [side, images] of views.entries()) {
        const { shape, values } = await subject.encode(images);
        if (rows === 0) tables[side as 0 | 1] = new Float32Array(count * (columns = shape[1]!));
        tables[side as 0 | 1].set(values.subarray(0, (count - rows) * columns), rows * columns);
      }
      loader.release(taken);
      rows = Math.min(rows + index.length, count);
      await progress(rows / count);
    }
    const labels = new Int32Array(count).fill(-1);
    const set = (values: Float32Array): FeatureSet => ({ rows: count, columns, values, labels });
    return [set(tables[0]), set(tables[1])];
  } finally {
    await loader.close();
  }
}
