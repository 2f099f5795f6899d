/** Imported weights against random ones: trained ones pass, untrained ones are asked about before anything is computed. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import type { Channel } from '../channel/event-queue.ts';
import { openPort } from '../channel/port.ts';
import { saveCheckpoint } from '../checkpoints/write-checkpoint.ts';
import { openLeftOut } from '../data/loading/left-out.ts';
import { writeSampleSet } from '../data/sample/sample-set.ts';
import type { Engine, StateEntry } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { EvaluateConfig, Execution } from '../protocol/run.ts';
import { trainedChoice, trainedEncoder, trainedNormalization, trainedSize } from '../testing/trained-encoder.ts';
import { compared } from './against-random.ts';
import { buildEncoder } from './evaluated-encoder.ts';
import { openEvaluation } from './evaluate.ts';

const folder = mkdtempSync(join(tmpdir(), 'against-random-'));
const data = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let engine: Engine;
/** Folders of checkpoints by what is in them. */
const checkpoints = new Map<string, string>();

beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { threads: 2 }));
  // Other pictures than those of the training, by their seed.
  await writeSampleSet({ folder: data, seed: 5, train: 400, val: 300, size: trainedSize });
  const header = { run: 'weights', attempt: 1, step: 0, epoch: 0, trainedSeconds: 0, seed: 1, counters: {} };
  const machine = { codeVersion: '0', tensorflow: '0', arithmetic: '0', threads: 2, instructionSet: 'none' };
  const save = async (name: string, entries: readonly StateEntry[]): Promise<void> => {
    mkdirSync(join(folder, name));
    const saved = await saveCheckpoint(join(folder, name), { ...header, ...machine, configHash: '' }, entries);
    checkpoints.set(name, join(folder, name, saved.folder));
  };
  await save('trained', (await trainedEncoder(engine, 1500)).entries);
  await save('untrained', engine.entries([buildEncoder(engine.builder(7).at('encoder'), trainedChoice, 3)]));
}, 120_000);

const logged: string[] = [];
async function evaluated(name: string, ifNoBetter: 'ask' | 'tell' | null): Promise<number> {
  const source = (split: string) => ({ dataset: 'image-folder', path: data, split, fingerprint: 'sample' });
  const origin = { method: null, pretrainedOn: null, epochs: null, batch: null };
  const config = v.parse(EvaluateConfig, {
    version: 1,
    kind: 'evaluate',
    title: 'against random',
    seed: 1,
    execution: { threads: 2, loaderWorkers: 0 },
    subject: { kind: 'weights', weights: '0123456789abcdef', name, encoder: trainedChoice, origin },
    evaluator: { id: 'knn', options: {} },
    train: source('train'),
    test: source('val'),
    preprocessing: { resize: null, crop: trainedSize },
    normalization: trainedNormalization,
  });
  const channel: Channel = {
    send(event, done) {
      if (event.type === 'log') logged.push(event.text);
      done(null);
    },
  };
  const port = openPort({ channel, now: Date.now });
  const subject = { subject: config.subject, checkpointFolder: checkpoints.get(name)!, config: null };
  const leftOut = openLeftOut({ runFolder: folder, inspected: [], isAccepted: false, notice: () => undefined });
  const place = { subject, cacheFolder: join(folder, 'cache'), fromStep: 0, leftOut, ifNoBetter };
  const evaluation = await openEvaluation({ port, clock: () => performance.now() }, engine, config, place);
  return (await evaluation.measure(folder))[0]!.value!;
}

it('trained weights are evaluated without a word', async () => {
  expect(await evaluated('trained', 'ask')).toBeGreaterThan(await evaluated('untrained', null));
  expect(logged).toEqual([]);
}, 60_000);

it('weights that are no better than random ones are asked about, and evaluated once that is wanted', async () => {
  await expect(evaluated('untrained', 'ask')).rejects.toMatchObject({
    fault: { code: 'weights-no-better', retry: 'resume', values: { weights: 'untrained', images: 700 } },
  });
  await evaluated('untrained', 'tell');
  expect(logged.at(-1)).toContain('Features of "untrained" are no better than random ones on 700 pictures');
}, 60_000);

test('a difference that chance makes is none', () => {
  const images = (right: number, from = 0) =>
    Uint8Array.from({ length: 1000 }, (_, at) => Number(at >= from && at < from + right));
  expect(compared(images(400), images(300))).toEqual({ images: 1000, right: 400, random: 300, isBetter: true });
  // 60 images gained and 50 lost.
  expect(compared(images(410), images(400, 60))).toMatchObject({ isBetter: false });
  expect(compared(images(300), images(400))).toMatchObject({ isBetter: false });
});
