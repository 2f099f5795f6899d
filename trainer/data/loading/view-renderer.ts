/** Turns sample indices into views of 8 bits, in a decoding worker or in a loader without workers. */
import { FaultError } from '../../durable/fault-error.ts';
import type { DataSource, Normalization, Preprocessing, Resizing, View } from '../../protocol/run.ts';
import type { OpenDataset } from '../../recipe.ts';
import { augment } from '../pixels/augment.ts';
import type { Located } from '../listing/image-table.ts';
import type { FoundImages } from '../found-images.ts';
import { writeLevels, type Frame } from '../pixels/kernels.ts';
import { DamagedImageError } from '../damaged-image.ts';
import type { DamagedImage } from './left-out.ts';
import { checkNormalization } from '../pixels/normalize.ts';
import { preprocess } from '../pixels/preprocess.ts';
import type { Place } from './batch-memory.ts';
import type { DecodedSample } from './decode-sample.ts';
import { ImageSource } from './image-source.ts';
import { openData } from './open-data.ts';
import { quoted, said } from '../../protocol/sentence.ts';
import type { DecodingLog } from './decoding-signs.ts';
import type { SeenContents } from './seen-contents.ts';
import type { OpenWork, Work } from './work.ts';

/** `found` is shared memory. */
export interface ViewSpecification {
  readonly data: DataSource;
  /** The listing from an earlier opening of the data set, so that it is not listed again. */
  readonly found?: FoundImages | undefined;
  readonly normalization: Normalization;
  /** What has been read of the images; absent where nobody waits for data that went away. */
  readonly seen?: SeenContents | undefined;
  readonly resizing: Resizing;
  readonly task:
    | {
        readonly kind: 'training';
        readonly views: readonly View[];
        readonly seed: number;
        /** Pictures of the same names, used for the second view. */
        readonly paired?: Located | undefined;
        readonly pairedSeen?: SeenContents | undefined;
      }
    | { readonly kind: 'evaluation'; readonly preprocessing: Preprocessing };
}

export interface RenderedViews {
  /** One array per view, [n, size, size, channels]; null where they were written where the request says. */
  readonly elsewhere: readonly Uint8Array<ArrayBuffer>[] | null;
  /** Their rows are undefined. */
  readonly damaged: readonly DamagedImage[];
}

export interface ViewRequest {
  readonly epoch: number;
  readonly index: Int32Array;
  /** Shared memory to write the views into: where each begins, in bytes. Absent: into memory of their own. */
  readonly into?: Place | undefined;
}

/** Sides of the square views. */
export function viewSizes({ task }: Pick<ViewSpecification, 'task'>): readonly number[] {
  return task.kind === 'training' ? task.views.map((view) => view.size) : [task.preprocessing.crop];
}

/** Name without its extension: the edge drawing of a JPEG photograph may be a PNG. */
const stem = (name: string): string => name.replace(/\.[^./]*$/, '');

/** Reads the picture for all views, or a pair whose second picture is for the second view. */
function opener(source: ImageSource, paired: ImageSource | null) {
  if (paired === null) return async (index: number): Promise<readonly DecodedSample[]> => [await source.load(index)];
  return async (index: number): Promise<readonly DecodedSample[]> => {
    const second = paired.load(index);
    // Its failure is reported below; until then it must not count as unhandled.
    second.catch(() => undefined);
    const one = await source.load(index);
    const other = await second.catch((error: unknown) => {
      if (!(error instanceof DamagedImageError)) throw error;
      throw new DamagedImageError(one.name, said`its pair ${quoted(error.file)}: ${error.reason}`, error.sha256);
    });
    if (stem(one.name) === stem(other.name)) return [one, other];
    throw new FaultError(
      'wrong-folder',
      `The images are not paired: number ${index + 1} is ${one.name} in one folder and ${other.name} in the other. Use the same names in both.`,
      { first: one.name, second: other.name },
    );
  };
}

async function openPaired(
  { data, found }: Located,
  first: Pick<OpenDataset, 'count' | 'channels'>,
): Promise<OpenDataset> {
  const opened = await openData(data, found);
  if (opened.count === first.count && opened.channels === first.channels) return opened;
  await opened.close();
  const text =
    opened.count === first.count
      ? `Paired data needs the same number of channels: ${first.channels} in the first folder, ${opened.channels} in ${data.path}.`
      : `Paired data needs the same number of images: ${first.count} in the first folder, ${opened.count} in ${data.path}.`;
  throw new FaultError('wrong-folder', text, { path: data.path, first: first.count, second: opened.count });
}

async function openPairedSource(
  located: Located,
  first: OpenDataset,
  seen: SeenContents | undefined,
  log: DecodingLog | undefined,
): Promise<ImageSource> {
  const { count, channels } = first;
  const open = () => openPaired(located, { count, channels });
  return new ImageSource(await open(), located.data.path, seen, { log, source: 1 }, open);
}

async function openViewRenderer(
  specification: ViewSpecification,
  log?: DecodingLog,
): Promise<OpenWork<ViewRequest, RenderedViews>> {
  const { task, seen } = specification;
  const open = () => openData(specification.data, specification.found);
  const source = new ImageSource(await open(), specification.data.path, seen, { log, source: 0 }, open);
  const { data } = source;
  checkNormalization(specification.normalization, data.channels);
  const channels = specification.normalization.mean.length;
  const { resizing } = specification;
  const paired =
    task.kind === 'training' && task.paired ? await openPairedSource(task.paired, data, task.pairedSeen, log) : null;
  const read = opener(source, paired);
  const sizes = viewSizes(specification);

  const render = (image: DecodedSample, number: number, epoch: number, index: number): Frame => {
    if (task.kind === 'evaluation') return preprocess(image, task.preprocessing, resizing, image.name);
    return augment(image, task.views, resizing, { seed: task.seed, epoch, index, number }).frame;
  };

  return {
    count: data.count,
    async produce({ epoch, index, into }) {
      await source.reopen();
      await paired?.reopen();
      const sampleValues = sizes.map((size) => size * size * channels);
      const own = into ? null : sampleValues.map((values) => new Uint8Array(values * index.length));
      const views = sampleValues.map((values, view) =>
        into ? new Uint8Array(into.buffer, into.offsets[view], values * index.length) : own![view]!,
      );
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
          writeLevels(frame, channels, views[number]!, i * sampleValues[number]!);
        }
      }
      return { elsewhere: own, damaged };
    },
    async close() {
      await source.data.close();
      await paired?.data.close();
    },
  };
}

export const viewWork: Work<ViewSpecification, ViewRequest, RenderedViews> = {
  name: 'views',
  sources: ({ data, found, task }) => [
    { data, found },
    ...(task.kind === 'training' && task.paired ? [task.paired] : []),
  ],
  open: openViewRenderer,
  elsewhere: ({ epoch, index }) => ({ epoch, index }),
  memoryOf: ({ elsewhere }) => elsewhere?.map(({ buffer }) => buffer) ?? [],
};
