/** Data sets stored in several large files: finds the files and the split of each. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFolder } from '../../durable/files.ts';
import { nameOf, selected } from './image-table.ts';
import { type ImageTable } from '../found-images.ts';
import { splitNamed } from './split-names.ts';
import { type Rejects } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import type { Sentence } from '../../protocol/sentence.ts';

export interface Shard {
  readonly split: string;
  /** Relative to the folder. */
  readonly path: string;
}

/** A split by the folder of a shard, or by a word of its name: `imagenet-val-000012.tar`. Without either it is train. */
function splitOf(name: string): string {
  return (
    name
      .slice(0, name.lastIndexOf('.'))
      .split(/[-_./]/)
      .map(splitNamed)
      .find((split) => split !== null) ?? 'train'
  );
}

/** Files with this ending in the folder, in its `data` folder, and in folders named after a split. */
export function shardsIn(folder: string, ending: string): readonly Shard[] {
  const below = readdirSync(folder).filter((name) => name === 'data' || splitNamed(name) !== null);
  return ['', ...below.filter((name) => isFolder(join(folder, name))).map((name) => `${name}/`)]
    .flatMap((place) => readdirSync(join(folder, place)).map((name) => place + name))
    .filter((path) => path.endsWith(ending) && !isFolder(join(folder, path)))
    .sort()
    .map((path) => ({ split: splitOf(path), path }));
}

/** Reads the shards in turn, each open only while it is read; damaged ones are rejected with the reason. */
export async function readShards<File extends { close(): void }>(
  folder: string,
  shards: readonly Shard[],
  rejects: Rejects,
  { open, read }: { open(path: string): File; read(file: File, shard: Shard): Promise<void> },
): Promise<void> {
  for (const shard of shards) {
    try {
      const file = open(join(folder, shard.path));
      try {
        await read(file, shard);
      } finally {
        file.close();
      }
    } catch (error) {
      rejects.add(shard.path, reasonOf(error));
    }
  }
}

/** Images of a split, with labels if any image has one; images without a label are then dropped. */
export function labelledWhereAny(images: ImageTable, rejects: Rejects, reason: Sentence): ImageTable {
  const { labels } = images;
  if (!labels?.some((label) => label >= 0)) return { ...images, labels: null };
  for (const [index, label] of labels.entries()) if (label < 0) rejects.add(nameOf(images, index), reason);
  return selected(images, (index) => labels[index]! >= 0);
}
