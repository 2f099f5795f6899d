/** The loop with a tiny model: what it records, saves, survives and refuses. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError } from '../durable/fault-error.ts';
import type { StateEntry, StepPosition } from '../engine/engine.ts';
import type { TrainerEvent, TrainerEventOf } from '../protocol/events.ts';
import type { WhenNotFinite } from '../protocol/when-not-finite.ts';
import { troubledPoints, mostRollbacks } from './alarms.ts';
import { newestValid } from '../checkpoints/newest-checkpoint.ts';
import type * as pruneModule from '../checkpoints/prune-checkpoints.ts';
import type * as filesModule from '../durable/files.ts';
import { train } from './loop.ts';
import type { Ending, LoopContext, TrainingTask } from './training-task.ts';
import type { Ask } from '../channel/ask-queue.ts';
import { openPort, type Port } from '../channel/port.ts';

/** Refuses this many writes, as a full disk does; and deletions of checkpoints by a system code. */
const disk = vi.hoisted(() => ({ refusals: 0, deletions: null as string | null }));
vi.mock('../checkpoints/prune-checkpoints.ts', async (original) => {
  const { prune, ...rest } = await original<typeof pruneModule>();
  return {
    ...rest,
    prune: (...given: Parameters<typeof prune>) =>
      disk.deletions === null
        ? prune(...given)
        : Promise.reject(Object.assign(new Error('i/o error'), { code: disk.deletions })),
  };
});
vi.mock('../durable/files.ts', async (original) => {
  const files = await original<typeof filesModule>();
  return {
    ...files,
    writeFully: (...given: Parameters<typeof files.writeFully>) => {
      if (disk.refusals === 0) return files.writeFully(...given);
      disk.refusals -= 1;
      return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    },
  };
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loop-'));
  disk.refusals = 0;
  disk.deletions = null;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Scene {
  readonly events: TrainerEvent[];
  readonly port: Port;
  readonly weights: Float32Array;
  readonly course: TrainingTask;
  readonly desk: LoopContext;
}
interface Options {
  readonly attempt?: number;
  readonly steps?: number;
  readonly everySteps?: number;
  readonly keepLast?: number;
  readonly logEvery?: number;
  readonly from?: number;
  readonly alone?: boolean;
  /** Replaces the loss of a step. */
  readonly loss?: (step: number, weights: Float32Array) => number | undefined;
  /** Weights whose gradient is not finite at a step whose loss is. */
  readonly gradients?: (step: number) => readonly string[] | undefined;
  readonly std?: (step: number) => number;
  readonly tensors?: (step: number) => number;
  /** Commands by the number of steps after which they are sent. */
  readonly asks?: ReadonlyMap<number, Ask>;
  /** Figures of a step whose loss is not finite. */
  readonly terms?: Readonly<Record<string, number>>;
  readonly imagesOf?: TrainingTask['imagesOf'];
  readonly look?: TrainingTask['look'];
  readonly beforeEpoch?: TrainingTask['beforeEpoch'];
  readonly clock?: () => number;
  readonly whenNotFinite?: WhenNotFinite;
  readonly choices?: readonly WhenNotFinite[];
  /** Hears the position of every step. */
  readonly heard?: (at: StepPosition) => void;
}

/**
 * Two weights and a momentum that move by arithmetic on the step's number: any lost or repeated step changes the bits.
 */
function scene(options: Options = {}): Scene {
  const events: TrainerEvent[] = [];
  const channel = {
    send(event: TrainerEvent, done: (error: Error | null) => void) {
      events.push(event);
      if (event.type === 'checkpoint') port.hear({ type: 'recorded', step: event.step });
      done(null);
    },
  };
  const port = openPort({ channel: options.alone ? null : channel, now: () => 0 });
  port.attach({ run: 'test-run', attempt: options.attempt ?? 1, folder });
  const weights = new Float32Array([0.5, -0.25]);
  const momentum = new Float32Array(2);
  const entry = (name: string, values: Float32Array): StateEntry => ({
    name,
    shape: [values.length],
    dtype: 'float32',
    read: () => values.slice(),
    write: (next) => values.set(next),
  });
  let next = options.from ?? 0;
  let taken = next;
  const course: TrainingTask = {
    steps: options.steps ?? 30,
    stepsPerEpoch: 10,
    counters: new Map(),
    state: [entry('encoder/weight', weights), entry('optimizer/momentum', momentum)],
    rate: (step) => 0.1 / (1 + step),
    source: {
      next: () => Promise.resolve({ batch: { views: [], index: Int32Array.of(next++), targets: {} } }),
      close: () => Promise.resolve(),
    },
    run({ index }, at, wanted) {
      expect(index[0]).toBe(at.step);
      taken = at.step + 1;
      options.heard?.(at);
      const ask = options.asks?.get(taken);
      if (ask) port.hear(ask);
      const given = options.loss?.(at.step, weights);
      if (given !== undefined && !Number.isFinite(given))
        return Promise.resolve({ loss: given, metrics: options.terms ?? {} });
      const weightsNotFinite = options.gradients?.(at.step);
      if (weightsNotFinite !== undefined) return Promise.resolve({ loss: 0.75, metrics: {}, weightsNotFinite });
      for (let i = 0; i < 2; i++) {
        momentum[i] = 0.9 * momentum[i]! + Math.sin(1 + at.step + i) * weights[i]!;
        weights[i]! -= at.lr * momentum[i]!;
      }
      const std = options.std?.(at.step);
      return Promise.resolve({
        loss: given ?? weights[0]!,
        metrics: std !== undefined && wanted.metrics ? { embeddingStd: std } : {},
      });
    },
    ...(options.imagesOf ? { imagesOf: options.imagesOf } : {}),
    ...(options.look ? { look: options.look } : {}),
    ...(options.beforeEpoch ? { beforeEpoch: options.beforeEpoch } : {}),
  };
  const desk: LoopContext = {
    port,
    runFolder: folder,
    header: {
      run: 'test-run',
      attempt: options.attempt ?? 1,
      configHash: 'c',
      codeVersion: '0',
      tensorflow: '0',
      arithmetic: '0',
      threads: 1,
      instructionSet: 'x',
      seed: 1,
    },
    policy: { everySeconds: 1e9, everySteps: options.everySteps ?? 0, keepLast: options.keepLast ?? 2 },
    logEvery: options.logEvery ?? 3,
    whenNotFinite: options.whenNotFinite ?? { policy: 'skip' },
    choices: options.choices ?? [],
    tensors: () => options.tensors?.(taken) ?? 7,
    clock: options.clock ?? (() => performance.now()),
  };
  return { events, port, weights, course, desk };
}

const start = async (options: Options = {}): Promise<Scene & { readonly ending: Ending }> => {
  const made = scene(options);
  return { ...made, ending: await train(made.course, made.desk, null) };
};

async function resume(options: Options = {}): Promise<Scene & { readonly ending: Ending }> {
  const loaded = await newestValid(folder, Infinity, () => undefined);
  const made = scene({ attempt: 2, ...options, from: loaded?.manifest.step ?? 0 });
  return { ...made, ending: await train(made.course, made.desk, loaded) };
}

const of = <T extends TrainerEvent['type']>(events: readonly TrainerEvent[], type: T): readonly TrainerEventOf<T>[] =>
  events.filter((event): event is TrainerEventOf<T> => event.type === type);
const points = (events: readonly TrainerEvent[]): string[] =>
  of(events, 'metrics').flatMap((event) => event.points.map((point) => JSON.stringify(point)));
/** The points of all attempts in the run's file, which also has those that a pipe with a dead parent lost. */
const recorded = (): string[] =>
  points(
    readFileSync(join(folder, 'events.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TrainerEvent),
  );
const codes = (events: readonly TrainerEvent[]): string[] => of(events, 'log').map((event) => event.code);
/** Longer than the default: flushing a busy disk takes time. */
const isPaused = (events: readonly TrainerEvent[]): Promise<void> =>
  vi.waitFor(() => expect(of(events, 'phase').at(-1)?.phase).toBe('paused'), { timeout: 30_000 });
const bits = (values: Float32Array): string => Buffer.from(values.buffer.slice(0)).toString('hex');

describe('a run that was interrupted', () => {
  it('ends in the same bits and points as one that was not, wherever it was stopped', async () => {
    const straight = await start({ everySteps: 7 });
    const expected = recorded();
    rmSync(folder, { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 29 }), fc.constantFrom('stop', 'disconnect'), async (at, type) => {
        folder = mkdtempSync(join(tmpdir(), 'loop-'));
        const first = await start({ everySteps: 7, asks: new Map([[at, { type }]]) });
        expect(first.ending).toEqual({ why: 'asked', step: at, safeStep: at });
        const second = await resume({ everySteps: 7 });
        expect(second.ending.why).toBe('done');
        expect(bits(second.weights)).toBe(bits(straight.weights));
        expect(recorded()).toEqual(expected);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 6 },
    );
  });

  it('records the first step, every third and the last, each after the step it is numbered by', async () => {
    const { events } = await start({ steps: 10 });
    const steps = of(events, 'metrics').flatMap((event) => event.points.map((point) => point.step));
    expect([...new Set(steps)]).toEqual([1, 3, 6, 9, 10]);
  });

  it('repeats nothing when there is nothing left to do', async () => {
    await start();
    const again = await resume();
    expect(again.ending).toEqual({ why: 'done', step: 30, safeStep: 30 });
    expect(points(again.events)).toEqual([]);
  });
});

describe('commands', () => {
  it('saves on request, between two steps, and continues', async () => {
    const { events, ending } = await start({ asks: new Map([[4, { type: 'checkpointNow' }]]) });
    expect(of(events, 'checkpoint').map(({ step, reason }) => [step, reason])).toEqual([
      [4, 'asked'],
      [30, 'end'],
    ]);
    expect(ending.why).toBe('done');
  });

  it('saves before it pauses, waits, and continues with the same bits', async () => {
    const straight = await start();
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
    const made = scene({ asks: new Map([[5, { type: 'pause', when: 'now' }]]) });
    const running = train(made.course, made.desk, null);
    await isPaused(made.events);
    expect(of(made.events, 'checkpoint').map((event) => event.step)).toEqual([5]);
    made.port.hear({ type: 'resume' });
    expect((await running).why).toBe('done');
    expect(bits(made.weights)).toBe(bits(straight.weights));
  });

  it('pauses once at the end of the epoch, unless that is cancelled', async () => {
    const asks = new Map<number, Ask>([[5, { type: 'pause', when: 'epoch-end' }]]);
    const made = scene({ asks });
    const running = train(made.course, made.desk, null);
    await isPaused(made.events);
    expect(of(made.events, 'checkpoint').map((event) => event.step)).toEqual([10]);
    made.port.hear({ type: 'resume' });
    expect((await running).why).toBe('done');
    expect(of(made.events, 'phase').filter(({ phase }) => phase === 'paused')).toHaveLength(1);
    const { events } = await start({ asks: asks.set(6, { type: 'resume' }) });
    expect(of(events, 'phase').filter(({ phase }) => phase === 'paused')).toHaveLength(0);
  });

  it('deletes older checkpoints only once the newer ones are recorded', async () => {
    const { events } = await start({ everySteps: 5, keepLast: 2 });
    expect(of(events, 'checkpoint').map((event) => event.step)).toEqual([5, 10, 15, 20, 25, 30]);
    const kept = await newestValid(folder, 24, () => undefined);
    // The last one was never acknowledged: 20 is still needed.
    expect(kept?.manifest.step).toBe(20);
    expect(await newestValid(folder, 19, () => undefined)).toBeNull();
  });

  it('acknowledges its own checkpoints where there is no parent', async () => {
    await start({ everySteps: 5, keepLast: 2, alone: true });
    expect(await newestValid(folder, 19, () => undefined)).toBeNull();
    const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trim().split('\n');
    expect(lines.filter((line) => line.includes('"type":"checkpoint"'))).toHaveLength(6);
  });
});

describe('a loss that is not finite', () => {
  it('leaves the state unchanged, is a point without a value, and is reported', async () => {
    const { events, ending } = await start({ loss: (step) => (step === 11 ? Number.NaN : undefined) });
    expect(points(events)).toContain(JSON.stringify({ step: 12, name: 'loss', value: null }));
    expect(codes(events)).toEqual(['diverged']);
    expect(ending.why).toBe('done');
  });

  it('names the term that is not finite, and the images', async () => {
    const { events } = await start({
      loss: (step) => (step === 11 ? Number.NaN : undefined),
      terms: { location: Number.NaN, classes: 0.5 },
      imagesOf: () => ['a.jpg', 'b.jpg'],
    });
    expect(codes(events)).toEqual(['diverged-on-images']);
    expect(of(events, 'log').at(-1)?.values).toEqual({ terms: 'location', images: 'a.jpg, b.jpg' });
  });

  it('three times in a row, rolls back to the last checkpoint and continues with the next batch', async () => {
    const poisoned = (step: number): number | undefined => (step >= 11 && step <= 13 ? Number.NaN : undefined);
    const { events, weights, ending } = await start({ everySteps: 5, loss: poisoned });
    expect(codes(events)).toEqual(['diverged', 'diverged', 'diverged', 'rolled-back']);
    expect(of(events, 'log').at(-1)?.values).toMatchObject({ to: 10, rollbacks: 1 });
    expect(ending).toMatchObject({ why: 'done', step: 30 });
    // As if steps 11 to 14 had never been taken.
    const expected = new Float32Array([0.5, -0.25]);
    const momentum = new Float32Array(2);
    for (let step = 0; step < 30; step++) {
      if (step >= 10 && step <= 13) continue;
      for (let i = 0; i < 2; i++) {
        momentum[i] = 0.9 * momentum[i]! + Math.sin(1 + step + i) * expected[i]!;
        expected[i]! -= (0.1 / (1 + step)) * momentum[i]!;
      }
    }
    expect(bits(weights)).toBe(bits(expected));
  });

  it('goes further back each time, at most three times, and then stops to ask', async () => {
    const made = scene({ everySteps: 2, keepLast: 8, loss: (step) => (step >= 11 ? Number.NaN : undefined) });
    const fault = await train(made.course, made.desk, null).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(FaultError);
    expect((fault as FaultError).fault).toMatchObject({ code: 'diverged', retry: 'resume', values: { terms: 'loss' } });
    const rolls = of(made.events, 'log').filter((event) => event.code === 'rolled-back');
    expect(rolls).toHaveLength(mostRollbacks);
  });

  it('stops to ask at once where there is no checkpoint', async () => {
    const made = scene({ loss: () => Number.NaN });
    await expect(train(made.course, made.desk, null)).rejects.toThrow(/no checkpoint to go back to/);
  });

  it('is never saved: weights that are not finite send the run back instead', async () => {
    const made = scene({
      everySteps: 5,
      loss(step, weights) {
        if (step === 13) weights[0] = Number.POSITIVE_INFINITY;
        return undefined;
      },
    });
    await train(made.course, made.desk, null);
    expect(codes(made.events)).toContain('rolled-back');
    expect(made.weights.every(Number.isFinite)).toBe(true);
    const steps = of(made.events, 'checkpoint').map((event) => event.step);
    expect(steps).toEqual([5, 10, 20, 25, 30]);
  });
});

describe('a gradient that is not finite though the loss is', () => {
  const weights = ['head/bias', 'head/weight', 'encoder/9/weight', 'encoder/8/weight', 'encoder/7/weight'];
  const broken =
    (...steps: readonly number[]) =>
    (step: number): readonly string[] | undefined =>
      steps.includes(step) ? weights : undefined;

  it('is told at its step, with the weights nearest to the loss and the images; the batch is skipped', async () => {
    const { events, ending } = await start({ gradients: broken(11), imagesOf: () => ['a.jpg'] });
    const [told] = of(events, 'log');
    expect(told).toMatchObject({ step: 12, level: 'attention', code: 'update-not-finite-on-images' });
    expect(told?.values).toEqual({
      terms: 'head/bias, head/weight, encoder/9/weight, encoder/8/weight, …',
      images: 'a.jpg',
    });
    expect(told?.text).toContain('loss of step 12 is 0.75, but its gradient or the update is not finite (head/bias');
    expect(points(events)).toContain(JSON.stringify({ step: 12, name: 'loss', value: 0.75 }));
    expect(ending.why).toBe('done');
  });

  it.each([
    [{ policy: 'skip' }, 'rolled-back', {}],
    [{ policy: 'lower-rate' }, 'rolled-back-lower-rate', { lr: 0.5 * (0.1 / 30) }],
    [{ policy: 'clip', norm: 2 }, 'rolled-back-clip', { clipNorm: 2 }],
  ] as const)('three times in a row goes back and on by the policy: %o', async (whenNotFinite, code, last) => {
    const heard: StepPosition[] = [];
    const options = { everySteps: 5, whenNotFinite, heard: (at: StepPosition) => heard.push(at) };
    // Losses that are not finite count among them.
    const loss = (step: number) => (step === 12 ? Number.NaN : undefined);
    const { events, weights: found } = await start({ ...options, gradients: broken(11, 13), loss });
    expect(codes(events)).toEqual(['update-not-finite', 'diverged', 'update-not-finite', code]);
    expect(of(events, 'log').at(-1)?.values).toMatchObject({ to: 10, rollbacks: 1 });
    expect(heard.at(-1)).toMatchObject({ step: 29, lr: 0.1 / 30, ...last });
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
    const lost = await start({ ...options, loss: (step) => (step >= 11 && step <= 13 ? Number.NaN : undefined) });
    expect(bits(found)).toBe(bits(lost.weights));
  });

  it('stops to ask after three times, and names the weights', async () => {
    const made = scene({ everySteps: 2, keepLast: 8, gradients: (step) => (step >= 11 ? ['head/bias'] : undefined) });
    const fault = await train(made.course, made.desk, null).catch((error: unknown) => error);
    expect((fault as FaultError).fault).toMatchObject({
      code: 'diverged',
      retry: 'resume',
      values: { terms: 'head/bias' },
    });
    expect(codes(made.events).filter((code) => code === 'rolled-back')).toHaveLength(mostRollbacks);
  });
});

describe('after it went back', () => {
  /** Three steps in a row at each of these. */
  const poisonedFrom =
    (...starts: readonly number[]) =>
    (step: number): number | undefined =>
      starts.some((start) => step >= start && step < start + 3) ? Number.NaN : undefined;
  const logged = (events: readonly TrainerEvent[]) => of(events, 'log').filter(({ code }) => code !== 'diverged');
  const ratesOf = (events: readonly TrainerEvent[]): ReadonlyMap<number, number | null> =>
    new Map(
      of(events, 'metrics').flatMap(({ points: all }) =>
        all.filter(({ name }) => name === 'lr').map(({ step, value }) => [step, value] as const),
      ),
    );
  const lowered = { policy: 'lower-rate' } as const;
  const clipped = { policy: 'clip', norm: 2 } as const;

  it('goes on at half the rate, a quarter after the second time, and records the rate it takes', async () => {
    const { events } = await start({ everySteps: 5, whenNotFinite: lowered, loss: poisonedFrom(7, 17), logEvery: 1 });
    expect(logged(events).map(({ code, values }) => [code, values['to'], values['factor']])).toEqual([
      ['rolled-back-lower-rate', 5, 0.5],
      ['rolled-back-lower-rate', 15, 0.25],
    ]);
    const rates = ratesOf(events);
    expect([7, 11, 17, 21, 30].map((step) => rates.get(step)! / (0.1 / step))).toEqual([1, 0.5, 0.5, 0.25, 0.25]);
  });

  it('lowers the rate of nets at a constant one too', async () => {
    const heard: StepPosition[] = [];
    const made = scene({ everySteps: 5, whenNotFinite: lowered, loss: poisonedFrom(7), heard: (at) => heard.push(at) });
    await train({ ...made.course, peak: 4 }, made.desk, null);
    expect([heard[9]?.peak, heard[10]?.peak]).toEqual([4, 2]);
  });

  it('clips from then on, at the full rate', async () => {
    const heard: StepPosition[] = [];
    const { events } = await start({
      everySteps: 5,
      whenNotFinite: clipped,
      loss: poisonedFrom(7),
      heard: (at) => heard.push(at),
    });
    expect(logged(events).map(({ code, values }) => [code, values['norm']])).toEqual([['rolled-back-clip', 2]]);
    expect(heard.map(({ clipNorm }) => clipNorm)).toEqual([
      ...Array<undefined>(10).fill(undefined),
      ...Array<number>(20).fill(2),
    ]);
    expect(heard.at(-1)?.lr).toBe(0.1 / 30);
  });

  it.each([lowered, clipped])('ends in the same bits and points wherever it was stopped: %o', async (whenNotFinite) => {
    const options = { everySteps: 5, whenNotFinite, loss: poisonedFrom(11, 22), logEvery: 1 };
    const straight = await start(options);
    const expected = recorded();
    expect(logged(straight.events)).toHaveLength(2);
    rmSync(folder, { recursive: true });
    // A stop among the bad steps saves another state to go back to.
    for (const at of [4, 14, 17, 20, 25, 28]) {
      folder = mkdtempSync(join(tmpdir(), 'loop-'));
      await start({ ...options, asks: new Map([[at, { type: 'stop' }]]) });
      const heard: StepPosition[] = [];
      const second = await resume({ ...options, heard: (position) => heard.push(position) });
      expect(bits(second.weights)).toBe(bits(straight.weights));
      expect(recorded()).toEqual(expected);
      if (whenNotFinite.policy === 'clip') expect(heard.at(-1)?.clipNorm).toBe(2);
      rmSync(folder, { recursive: true });
    }
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
  });

  it('counts bad steps in a row across an interruption', async () => {
    const options = { everySteps: 5, loss: poisonedFrom(11) };
    await start({ ...options, asks: new Map([[13, { type: 'stop' }]]) });
    const { events } = await resume(options);
    expect(codes(events)).toEqual(['diverged', 'rolled-back']);
  });

  it('goes on after a pause by what was chosen, at once and once, with three more times to go back', async () => {
    const options = { everySteps: 4, keepLast: 8, logEvery: 1 };
    const until = (end: number) => (step: number) => (step >= 9 && step < end ? Number.NaN : undefined);
    const made = scene({ ...options, loss: until(99) });
    await expect(train(made.course, made.desk, null)).rejects.toThrow('3 rollbacks did not help');
    const from = (await newestValid(folder, Infinity, () => undefined))!.manifest.step;
    const second = await resume({
      ...options,
      loss: until(from + 3),
      choices: [lowered],
      asks: new Map([[from + 5, { type: 'stop' }]]),
    });
    expect(logged(second.events).map(({ code, values }) => [code, values['rollbacks'], values['factor']])).toEqual([
      ['chosen-lower-rate', undefined, 0.5],
      ['rolled-back-lower-rate', 1, 0.25],
    ]);
    const third = await resume({ ...options, attempt: 3, choices: [lowered] });
    expect(logged(third.events)).toEqual([]);
    expect(ratesOf(third.events).get(30)).toBe(0.25 * (0.1 / 30));
  });

  it('keeps what earlier choices changed when another follows', async () => {
    const heard: StepPosition[] = [];
    const { events } = await start({ choices: [lowered, clipped, { policy: 'skip' }], heard: (at) => heard.push(at) });
    expect(codes(events)).toEqual(['chosen-lower-rate', 'chosen-clip', 'chosen-skip']);
    expect(heard[0]).toEqual({ step: 0, lr: 0.05, clipNorm: 2 });
  });
});

describe('a full disk', () => {
  it('pauses the run, keeps the old checkpoint, and continues once there is room', async () => {
    const straight = await start();
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
    const made = scene({
      everySteps: 5,
      loss(step) {
        if (step === 9) disk.refusals = 1;
        return undefined;
      },
    });
    const running = train(made.course, made.desk, null);
    await isPaused(made.events);
    expect(codes(made.events)).toEqual(['disk-full']);
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest.step).toBe(5);
    made.port.hear({ type: 'resume' });
    expect((await running).why).toBe('done');
    expect(bits(made.weights)).toBe(bits(straight.weights));
    expect(of(made.events, 'checkpoint').map((event) => event.step)).toContain(10);
  });

  it('continues by itself, and says what was needed and what was free', { timeout: 20_000 }, async () => {
    const made = scene({
      everySteps: 5,
      loss(step) {
        if (step === 9) disk.refusals = 1;
        return undefined;
      },
    });
    expect((await train(made.course, made.desk, null)).why).toBe('done');
    const reason = of(made.events, 'phase').find((event) => event.phase === 'paused')?.reason;
    expect(reason?.values).toMatchObject({ system: 'ENOSPC', path: expect.stringContaining('checkpoints') as string });
    expect(reason?.message).toMatch(/MiB needed, [\d.]+ MiB free/);
    expect(of(made.events, 'checkpoint').map((event) => event.step)).toContain(10);
  });

  it('that refuses to delete old checkpoints keeps them, tells of it once, and trains on', async () => {
    const straight = await start({ everySteps: 5, keepLast: 1 });
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
    disk.deletions = 'EIO';
    const { events, weights } = await start({ everySteps: 5, keepLast: 1 });
    expect(codes(events)).toEqual(['checkpoints-not-deleted']);
    expect(readdirSync(join(folder, 'checkpoints')).length).toBeGreaterThan(3);
    expect(bits(weights)).toBe(bits(straight.weights));
  });

  it('stops on request with what is already saved', async () => {
    const made = scene({
      everySteps: 5,
      loss(step) {
        if (step === 9) disk.refusals = 1;
        return undefined;
      },
    });
    const running = train(made.course, made.desk, null);
    await isPaused(made.events);
    made.port.hear({ type: 'stop' });
    expect(await running).toEqual({ why: 'asked', step: 10, safeStep: 5 });
  });
});

describe('alarms', () => {
  it('suspects a collapse after five recorded points, once', async () => {
    const { events } = await start({ std: (step) => (step > 5 ? 0.05 : 0.5) });
    const logs = of(events, 'log').filter((event) => event.code === 'collapse-suspected');
    expect(logs).toHaveLength(1);
    const low = of(events, 'metrics').filter((event) => event.points.some((point) => point.value === 0.05));
    expect(logs[0]?.step).toBe(low[troubledPoints - 1]?.points[0]?.step);
  });

  it('checks every sign whose figure is recorded, each on its own side of the limit', async () => {
    const made = scene({});
    let asked = 0;
    const course: TrainingTask = {
      ...made.course,
      run: async (batch, at, wanted) => {
        asked += 1;
        const { loss } = await made.course.run(batch, at, wanted);
        const metrics = { embeddingStd: 0.9, effectiveRank: 1.2, clustersInUse: 9, codeSpread: asked > 5 ? 0.99 : 0.5 };
        return { loss, metrics: wanted.metrics ? metrics : {} };
      },
    };
    await train(course, made.desk, null);
    const codes = of(made.events, 'log').map(({ code }) => code);
    expect(codes).toEqual(['rank-lost', 'codes-alike']);
  });

  it('does not suspect one that recovers', async () => {
    const { events } = await start({ std: (step) => (step % 9 === 8 ? 0.5 : 0.05) });
    expect(codes(events)).toEqual([]);
  });

  it('reports a growing number of tensors, not temporary ones', async () => {
    const steady = await start({ steps: 320, tensors: (step) => 7 + (step % 5) });
    expect(codes(steady.events)).toEqual([]);
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'loop-'));
    const leaking = await start({ steps: 320, tensors: (step) => 7 + Math.floor(step / 50) });
    expect(codes(leaking.events)).toEqual(['tensors-growing']);
  });
});

it('includes the work before the remaining epochs in the time left', async () => {
  let now = 0;
  const { events } = await start({
    clock: () => now,
    loss: () => {
      now += 100;
      return undefined;
    },
    beforeEpoch: () => {
      now += 5000;
      return Promise.resolve();
    },
  });
  const told = of(events, 'beat').filter(({ secondsLeft }) => secondsLeft !== null);
  expect(told.length).toBeGreaterThan(5);
  for (const { step, secondsLeft } of told)
    expect(secondsLeft).toBeCloseTo(0.1 * (30 - step) + 5 * (3 - Math.ceil(step / 10)), 6);
});

describe('a check', () => {
  it('is recorded at its step, before the checkpoint, and the best is kept', async () => {
    const figures = new Map([
      [10, 60],
      [20, 80],
      [30, 70],
    ]);
    let best = 0;
    const look: TrainingTask['look'] = {
      due: (done) => done % 10 === 0,
      run(done) {
        const value = figures.get(done)!;
        const isBest = value > best;
        best = Math.max(best, value);
        return Promise.resolve({ points: { 'probe/top1': value }, best: isBest });
      },
    };
    const { events, course } = await start({ look });
    expect(of(events, 'checkpoint').map(({ step, reason }) => [step, reason])).toEqual([
      [10, 'steps'],
      [20, 'steps'],
      [30, 'end'],
    ]);
    expect(course.counters.get('bestStep')).toBe(20);
    const order = events.filter((event) => event.type === 'metrics' || event.type === 'checkpoint');
    const probe = order.findIndex((event) => event.type === 'metrics' && event.points[0]?.name === 'probe/top1');
    expect(order[probe + 1]?.type).toBe('checkpoint');
  });
});
