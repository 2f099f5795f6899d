/**
 * Small pictures of a data set, for the window. Decoded here because sharp is not compatible with Electron's libraries.
 */
import { FaultError } from '../durable/fault-error.ts';
import type { Thumbnail } from '../protocol/dataset.ts';
import { readDamagedFiles } from '../data/listing/damaged-files.ts';
import { thumbnail } from '../data/browsing/encode.ts';
import { decode } from '../data/pixels/decode.ts';
import { datasets } from '../registry.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 60_000;

export async function run(job: JobOf<'thumbnails'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'scanning', quietForMs: quietMs });
  const { dataset, path, split, reading, fingerprint } = job.data;
  const { datasetsFolder } = job;
  const isKnown = datasetsFolder !== null && fingerprint !== undefined;
  const damaged = isKnown ? await readDamagedFiles(datasetsFolder, fingerprint) : [];
  // Places are those of an inspection: images that a person left out of runs are pictures of the data set all the same.
  const exclude = damaged.filter((one) => one.split === split).map(({ file }) => file);
  const opened = await datasets.get(dataset).open(path, split, { reading, exclude });
  const progress = progressOf(context);
  const thumbnails: Thumbnail[] = [];
  try {
    for (const index of job.indexes) {
      if (!Number.isInteger(index) || index < 0 || index >= opened.count) {
        throw new FaultError(
          'bad-argument',
          `There is no picture ${index}: ${path} has ${opened.count} in "${split}".`,
          {
            index,
            count: opened.count,
          },
        );
      }
      const { image, target } = await opened.sample(index);
      // As it is trained on: not turned by what a camera noted.
      const pixels = await decode(image, image.kind === 'raw' ? image.channels : 3);
      const { mime, base64 } = await thumbnail(pixels, job.size);
      const name = target.kind === 'class' ? (opened.classes[target.class] ?? String(target.class)) : null;
      thumbnails.push({ index, label: name, mime, base64 });
      await progress(thumbnails.length / job.indexes.length);
    }
  } finally {
    await opened.close();
  }
  port.send({ type: 'result', outcome: { kind: 'thumbnails', thumbnails } });
  return { why: 'done', step: 0, safeStep: null };
}
