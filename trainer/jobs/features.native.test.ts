/** Features as a file: of a vision transformer, at the size of its positions and at another. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import { inTemporaryFolder, writeIdx } from '../data/testing/small-datasets.ts';
import { Job } from '../protocol/commands.ts';
import { Outcome } from '../protocol/events.ts';
import { newestResizing } from '../protocol/run.ts';
import { run } from './features.ts';

const side = 12;
const [images, width] = [5, 8];

async function extracted(folder: string, imageSize: number): Promise<Extract<Outcome, { kind: 'features' }>> {
  const options = { patch: 4, width, depth: 1, heads: 2, imageSize };
  const subject = { kind: 'random', encoder: { id: 'vit', options }, seed: 1 };
  const job = v.parse(Job, {
    kind: 'features',
    subject: { subject, checkpointFolder: null, config: null },
    data: { dataset: 'idx', path: folder, split: 'test' },
    preprocessing: { resize: null, crop: side },
    normalization: { mean: [0.5], std: [0.5] },
    resizing: newestResizing,
    execution: { threads: 1, loaderWorkers: 0 },
    seed: 1,
    file: join(folder, `${imageSize}.npy`),
  });
  if (job.kind !== 'features') throw new Error(job.kind);
  const outcomes: Outcome[] = [];
  const port = openPort({ channel: null, now: Date.now });
  const heard: typeof port = {
    ...port,
    send: (event) => {
      if (event.type === 'result') outcomes.push(v.parse(Outcome, event.outcome));
      port.send(event);
    },
  };
  await run(job, { port: heard, clock: () => performance.now() });
  const [outcome] = outcomes;
  if (outcome?.kind !== 'features') throw new Error('no features');
  return outcome;
}

it('says where positions had to be resized, and nothing where they are used as they are', () =>
  inTemporaryFolder(async (folder) => {
    await writeIdx(folder, 6, images);
    const own = await extracted(folder, side);
    expect(own).toMatchObject({ rows: images, columns: width });
    expect(own).not.toHaveProperty('resized');
    const other = await extracted(folder, 16);
    expect(other.resized).toEqual({ from: '4 × 4', to: '3 × 3' });
    expect(readFileSync(other.file).subarray(1, 6).toString()).toBe('NUMPY');
    expect(statSync(other.file).size).toBeGreaterThan(4 * images * width);
  }));
