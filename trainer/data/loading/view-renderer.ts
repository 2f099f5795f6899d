/** Turns sample indices into normalised views, in a decoding worker or in a loader without workers. */
import { FaultError } from '../../durable/fault-error.ts';
import type { DataSource, Normalization, Preprocessing, Resizing, View } from '../../protocol/run.ts';
import type { OpenDataset } from '../../recipe.ts';
import { augment } from '../pixels/augment.ts';
import { decode } from '../pixels/decode.ts';
import type { Pixels } from '../pixels/rows.ts';
import type { Located } from '../listing/image-table.ts';
import type { FoundImages } from '../found-images.ts';
import type { Frame } from '../pixels/kernels.ts';
import { DamagedImageError, imageFault } from '../damaged-image.ts';
import type { DamagedImage } from './left-out.ts';
import { normalizer } from '../pixels/normalize.ts';
import { preprocess } from '../pixels/preprocess.ts';
import { openData } from './open-data.ts';

/** Plain data that is sent to a worker; `found` is shared memory and is not copied. */
export interface WorkSpecification {
  readonly data: DataSource;
  /** The listing from an earlier opening of the data set, so that it is not listed again. */
  readonly found?: FoundImages | undefined;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly task:
    | {
        readonly kind: 'training';
        readonly views: readonly View[];
        readonly seed: number;
        /** Pictures of the same names, used for the second view. */
        readonly paired?: Located | undefined;
      }
    | { readonly kind: 'evaluation'; readonly preprocessing: Preprocessing };
}

export interface RenderedViews {
  /** One array per view, [n, size, size, channels]; zeros for a damaged image. */
  readonly views: readonly Float32Array<ArrayBuffer>[];
  readonly damaged: readonly DamagedImage[];
}

export interface ViewRenderer {
  readonly count: number;
  produce(epoch: number, index: Int32Array): Promise<RenderedViews>;
  close(): Promise<void>;
}

/** Sides of the square views. */
export function viewSizes({ task }: WorkSpecification): readonly number[] {
  return task.kind === 'training' ? task.views.map((view) => view.size) : [task.preprocessing.crop];
}

interface Loaded extends Pixels {
  readonly name: string;
}

async function load(data: OpenDataset, index: number): Promise<Loaded> {
  const { image, name } = await data.sample(index);
  try {
    return { ...(await decode(image, data.channels)), name };
  } catch (error) {
    throw imageFault(name, error, image.kind === 'encoded' ? image.bytes : null);
  }
}

/** Name without its extension: the edge drawing of a JPEG photograph may be a PNG. */
const stem = (name: string): string => name.replace(/\.[^./]*$/, '');

/** Reads the picture for all views, or a pair whose second picture is for the second view. */
function opener(data: OpenDataset, paired: OpenDataset | null) {
  if (paired === null) return async (index: number): Promise<readonly Loaded[]> => [await load(data, index)];
  return async (index: number): Promise<readonly Loaded[]> => {
    const second = load(paired, index);
    // Its failure is reported below; until then it must not count as unhandled.
    second.catch(() => undefined);
    const one = await load(data, index);
    const other = await second.catch((error: unknown) => {
      if (!(error instanceof DamagedImageError)) throw error;
      throw new DamagedImageError(one.name, `its pair ${error.file}: ${error.reason}`, error.sha256);
    });
    if (stem(one.name) === stem(other.name)) return [one, other];
    throw new FaultError(
      'wrong-folder',
      `The images are not paired: number ${index + 1} is ${one.name} in one folder and ${other.name} in the other. Use the same names in both.`,
      { first: one.name, second: other.name },
    );
  };
}

async function openPaired({ data, found }: Located, first: OpenDataset): Promise<OpenDataset> {
  const opened = await openData(data, found);
  if (opened.count === first.count && opened.channels === first.channels) return opened;
  await opened.close();
  const text =
    opened.count === first.count
      ? `Paired data needs the same number of channels: ${first.channels} in the first folder, ${opened.channels} in ${data.path}.`
      : `Paired data needs the same number of images: ${first.count} in the first folder, ${opened.count} in ${data.path}.`;
  throw new FaultError('wrong-folder', text, { path: data.path, first: first.count, second: opened.count });
}

export async function openViewRenderer(specification: WorkSpecification): Promise<ViewRenderer> {
  const data = await openData(specification.data, specification.found);
  const normalize = normalizer(specification.normalization, data.channels);
  const { task, resizing } = specification;
  const paired = task.kind === 'training' && task.paired ? await openPaired(task.paired, data) : null;
  const read = opener(data, paired);
  const sizes = viewSizes(specification);

  const render = (image: Loaded, number: number, epoch: number, index: number): Frame => {
    if (task.kind === 'evaluation') return preprocess(image, task.preprocessing, resizing, image.name);
    return augment(image, task.views[number]!, resizing, { seed: task.seed, epoch, index, number }).frame;
  };

  return {
    count: data.count,
    async produce(epoch, index) {
      const sampleValues = sizes.map((size) => size * size * normalize.channels);
      const views = sampleValues.map((values) => new Float32Array(values * index.length));
      // The next picture is read on another thread while this one is augmented.
      const damaged: DamagedImage[] = [];
      let next = read(index[0]!);
      for (let i = 0; i < index.length; i++) {
        const images = await next.catch((error: unknown) => {
          if (!(error instanceof DamagedImageError)) throw error;
          const { file, reason, sha256 } = error;
          damaged.push({ at: i, file, reason, sha256 });
          return null;
        });
        if (i + 1 < index.length) {
          next = read(index[i + 1]!);
          // Its failure is reported in the next iteration; until then it must not count as unhandled.
          next.catch(() => undefined);
        }
        if (images === null) continue;
        for (let number = 0; number < sizes.length; number++) {
          const frame = render(images[number] ?? images[0]!, number, epoch, index[i]!);
          normalize.write(frame, views[number]!, i * sampleValues[number]!);
        }
      }
      return { views, damaged };
    },
    async close() {
      await data.close();
      await paired?.close();
    },
  };
}
