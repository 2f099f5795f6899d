/** Every file that the trainer keeps, cut at every offset and with bits flipped: found, named, nothing believed. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCheckpoint } from './checkpoints/read-checkpoint.ts';
import { readDamagedFiles, writeDamagedFiles } from './data/listing/damaged-files.ts';
import { openLeftOut } from './data/loading/left-out.ts';
import { bytesOf, sha256 } from './durable/files.ts';
import { damageEverywhere, type DamagedKind } from './durable/testing/damaged-bytes.ts';
import { makeMemoryFolder } from './durable/testing/memory-folder.ts';
import { recordCases } from './durable/testing/record-cases.ts';
import type { DataSource } from './protocol/run.ts';
import { said } from './protocol/sentence.ts';
import { trainerScenes } from './testing/disk-scenes.ts';

const folder = makeMemoryFolder('every-file-');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const checkpoint = join(folder, 'checkpoints', '000004');
const data: DataSource = { dataset: 'image-folder', path: '/data', split: 'train', fingerprint: 'f' };
const leftOut = () => openLeftOut({ runFolder: folder, inspected: [], isAccepted: false, notice: () => undefined });
const image = (at: number) => ({ file: `a/${at}.jpg`, reason: said`it is cut`, sha256: null });

async function readWhole() {
  const { manifest, tensors } = await readCheckpoint(checkpoint);
  return {
    said: [JSON.stringify(manifest), ...[...tensors].map(([name, values]) => `${name} ${sha256(bytesOf(values))}`)],
    named: [],
  };
}

const kinds: readonly DamagedKind[] = [
  { name: 'the manifest of a checkpoint', file: join(checkpoint, 'manifest.json'), read: readWhole },
  { name: 'the tensors of a checkpoint', file: join(checkpoint, 'tensors.bin'), read: readWhole },
  {
    name: 'the list of damaged images',
    file: join(folder, 'f.damaged.ndjson'),
    mayBeEmpty: true,
    read: async () => ({ said: (await readDamagedFiles(folder, 'f')).map((one) => JSON.stringify(one)), named: [] }),
  },
  {
    name: 'the images that a run leaves out',
    file: join(folder, 'left-out.ndjson'),
    isAppended: true,
    read: () => ({ said: [...leftOut().fromSteps(data)].map(([name, step]) => `${name} ${step}`), named: [] }),
  },
];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await trainerScenes[1]!.act(folder);
  const images = Array.from({ length: 9 }, (_, at) => image(at));
  await writeDamagedFiles(
    folder,
    'f',
    images.map((one) => ({ split: 'train', ...one })),
  );
  images.forEach((one, at) => leftOut().add(data, 10_000, [{ at, ...one }], at));
});

it.each(kinds)('R5: $name', async (kind) => {
  const { cases, cuts, flips, wrong } = await damageEverywhere(kind);
  recordCases({ promise: 'R5', how: `${kind.name}: ${cuts} cuts, ${flips} bit flips`, cases, lost: wrong.length });
  expect(wrong).toEqual([]);
});
