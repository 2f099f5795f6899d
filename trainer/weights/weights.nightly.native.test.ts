/**
 * Exchange with PyTorch in both directions: its files give the same features here, and it loads our exports with
 * strict=True.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { afterAll, expect, it } from 'vitest';
import { configHash } from '../checkpoints/config-hash.ts';
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { encoders } from '../registry.ts';
import { buildEncoder, encodeWith } from '../evaluation/evaluated-encoder.ts';
import { relativeDistance } from '../testing/distance.ts';
import { tinyPretraining } from '../testing/killing.ts';
import { exportEncoder } from './export.ts';
import { openWeights } from './open.ts';
import { matchEncoder, readEncoder } from './torchvision-names.ts';

const [images, size, channels] = [2, 224, 3];
const folder = mkdtempSync(join(tmpdir(), 'weights-nightly-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** PyTorch's layout; ours is by pixel. */
const planes = new Float32Array(images * channels * size * size);
keyed(5, 'images').fillNormal(planes);
const pixels = planes.map((_, at) => {
  const [channel, pixel] = [at % channels, Math.floor(at / channels)];
  const [image, place] = [Math.floor(pixel / size ** 2), pixel % size ** 2];
  return planes[(image * channels + channel) * size ** 2 + place]!;
});

function torch(task: 'make' | 'take', architecture: string): Float32Array {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  const script = join(import.meta.dirname, '../../bench/peers/weights.py');
  execFileSync(join(peers, 'bin', 'python'), [script, task, architecture, folder], { stdio: 'inherit' });
  return new Float32Array(new Uint8Array(readFileSync(join(folder, 'features.bin'))).buffer);
}

it.each([
  ['resnet18', 'resnet-18'],
  ['resnet50', 'resnet-50'],
])(
  '%s',
  async (theirs, ours) => {
    writeFileSync(join(folder, 'images.bin'), new Uint8Array(planes.buffer));
    const wanted = torch('make', theirs);
    const engine = await openEngine(v.parse(Execution, { threads: 2 }));
    for (const [name, prefix] of [
      ['plain.pth', ''],
      ['checkpoint.pth', 'module.backbone.'],
    ] as const) {
      const file = await openWeights(join(folder, name));
      const match = matchEncoder(file, encoders.all);
      expect(match).toMatchObject({
        prefix: name === 'plain.pth' ? '' : `model.${prefix}`,
        encoder: { id: ours },
        channels,
      });
      const values = await readEncoder(file, match);
      await file.close();
      const encoder = buildEncoder(engine.builder(1).at('encoder'), match.encoder, channels);
      const entries = engine.entries([encoder]);
      for (const entry of entries) entry.write(values.get(entry.name.slice('encoder/'.length))!);
      const found = await encodeWith(engine, encoder)({ shape: [images, size, size, channels], values: pixels });
      const features = found.values as Float32Array;
      expect(relativeDistance(features, wanted)).toBeLessThan(1e-5);

      const header = { run: 'weights', attempt: 1, step: 12, epoch: 1, trainedSeconds: 0, seed: 1, counters: {} };
      const machine = { codeVersion: '0', tensorflow: '0', arithmetic: '0', threads: 2, instructionSet: 'none' };
      const hash = configHash(tinyPretraining(folder));
      const saved = await saveCheckpoint(folder, { ...header, ...machine, configHash: hash }, entries);
      const checkpoint = await readCheckpoint(join(folder, saved.folder));
      await exportEncoder(checkpoint, 'encoder', join(folder, 'taken.pth'), 'pth', {});
      // The same weights again, to the bit, so the same features.
      expect(torch('take', theirs)).toEqual(wanted);
    }
  },
  300_000,
);
