/** Unit tests of the workstation's pure parts. */
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { PlannedRun } from '../../../trainer/protocol/plan.ts';
import { completeChoice } from '../drafts/check-config.ts';
import { evenly } from '../data/thumbnails.ts';
import { fittingEvaluators } from '../data/evaluator-fit.ts';
import { calibrationKey } from '../drafts/calibration-key.ts';
import { diskNeeded } from '../drafts/resource-needs.ts';
import { stepsOf } from '../drafts/step-count.ts';
import { deviceOf } from '../machine/gpu-watch.ts';
import { livenessOf } from '../trainer/liveness.ts';
import { inDependencyOrder } from '../plans/plan-order.ts';
import { withData, withSubject } from '../plans/planned-config.ts';
import { comparePresets, setPath } from '../drafts/presets.ts';
import { preprocessingFor } from '../drafts/preprocessing.ts';
import { newRunId } from '../runs/run-id.ts';
import { signatureOf } from '../data/signature.ts';
import { dataName } from './subjects.ts';
import { catalogue, evaluation, pretrain, smallPreset } from '../testing/bench.ts';
import { throttle } from '../trainer/throttle.ts';
import { exitFault, type TrainerExit } from '../trainer/trainer-exit.ts';

afterEach(() => vi.useRealTimers());

const exit: TrainerExit = { code: null, signal: null, sent: null, tail: '', memoryKills: 0, memoryBytes: 3 * 2 ** 20 };

test('the end of a process is attributed to its cause', () => {
  expect(exitFault({ ...exit, signal: 'SIGKILL', sent: 'SIGKILL' })).toBeNull();
  expect(exitFault({ ...exit, signal: 'SIGKILL', memoryKills: 1 })).toMatchObject({
    code: 'out-of-memory',
    retry: 'smaller-batch',
  });
  expect(exitFault({ ...exit, signal: 'SIGKILL', memoryKills: 1 })?.message).toContain('3 MiB');
  // If the kernel's counter cannot be read, memory is the likeliest cause.
  expect(exitFault({ ...exit, signal: 'SIGKILL', memoryKills: null })?.code).toBe('out-of-memory');
  expect(exitFault({ ...exit, signal: 'SIGKILL' })).toMatchObject({ code: 'trainer-died', retry: 'resume' });
  expect(exitFault({ ...exit, signal: 'SIGABRT', tail: 'terminate called: std::bad_alloc' })?.code).toBe(
    'out-of-memory',
  );
  expect(exitFault({ ...exit, code: 1, tail: 'Cannot find module koffi' })?.code).toBe('library-missing');
  expect(exitFault({ ...exit, code: 3 })?.message).toContain('exit code 3');
  const hint =
    'oneDNN custom operations are on. To turn them off, set the environment variable `TF_ENABLE_ONEDNN_OPTS=0`.';
  const logged = [
    `I0000 00:00:1796035864.936287   28743 port.cc:153] ${hint}`,
    // The beginning of the line was cut off, or another line runs into it.
    hint,
    `Reading I0000 00:00:1796035864.936287   28743 port.cc:153] TensorFlow`,
    'To enable the following instructions: AVX2, in other operations, rebuild TensorFlow.',
  ];
  expect(exitFault({ ...exit, signal: 'SIGSEGV', tail: logged.join('\n') })?.values).toEqual({ how: 'SIGSEGV' });
});

test('late is slow, twice late is silent, paused is neither', () => {
  expect(livenessOf('training', 100, 100)).toBe('alive');
  expect(livenessOf('training', 101, 100)).toBe('slow');
  expect(livenessOf('training', 201, 100)).toBe('silent');
  expect(livenessOf('paused', 1e9, 100)).toBe('alive');
});

test('a throttle sends at once, then the newest, and never loses the last', () => {
  vi.useFakeTimers();
  const sent: number[] = [];
  const send = throttle<number>(100, (value) => sent.push(value));
  for (let value = 0; value < 10; value += 1) send(value);
  expect(sent).toEqual([0]);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([0, 9]);
  send(10);
  send.flush();
  expect(sent).toEqual([0, 9, 10]);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([0, 9, 10]);
});

test('thumbnails are spread over the whole split, without repeating one', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 500 }), (total, count) => {
      const places = evenly(total, count);
      expect(places).toHaveLength(Math.min(total, count));
      expect(new Set(places).size).toBe(places.length);
      for (const place of places) expect(place >= 0 && place < total).toBe(true);
    }),
  );
});

test('a path sets existing fields and never the prototype', () => {
  const config: Record<string, unknown> = { views: [{ blur: 0 }], batch: 1 };
  setPath(config, ['views', '0', 'blur'], 0.5);
  setPath(config, ['optimizer', 'options', 'rate'], 1);
  expect(config).toEqual({ views: [{ blur: 0.5 }], batch: 1, optimizer: { options: { rate: 1 } } });
  expect(() => setPath(config, ['__proto__', 'polluted'], 1)).toThrow('is not a configuration path');
  expect(() => setPath(config, ['a', 'constructor', 'b'], 1)).toThrow('is not a configuration path');
  expect(() => setPath(config, ['batch', 'x'], 1)).toThrow('"batch" is a value');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('options are completed, checked against their bounds, and unknown ones named', () => {
  const option = { key: 'k', kind: 'integer' as const, default: 20, minimum: 1, maximum: 200, comparable: true };
  const known = [{ id: 'knn', title: 'k-NN', options: [option] }];
  expect(completeChoice({ id: 'knn', options: {} }, known, 'evaluator')).toEqual({ id: 'knn', options: { k: 20 } });
  for (const [value, words] of [
    [0, 'below 1'],
    [201, 'above 200'],
    [1.5, 'not a whole number'],
    ['5', 'not a number'],
  ] as const)
    expect(() => completeChoice({ id: 'knn', options: { k: value } }, known, 'evaluator')).toThrow(words);
  expect(() => completeChoice({ id: 'knn', options: { kk: 1 } }, known, 'evaluator')).toThrow(
    'has no option "kk". Known: k',
  );
});

test('an option that works with another alone is refused without it', () => {
  const option = (key: string, value: string | boolean) => ({
    key,
    kind: 'text' as const,
    default: value,
    comparable: true,
  });
  const needs = { option: 'inputs', is: 'features' };
  const options = [option('inputs', 'images'), { ...option('standardize', false), kind: 'boolean' as const, needs }];
  const completed = (given: Readonly<Record<string, string | boolean>>) =>
    completeChoice({ id: 'linear', options: given }, [{ id: 'linear', title: '', options }], 'evaluator').options;
  expect(completed({})).toEqual({ inputs: 'images', standardize: false });
  expect(completed({ inputs: 'features', standardize: true })).toEqual({ inputs: 'features', standardize: true });
  expect(() => completed({ standardize: true })).toThrow('true needs "inputs" to be "features"');
});

test('what costs the same has one key: seeds, lengths and rates do not count, threads and batch do', () => {
  const one = pretrain('a');
  if (one.kind !== 'pretrain') throw new Error('kind');
  const key = calibrationKey(one, null);
  expect(calibrationKey({ ...one, seed: 9, epochs: 77, title: 'b', logEvery: 3 }, null)).toBe(key);
  expect(calibrationKey({ ...one, batch: 50 }, null)).not.toBe(key);
  expect(calibrationKey({ ...one, execution: { ...one.execution, threads: 2 } }, null)).not.toBe(key);
  const random = {
    ...evaluation('x', null),
    subject: { kind: 'random' as const, encoder: one.encoders[0], seed: 1 },
  } as Parameters<typeof calibrationKey>[0];
  expect(calibrationKey(evaluation('x', 'some-run'), one)).toBe(calibrationKey(random, null));
});

test('steps and disk as the trainer counts them', () => {
  const config = pretrain('a');
  if (config.kind !== 'pretrain') throw new Error('kind');
  expect(stepsOf({ ...config, batch: 256, epochs: 3.2 }, 60_000)).toBe(749);
  expect(stepsOf({ ...config, batch: 256, epochs: 1, dropLast: false }, 60_000)).toBe(235);
  expect(stepsOf({ ...config, epochs: 0.001 }, 1000)).toBe(1);
  expect(diskNeeded(100, 3)).toBe(440);
});

test('planned names become folders and ids; runs come after those they evaluate', () => {
  const planned = (key: string, config: PlannedRun['config']): PlannedRun => ({ key, role: 'main', config });
  const [measure, train] = [planned('m', evaluation('m', 'train', '$d')), planned('train', pretrain('t', '$d'))];
  expect(inDependencyOrder([measure, train]).map((run) => run.key)).toEqual(['train', 'm']);
  expect(() => inDependencyOrder([measure])).toThrow('m wait for each other');
  const found = new Map([['d', { path: '/here', fingerprint: 'f' }]]);
  expect(withData(measure.config, found)).toMatchObject({
    train: { path: '/here', fingerprint: 'f' },
    test: { path: '/here' },
  });
  expect(withSubject(measure.config, new Map([['train', 'id-of-run']]))).toMatchObject({
    subject: { run: 'id-of-run' },
  });
  expect(() => withSubject(measure.config, new Map())).toThrow('"train"');
});

test('presets differ where a value differs or is missing', () => {
  const other = {
    ...smallPreset,
    values: smallPreset.values
      .filter((one) => one.path !== 'batch')
      .map((one) => (one.path === 'epochs' ? { ...one, value: 3 } : one)),
  };
  expect(comparePresets(smallPreset, other).map((one) => [one.path, one.left, one.right])).toEqual([
    ['batch', 100, null],
    ['epochs', 2, 3],
  ]);
  expect(comparePresets(smallPreset, smallPreset)).toEqual([]);
});

test('pictures of the right size are not resized; others keep the proportion of 256 to 224', () => {
  const inspection = { smallest: [28, 28], largest: [28, 28] } as unknown as Parameters<typeof preprocessingFor>[1];
  expect(preprocessingFor(28, inspection)).toMatchObject({ resize: null, crop: 28 });
  expect(preprocessingFor(224, inspection)).toMatchObject({ resize: 256, crop: 224 });
});

test('a signature notices a new file, a longer one, a touched one and a missing folder, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-signature-'));
  try {
    mkdirSync(join(folder, 'train', 'cat'), { recursive: true });
    writeFileSync(join(folder, 'train', 'cat', '1.jpg'), 'x');
    const first = await signatureOf(folder);
    expect(await signatureOf(folder)).toBe(first);
    writeFileSync(join(folder, 'train', 'cat', '2.jpg'), 'x');
    const second = await signatureOf(folder);
    expect(second).not.toBe(first);
    writeFileSync(join(folder, 'train', 'cat', '2.jpg'), 'xy');
    const third = await signatureOf(folder);
    expect(third).not.toBe(second);
    utimesSync(join(folder, 'train', 'cat', '2.jpg'), 1, 1);
    expect(await signatureOf(folder)).not.toBe(third);
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(await signatureOf(folder)).toBeNull();
});

test('a data set without images fits no evaluator, and does not cause an error in a list', () => {
  const empty = { severalClasses: true, splits: [] } as unknown as Inspection;
  expect(fittingEvaluators(empty, catalogue as Catalogue)).toEqual([]);
});

test('a data set is called as its papers call it, and a removed one is not taken for all of what its reader reads', () => {
  const source = { dataset: 'imagenet', fingerprint: '0123456789abcdef' };
  expect(dataName(source, new Map([[source.fingerprint, 'ImageNet 100_classes']]))).toBe('imagenet-100-classes');
  expect(dataName(source, new Map())).toBe('imagenet 01234567');
});

test('nvidia-smi: missing values are unknown, not zero', () => {
  expect(deviceOf('0, NVIDIA H100, 12, 1024, 81559, 41, 98.5')).toMatchObject({
    id: 'gpu:0',
    usePercent: { value: 12 },
    memoryUsedBytes: { value: 2 ** 30 },
    powerWatts: { value: 98.5 },
  });
  expect(deviceOf('0, GPU, [N/A], 1, 2, [Not Supported], ')).toMatchObject({
    usePercent: { value: null },
    temperatureCelsius: { value: null },
    powerWatts: { value: null },
  });
  expect(deviceOf('No devices were found')).toBeNull();
});

test('run ids are ids, sort by time and do not clash', () => {
  const ids = Array.from({ length: 100 }, () => newRunId(new Date('2026-03-01T12:34:56Z')));
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^20260301-123456-[0-9a-f]{6}$/);
  expect(newRunId(new Date('2026-03-01T12:34:57Z')) > (ids[0] ?? '')).toBe(true);
});
