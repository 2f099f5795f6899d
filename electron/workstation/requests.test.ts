/**
 * Every request's schema against arguments no honest window sends, and a real workstation's answers to the oddest that
 * pass.
 */
import fc from 'fast-check';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Precision } from '../../trainer/protocol/run.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { requestNames, type Requests } from '../api/requests.ts';
import { createTerminalDesktop } from '../terminal/desktop.ts';
import type { Handlers } from './requests.ts';
import { h100, withDriver } from './testing/driver.ts';
import { createBench, pretrain, until, type Bench } from './testing/bench.ts';
import type { Workstation } from './workstation.ts';

let bench: Bench;
let workstation: Workstation;
let handlers: Handlers;
beforeAll(async () => {
  bench = createBench();
  workstation = await bench.open({ drain: 'own' });
  handlers = workstation.handlers;
});
afterAll(() => bench.remove());

/** With a driver, and TensorFlow's build for GPUs inside the program. */
async function withGpu(test: (answer: (script: string) => void) => Promise<void>): Promise<void> {
  mkdirSync(join(bench.runtime, 'nvidia'), { recursive: true });
  await withDriver(bench.runtime, test);
}

const isMeasuring = (job: unknown): boolean =>
  v.is(v.object({ kind: v.literal('precisions'), ended: v.literal(true) }), job);

const accepts = (name: keyof Requests, args: unknown): boolean => v.safeParse(handlers[name].args, args).success;

const takesNothing = () => requestNames.filter((name) => accepts(name, []));

test('a request always takes arguments or never does', () => {
  expect(takesNothing().sort()).toEqual(
    (
      [
        ...[
          'about',
          'checkForUpdates',
          'chooseHome',
          'licences',
          'updates',
          'catalogue',
          'presets',
          'runs',
          'runColumns',
          'interrupted',
          'progress',
          'plans',
        ],
        ...['datasets', 'recordsHeld', 'tryRecordsAgain', 'fastestExecution', 'queue'],
        ...[
          'weights',
          'referenceCurves',
          'knownData',
          'chooseFolder',
          'writeSampleSet',
          'cancelJob',
          'cancelContentsCheck',
          'reports',
          'hardware',
          'doctor',
          'gpuBuild',
          'tryGpuBuild',
          'removeGpuBuild',
        ],
      ] as (keyof Requests)[]
    ).sort(),
  );
});

test('nothing but a list of the right length gets through, whatever it holds', () => {
  const strange = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
    fc.array(fc.anything(), { maxLength: 5 }),
    fc.constantFrom({ length: 1, 0: 'x' }, '../../etc/passwd', ['__proto__'], [['a']], [Symbol.iterator]),
  );
  const empty = takesNothing();
  fc.assert(
    fc.property(fc.constantFrom(...requestNames), strange, (name, args) => {
      // Never throws: a schema that does would take the channel down with it.
      const passed = accepts(name, args);
      if (passed) {
        expect(Array.isArray(args)).toBe(true);
        // What may be left out may be said to be absent.
        const given = (args as readonly unknown[]).filter((one) => one !== undefined);
        if (empty.includes(name)) expect(given).toHaveLength(0);
        else expect(args).not.toHaveLength(0);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('a run is named by an id and nothing else: no path, no blank, no number', () => {
  const named = ['run', 'continueRun', 'resumeRun', 'checkpointNow', 'discardRun', 'deleteRun', 'undoDelete'] as const;
  for (const name of named) {
    expect(accepts(name, ['20260101-120000-abcdef'])).toBe(true);
    for (const bad of ['', '../..', 'a/b', 'UPPER-CASE', 'a\0bc', 'x'.repeat(81), ' 2026', '.tmp-x', 7, null, {}, []])
      expect(accepts(name, [bad]), `${name} ${JSON.stringify(bad)}`).toBe(false);
    expect(accepts(name, ['20260101-120000-abcdef', 'more'])).toBe(false);
  }
  expect(accepts('pauseRun', ['20260101-120000-abcdef', 'epoch-end'])).toBe(true);
  expect(accepts('pauseRun', ['20260101-120000-abcdef', 'later'])).toBe(false);
});

test('numbers are bounded, texts too', () => {
  const id = '20260101-120000-abcdef';
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity, 1e9, '5'])
    expect(accepts('metric', [id, 'loss', bad])).toBe(false);
  expect(accepts('noteRun', [id, 'x'.repeat(20_001)])).toBe(false);
  expect(accepts('renameRun', [id, ''])).toBe(false);
  for (const bad of ['', 'a\0b', 'x'.repeat(4097)]) {
    expect(accepts('inspect', [bad, false])).toBe(false);
    expect(accepts('importRun', [bad])).toBe(false);
  }
  for (const bad of ['http://arxiv.org', 'file:///etc/passwd', 'javascript:1', ''])
    expect(accepts('openLink', [bad])).toBe(false);
  expect(accepts('startPlan', ['../plan'])).toBe(false);
  expect(accepts('exportReport', [{ kind: 'plan', plan: 'first' }, [], 'en'])).toBe(false);
  expect(accepts('compare', [{ kind: 'runs', runs: ['../x'] }])).toBe(false);
});

test('a question about pictures has a filter, a place and a draw within bounds', () => {
  const all = { split: null, class: null, among: { kind: 'all' } };
  expect(accepts('pictures', ['f0', all, 0, 60])).toBe(true);
  for (const [from, count] of [
    [-1, 60],
    [0.5, 60],
    [2 ** 40, 60],
    [0, 0],
    [0, 201],
    [0, '60'],
  ])
    expect(accepts('pictures', ['f0', all, from, count]), `${String(from)} ${String(count)}`).toBe(false);
  const names = (count: number) => Array.from({ length: count }, (_, at) => `${at}.png`);
  expect(accepts('picture', ['f0', { ...all, among: { kind: 'named', names: names(100) } }, 0])).toBe(true);
  for (const bad of [
    { ...all, split: '' },
    { ...all, class: -1 },
    { ...all, among: { kind: 'all', names: names(1) } },
    { ...all, among: { kind: 'named', names: [] } },
    { ...all, among: { kind: 'named', names: names(101) } },
    { ...all, path: '/etc/passwd' },
    null,
  ])
    for (const name of ['picture', 'showPicture'] as const)
      expect(accepts(name, ['f0', bad, 0]), JSON.stringify(bad)).toBe(false);
  const view = { size: 32, cropArea: [0.2, 1] };
  const draw = { views: [view, view], seed: 1, epoch: 0 };
  expect(accepts('augmentedViews', ['f0', all, 0, draw])).toBe(true);
  for (const bad of [
    { ...draw, views: [] },
    { ...draw, views: Array.from({ length: 17 }, () => view) },
    { ...draw, views: [{ ...view, size: 100_000 }] },
    { ...draw, seed: -1 },
    { ...draw, epoch: 1.5 },
    { ...draw, resizing: 'pillow-14' },
  ])
    expect(accepts('augmentedViews', ['f0', all, 0, bad]), JSON.stringify(bad)).toBe(false);
});

test('a configuration with one field more or one value out of range is refused', () => {
  const good = pretrain('x') as unknown as Record<string, unknown>;
  expect(accepts('createRun', [good])).toBe(true);
  const broken: readonly Record<string, unknown>[] = [
    { ...good, extra: 1 },
    { ...good, seed: -1 },
    { ...good, batch: 1 },
    { ...good, epochs: 0 },
    { ...good, views: [] },
    { ...good, version: 2 },
    { ...good, kind: 'format-disk' },
    { ...good, execution: { threads: 0 } },
    { ...good, title: '' },
    { ...good, method: { id: 'vicreg', options: { variance: { $where: 1 } } } },
  ];
  for (const config of broken) expect(accepts('createRun', [config])).toBe(false);
});

test('what passes its schema is answered or refused with a fault, never with anything else', async () => {
  const ids = fc.constantFrom('20260101-120000-abcdef', 'none', 'constructor', 'tostring');
  const calls: readonly fc.Arbitrary<readonly [keyof Requests, readonly unknown[]]>[] = [
    fc.tuple(
      fc.constantFrom(
        'run',
        'continueRun',
        'resumeRun',
        'checkpointNow',
        'discardRun',
        'deleteRun',
        'undoDelete' as const,
      ),
      ids.map((id) => [id]),
    ),
    fc.tuple(
      fc.constant('pauseRun'),
      ids.map((id) => [id, 'epoch-end']),
    ),
    fc.tuple(fc.constantFrom('startPlan', 'pausePlan'), fc.constantFrom(['none'], ['constructor'])),
    fc.tuple(
      fc.constant('inspect'),
      fc.constantFrom(['/no/such/folder', true], ['/proc/self/mem', false], ['.\n', false]),
    ),
    fc.tuple(fc.constant('importRun'), fc.constantFrom(['/'], ['/no/such'], ['relative'])),
    fc.tuple(
      fc.constant('draftRun'),
      fc.tuple(fc.constantFrom('small', 'none'), fc.constantFrom('f0', 'none'), fc.nat()),
    ),
    fc.tuple(fc.constant('openReport'), fc.constantFrom(['none', 'html'])),
    fc.tuple(
      fc.constant('metric'),
      ids.map((id) => [id, 'loss', 10]),
    ),
    fc.tuple(fc.constant('comparePresets'), fc.constantFrom(['small', 'small'], ['small', 'none'])),
    fc.tuple(
      fc.constant('showInFolder'),
      fc.constantFrom([{ kind: 'run', id: '../..' }], [{ kind: 'dataset', id: 'none' }]),
    ),
  ] as never;
  await fc.assert(
    fc.asyncProperty(fc.oneof(...calls), async ([name, args]) => {
      const handler = handlers[name] as unknown as {
        args: v.GenericSchema;
        answer: (...args: readonly unknown[]) => unknown;
      };
      const parsed = v.safeParse(handler.args, args);
      if (!parsed.success) return;
      const failure = await Promise.resolve()
        .then(() => handler.answer(...args))
        .then(
          () => null,
          (error: unknown) => error,
        );
      if (failure !== null) {
        expect(failure, `${name} ${JSON.stringify(args)}`).toBeInstanceOf(FaultError);
        expect((failure as FaultError).fault.code).not.toBe('internal');
      }
    }),
    { numRuns: 120 },
  );
}, 120_000);

test('a workspace that is open for reading refuses what would change it and answers the rest', async () => {
  const reader = await bench.open({ write: false });
  expect(await reader.handlers.runs.answer()).toEqual([]);
  const create = () => Promise.resolve().then(() => reader.handlers.createRun.answer(pretrain('x')));
  await expect(create()).rejects.toMatchObject({ fault: { code: 'locked' } });
  await expect(bench.open()).rejects.toMatchObject({ fault: { code: 'locked' } });
  await reader.close('safely');
});

test('an inspection that was not made here cannot be added; a cancelled one is told as that', async () => {
  const folder = `${bench.runtime}/data/fashion-mnist`;
  const inspection = await handlers.inspect.answer(folder, false);
  expect([inspection.contents, (await handlers.inspect.answer(folder, true)).contents]).toEqual(['listed', 'checked']);
  const forged = { ...inspection, fingerprint: 'f1', path: '/etc' };
  await expect(Promise.resolve().then(() => handlers.addDataset.answer(forged, 'x'))).rejects.toMatchObject({
    fault: { code: 'unknown-id' },
  });
  expect(await handlers.addDataset.answer(inspection, 'Mine')).toMatchObject({
    state: 'ready',
    name: 'Mine',
    builtIn: true,
  });
  mkdirSync(`${bench.runtime}/slow`);
  // While its program is still loading, and in the middle of the scan.
  for (const phase of ['loading', 'scanning']) {
    bench.pushed.length = 0;
    const scan = Promise.resolve(handlers.inspect.answer(`${bench.runtime}/slow`, false));
    const told = expect(scan).rejects.toMatchObject({ fault: { code: 'cancelled' } });
    await until(
      () => bench.pushed.some(({ values }) => (values[0] as { phase?: string }).phase === phase),
      phase,
      40_000,
    );
    void handlers.cancelJob.answer();
    await told;
    expect(bench.pushed.at(-1)?.values[0]).toMatchObject({ kind: 'inspect', ended: true });
  }
}, 120_000);

test('a draft takes what the data set says: split, channels, fingerprint', async () => {
  const config = await handlers.draftRun.answer('small', 'f0', 7);
  expect(config).toMatchObject({
    kind: 'pretrain',
    seed: 7,
    preset: 'small',
    resizing: 'pillow-13',
    title: 'VICREG small · Mine',
    data: { split: 'train', fingerprint: 'f0' },
    // Three-channel statistics on grey pictures: their mean.
    normalization: { mean: [0.5], std: [expect.closeTo(0.3, 10)] },
    encoders: [{ id: 'resnet-18', options: { width: 16 } }],
  });
  const estimate = await handlers.estimate.answer(config);
  expect(estimate).toMatchObject({ steps: 20, basis: 'none', seconds: null });
  await handlers.calibrate.answer(config);
  // 2 s to load and 20 steps of 0.5 s; 500 bytes per checkpoint, three kept and one being written, plus a tenth.
  expect(await handlers.estimate.answer({ ...config, seed: 8, logEvery: 3 })).toMatchObject({
    basis: 'measured',
    seconds: 12,
    secondsSpread: expect.closeTo(0.2, 10) as number,
    diskBytes: 2200,
    memoryBytes: 1000,
  });
});

test('a configuration without a version of resizing keeps the order of its time, written out', async () => {
  const config = pretrain('steps=1');
  expect(config).not.toHaveProperty('resizing');
  const run = await handlers.createRun.answer(config);
  expect((await handlers.run.answer(run)).config.resizing).toBe('pillow-12.1');
});

test('a batch is cut into equal parts or refused before anything starts, with the reason', async () => {
  const config = pretrain('parts');
  if (config.kind !== 'pretrain') throw new Error('kind');
  const estimate = (execution: Partial<typeof config.execution>, dropLast = true) =>
    handlers.estimate.answer({ ...config, batch: 48, dropLast, execution: { ...config.execution, ...execution } });
  expect(await estimate({ chunk: 16 })).toBeTruthy();
  await expect(estimate({ chunk: 32 })).rejects.toThrow('32: it does not divide the batch of 48');
  await expect(estimate({ chunk: 16 }, false)).rejects.toThrow('the last batch of an epoch is smaller');
  await expect(estimate({ chunk: 16, engine: 'eager' })).rejects.toThrow('the eager engine takes whole batches');
});

test('settings last, and the doctor and the hardware answer with sources', async () => {
  const { settings } = await handlers.about.answer();
  await handlers.changeSettings.answer({ ...settings, threads: 3, language: 'zh' });
  expect((await handlers.about.answer()).settings).toMatchObject({ threads: 3, language: 'zh' });
  const report = await handlers.doctor.answer();
  expect(report.checks.map((check) => check.id)).toEqual([
    ...['runtime', 'tensorflow', 'device', 'processor', 'gpu', 'disk', 'memory', 'display', 'sandbox'],
    ...['database', 'data'],
  ]);
  expect(report.checks.find((check) => check.id === 'sandbox')).toMatchObject({ state: 'ok' });
  expect(report.checks.find((check) => check.id === 'disk')?.values['bytesPerSecond']).toBeGreaterThan(0);
  const { devices, diskFreeBytes } = await handlers.hardware.answer();
  expect(devices[0]).toMatchObject({ id: 'cpu', kind: 'cpu', powerWatts: { value: null } });
  expect(devices[0]?.usePercent.value).toBeGreaterThanOrEqual(0);
  expect(diskFreeBytes.value).toBeGreaterThan(0);
});

test('the doctor says that the window has no sandbox, why, and what to do', async () => {
  const terminal = (flags: string) =>
    createTerminalDesktop({
      window: { program: '/', words: [] },
      home: '/',
      print: () => undefined,
      env: { REPRISE_ELECTRON_FLAGS: flags },
    });
  const desktop = terminal('--no-sandbox --ozone-platform=wayland');
  const other = createBench();
  const { handlers: unprotected } = await other.open({ desktop });
  const row = (await unprotected.doctor.answer()).checks.find((check) => check.id === 'sandbox');
  await other.remove();
  expect(row?.state).toBe('attention');
  expect(row?.text).toMatch(
    /without Chromium’s sandbox.*because (the program runs as root.*ordinary user|this system)/,
  );
  // Every flag but that one leaves it on.
  expect(terminal('--ozone-platform=wayland').isSandboxed).toBe(true);
});

test('the doctor multiplies on the GPU the driver names, and says what is wrong with one that cannot be asked', async () => {
  const checks = async () => new Map((await handlers.doctor.answer()).checks.map((check) => [check.id, check]));
  await withGpu(async (answer) => {
    answer(`echo ${h100(0)}; echo ${h100(1)}`);
    const found = await checks();
    expect(found.get('device')).toMatchObject({ state: 'ok', values: { executedOn: 'GPU:0', times: 5 } });
    expect(found.get('gpu')).toMatchObject({ state: 'ok', values: { count: 2 } });
    expect(found.get('gpu')?.text).toContain('TensorFlow computes on it');
    expect(found.get('driver')).toMatchObject({ state: 'ok', values: { driver: '580.65.06', capability: '9.0' } });

    answer(`echo ${h100(0, '550.54.15')}`);
    const old = await checks();
    expect(old.get('gpu')?.state).toBe('ok');
    expect(old.get('driver')).toMatchObject({ state: 'attention', values: { driver: '550.54.15', least: '555' } });

    answer('echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9');
    const broken = await checks();
    expect(broken.get('device')).toMatchObject({ state: 'ok', values: { executedOn: 'CPU:0' } });
    expect(broken.has('driver')).toBe(false);
    expect(broken.get('gpu')?.state).toBe('attention');
    expect(broken.get('gpu')?.text).toContain("couldn't communicate with the NVIDIA driver");
  });
});

test('an estimate for a GPU counts the memory of the card and says what its driver may lack', async () => {
  const { execution, ...draft } = await handlers.draftRun.answer('small', 'f0', 1);
  const on = (device: string, precision: Precision = 'float32') =>
    handlers.estimate.answer({ ...draft, execution: { ...execution, device, precision } });
  await withGpu(async (answer) => {
    answer(`echo ${h100(0, '550.54.15')}; echo 1, GPU-1, NVIDIA GB10, 12.1, 580.95.05, [N/A], [N/A]`);
    const first = await on('gpu:0', 'tf32');
    expect(first.memoryFreeBytes).toBe((81559 - 4) * 2 ** 20);
    expect(first.warnings.map(({ code }) => code)).toContain('old-driver');
    const second = await on('gpu:1');
    expect(second.memoryFreeBytes).toBeNull();
    expect(second.warnings.map(({ code }) => code)).toContain('unmeasured-gpu');
    const { warnings } = await on('cpu');
    expect(warnings.filter(({ code }) => code === 'old-driver' || code === 'unmeasured-gpu')).toEqual([]);
  });
  await expect(on('cpu', 'tf32')).rejects.toThrow('choose one of float32, bfloat16, float16');
  const alone = { ...draft, execution: { ...execution, loaderWorkers: 0 } };
  await expect(handlers.estimate.answer(alone)).rejects.toThrow(
    'execution.loaderWorkers 0: a run needs 1 decoding worker at least',
  );
});

test('a new run computes where and in what a step was measured to be fastest, and the measuring is done once', async () => {
  const drafted = async () => (await handlers.draftRun.answer('small', 'f0', 1)).execution;
  /** A draft waits for nothing to be measured; once it is, it has what the machine is fastest in. */
  const placed = async () => {
    const fastest = await handlers.fastestExecution.answer();
    expect(await drafted()).toEqual(fastest);
    return fastest;
  };
  const measured = () => bench.pushed.filter(({ name, values }) => name === 'job' && isMeasuring(values[0])).length;
  // This processor emulates the narrow types, or has no kernel for them.
  expect(await placed()).toMatchObject({ device: 'cpu', precision: 'float32' });
  expect(await handlers.precisions.answer('cpu')).toMatchObject({
    preferred: 'float32',
    leastGain: 1.2,
    timings: [{ milliseconds: 100 }, { milliseconds: 300 }, { milliseconds: null, refusal: 'no kernel' }],
  });
  const before = measured();
  await withGpu(async (answer) => {
    answer(`echo ${h100(0)}`);
    expect(await drafted()).toMatchObject({ device: 'gpu:0', precision: 'float32' });
    expect(measured()).toBe(before);
    expect(await placed()).toMatchObject({ device: 'gpu:0', precision: 'bfloat16' });
    // TensorFloat-32 in a process of its own.
    expect(measured()).toBe(before + 2);
    const { timings } = await handlers.precisions.answer('gpu:0');
    expect(timings.map(({ precision }) => precision)).toEqual(['float32', 'bfloat16', 'float16', 'tf32']);
    // A later session reads what this one measured.
    await workstation.close('safely');
    workstation = await bench.open({ drain: 'own' });
    handlers = workstation.handlers;
    expect(await placed()).toMatchObject({ device: 'gpu:0', precision: 'bfloat16' });
    expect(measured()).toBe(before + 2);
    answer('echo no driver; exit 9');
    expect(await placed()).toMatchObject({ device: 'cpu', precision: 'float32' });
  });
}, 60_000);
