/** The work by which the trainer changes a run's folder, for `crash-points.ts`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { openEvents } from '../channel/event-file.ts';
import { sweep } from '../checkpoints/checkpoint-folders.ts';
import { newestValid } from '../checkpoints/newest-checkpoint.ts';
import { prune } from '../checkpoints/prune-checkpoints.ts';
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { saveCheckpoint, type Header } from '../checkpoints/write-checkpoint.ts';
import { FaultError } from '../durable/fault-error.ts';
import { bytesOf, sha256 } from '../durable/files.ts';
import { openLine } from '../durable/sealed-line.ts';
import type { Scene } from '../durable/testing/crash-points.ts';
import type { StateEntry } from '../engine/engine.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import { keyed } from '../random.ts';
import { exportEncoder } from '../weights/export.ts';

function entries(seed: number): readonly StateEntry[] {
  const shapes = [
    ['encoder/conv1/weight', [3, 3, 1, 4]],
    ['encoder/bn1/running_mean', [4]],
    ['encoder/bn1/running_var', [4]],
    ['learner/count', []],
  ] as const;
  return shapes.map(([name, shape]) => {
    const random = keyed(seed, name);
    const values = Float32Array.from({ length: shape.reduce<number>((a, b) => a * b, 1) }, () => random.normal());
    return { name, shape, dtype: 'float32', read: () => values, write: () => undefined };
  });
}

const header = (step: number): Header => ({
  run: 'test-run',
  attempt: 1,
  step,
  epoch: step / 10,
  trainedSeconds: 1.5,
  configHash: 'c',
  codeVersion: '0',
  tensorflow: '0',
  arithmetic: '0',
  threads: 1,
  instructionSet: 'x',
  seed: 3,
  counters: {},
});
const save = (folder: string, step: number) => saveCheckpoint(folder, header(step), entries(step));

/** What a resume finds: the newest checkpoint bit for bit, and every folder that it would not remove. */
async function checkpointsIn(folder: string): Promise<unknown> {
  await sweep(folder);
  const damaged: string[] = [];
  const newest = await newestValid(folder, Infinity, (_code, text) => damaged.push(text));
  return {
    step: newest?.manifest.step,
    tensors: [...(newest?.tensors ?? [])].map(([name, values]) => [name, sha256(bytesOf(values))]),
    folders: readdirSync(join(folder, 'checkpoints')).sort(),
    damaged,
  };
}

const event = (sequence: number, body: object): TrainerEvent =>
  ({ run: 'test-run', attempt: 1, sequence, at: 1000 + sequence, ...body }) as TrainerEvent;
const point = (step: number): object => ({ type: 'metrics', points: [{ step, name: 'loss', value: 1 / step }] });

const end = { type: 'stopped', why: 'done', step: 2, safeStep: null };

function append(folder: string, events: readonly TrainerEvent[]): void {
  const opened = openEvents(join(folder, 'events.ndjson'), 1);
  try {
    for (const one of events) opened.events.append(one);
    const { trouble } = opened.events;
    if (trouble !== null) throw new FaultError(trouble.code, trouble.message, trouble.values, trouble);
  } finally {
    opened.events.close();
  }
}

/** Sequences of the events that a replay would believe. The last line may be torn, no other. */
function eventsIn(folder: string): readonly number[] {
  if (!existsSync(join(folder, 'events.ndjson'))) return [];
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(openLine(line) ?? '"damaged"') as { sequence: number }).sequence);
}

const about = { program: 'Reprise' };
const exported =
  (format: 'safetensors' | 'pth'): Scene['act'] =>
  async (folder) => {
    const loaded = await readCheckpoint(join(folder, 'checkpoints', '000004'));
    await exportEncoder(loaded, 'encoder', join(folder, `encoder.${format}`), format, about);
  };
/** A file of that name is whole, or is not there. */
const fileOf = (name: string) => (folder: string) =>
  readdirSync(folder).includes(name) ? sha256(readFileSync(join(folder, name))) : null;

export const trainerScenes: readonly Scene[] = [
  {
    name: 'a save',
    prepare: (folder) => save(folder, 4).then(() => undefined),
    act: (folder) => save(folder, 8).then(() => undefined),
    read: checkpointsIn,
  },
  {
    name: 'a first save',
    prepare: () => undefined,
    act: (folder) => save(folder, 4).then(() => undefined),
    read: checkpointsIn,
  },
  {
    name: 'an event that is acknowledged',
    prepare: (folder) => append(folder, [event(1, point(1))]),
    act: (folder) => append(folder, [event(2, point(2)), event(3, end)]),
    // A point between is kept or not, as the system likes: it is flushed with what comes after it.
    read: (folder) => eventsIn(folder).filter((sequence) => sequence !== 2),
  },
  {
    name: 'a first event',
    prepare: () => undefined,
    act: (folder) => append(folder, [event(1, end)]),
    read: eventsIn,
  },
  {
    name: 'deleting an older checkpoint',
    prepare: async (folder) => {
      for (const step of [2, 4, 6, 8]) await save(folder, step);
    },
    act: async (folder) => {
      await prune(folder, 8, { keepLast: 3, best: null, final: null }, new Set());
    },
    read: checkpointsIn,
    // What a power cut brings back is deleted after the next save.
    lasts: false,
  },
  ...(['safetensors', 'pth'] as const).map((format) => ({
    name: `an export as ${format}`,
    prepare: (folder: string) => save(folder, 4).then(() => undefined),
    act: exported(format),
    read: fileOf(`encoder.${format}`),
  })),
];

/** For a process of its own, that is killed: `node disk-scenes.ts NAME FOLDER`. */
const [, program, name, folder] = process.argv;
if (program === import.meta.filename && folder !== undefined)
  await trainerScenes.find((scene) => scene.name === name)?.act(folder);
