/** TensorFlow's build for NVIDIA GPUs from the offer to its removal: with small wheels of its own pins, and a driver that is a script. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeWheel } from '../../../trainer/durable/testing/make-wheel.ts';
import type { Wheel } from '../../../trainer/protocol/wheels.ts';
import type { GpuBuild } from '../../api/gpu-build.ts';
import { createBench, pretrain, rowOf, until, type Bench } from '../testing/bench.ts';
import { h100, withDriver } from '../testing/driver.ts';
import type { Workstation } from '../workstation.ts';
import { takeLock } from '../workspace/lock.ts';
import { buildsFolder } from './gpu-build.ts';
import { packageIndex } from './package-index.ts';

let bench: Bench;
let shop: string;
beforeEach(() => {
  bench = createBench();
  shop = mkdtempSync(join(tmpdir(), 'reprise-shop-'));
  vi.stubEnv('XDG_DATA_HOME', join(shop, 'data'));
  vi.stubEnv('XDG_CONFIG_HOME', join(shop, 'config'));
  vi.stubEnv('PIP_INDEX_URL', 'https://mirror.example/simple');
});
afterEach(async () => {
  await bench.remove();
  rmSync(shop, { recursive: true });
  vi.unstubAllEnvs();
});

/** Puts pins of two small wheels into the program, the first with a library of this text. */
async function pin(library: string): Promise<readonly Wheel[]> {
  const gpu = [
    await makeWheel(shop, 'tensorflow==1.0', { 'tensorflow/lib.so': Buffer.from(library) }),
    await makeWheel(shop, 'nvidia-tool==2.0', { 'nvidia/tool/lib/tool.so': Buffer.alloc(5000, 'x') }),
  ];
  const licences = { own: { name: 'A licence', link: 'https://docs.nvidia.com/' } };
  const builds = { [`${process.platform}-${process.arch}`]: { cpu: [], gpu } };
  const file = join(bench.home, '..', 'app', 'resources', 'tensorflow.json');
  writeFileSync(file, JSON.stringify({ version: '1.0', licences, builds }));
  return gpu;
}

const buildOf = ({ handlers }: Workstation): Promise<GpuBuild | null> => Promise.resolve(handlers.gpuBuild.answer());

/** Trains, and tells by which build. */
async function trainedBy(workstation: Workstation, title: string): Promise<string> {
  const run = await workstation.handlers.createRun.answer(pretrain(title));
  await until(async () => (await rowOf(workstation, run)).status === 'done', `${title} is done`);
  await workstation.whenIdle();
  return readFileSync(join(bench.home, 'runs', run, 'tensorflow.txt'), 'utf8');
}

test('is offered where there is a GPU and TensorFlow only computes on processors, with figures of the pins', async () => {
  const wheels = await pin('works');
  const workstation = await bench.open();
  await withDriver(shop, async (answer) => {
    answer('exit 9');
    expect(await buildOf(workstation)).toBeNull();
    await expect(workstation.handlers.installGpuBuild.answer([shop])).rejects.toMatchObject({
      fault: { code: 'not-available' },
    });
    answer(`echo ${h100(0, '510.1')}`);
    const bytes = wheels[0]!.bytes + wheels[1]!.bytes;
    const unpacked = wheels[0]!.unpackedBytes + wheels[1]!.unpackedBytes;
    expect(await buildOf(workstation)).toMatchObject({
      version: '1.0',
      cards: ['NVIDIA H100'],
      concern: { code: 'old-driver' },
      state: 'absent',
      host: 'mirror.example',
      downloadBytes: bytes,
      wholeDownloadBytes: bytes,
      installedBytes: unpacked,
      neededBytes: unpacked + Math.max(...wheels.map((wheel) => wheel.bytes)),
      usedBytes: 0,
      licences: [{ name: 'A licence', packages: ['tensorflow 1.0', 'nvidia-tool 2.0'] }],
    });
    // A GPU that only another build could compute on is none for a new run.
    expect(await workstation.handlers.fastestExecution.answer()).toMatchObject({ device: 'cpu' });
    mkdirSync(join(bench.runtime, 'nvidia'));
    expect(await buildOf(workstation)).toBeNull();
  });
});

test('a build that computes on the GPU is used by what is started from then on, after a trial in every session', async () => {
  await pin('works');
  const workstation = await bench.open();
  await withDriver(shop, async (answer) => {
    answer(`echo ${h100(0)}`);
    expect(await trainedBy(workstation, 'steps=3')).toBe('inside');
    const installed = await workstation.handlers.installGpuBuild.answer([shop]);
    expect(installed).toMatchObject({ state: 'used', fault: null });
    expect(await trainedBy(workstation, 'steps=3')).toBe(installed.folder);
    expect(await workstation.handlers.fastestExecution.answer()).toMatchObject({ device: 'gpu:0' });
    await workstation.close('safely');

    const next = await bench.open();
    expect(await trainedBy(next, 'steps=3')).toBe(installed.folder);
    expect(await buildOf(next)).toMatchObject({ state: 'used' });
    await next.close('safely');

    // The GPU is gone: nothing is started on the build.
    answer('exit 9');
    const last = await bench.open();
    expect(await trainedBy(last, 'steps=3')).toBe('inside');
    expect(await buildOf(last)).toMatchObject({ state: 'failed', fault: { code: 'device-unavailable' } });
  });
});

test('a build that does not work is left for the processor’s, with the reason, kept for another try, and removed', async () => {
  await pin('broken');
  const workstation = await bench.open();
  await withDriver(shop, async (answer) => {
    answer(`echo ${h100(0)}`);
    const failed = await workstation.handlers.installGpuBuild.answer([shop]);
    expect(failed).toMatchObject({
      state: 'failed',
      fault: { message: expect.stringContaining('failed call to cuInit: CUDA_ERROR_MADE_UP') as string },
    });
    expect(bench.pushed).toContainEqual({ name: 'gpuBuildChanged', values: [failed.fault] });
    expect(await trainedBy(workstation, 'steps=3')).toBe('inside');
    await workstation.close('safely');

    // The next session knows, and does not try it unasked.
    writeFileSync(join(failed.folder, 'tensorflow', 'lib.so'), 'works');
    const next = await bench.open();
    expect(await trainedBy(next, 'steps=3')).toBe('inside');
    expect(await buildOf(next)).toMatchObject({ state: 'failed', fault: failed.fault });
    expect(await next.handlers.tryGpuBuild.answer()).toMatchObject({ state: 'used', fault: null });
    expect(await trainedBy(next, 'steps=3')).toBe(failed.folder);

    const removed = await next.handlers.removeGpuBuild.answer();
    expect(removed).toMatchObject({ state: 'absent', usedBytes: 0 });
    expect(existsSync(failed.folder)).toBe(false);
    expect(await trainedBy(next, 'steps=3')).toBe('inside');
  });
});

test('a build that is installed while a run trains is tried when that has ended, before the next', async () => {
  await pin('works');
  const workstation = await bench.open();
  const { handlers } = workstation;
  await withDriver(shop, async (answer) => {
    answer(`echo ${h100(0)}`);
    const run = await handlers.createRun.answer(pretrain('steps=400 ms=10'));
    await until(async () => (await rowOf(workstation, run)).status === 'running', 'it trains');
    const after = await handlers.createRun.answer(pretrain('steps=3'));
    const installed = await handlers.installGpuBuild.answer([shop]);
    expect(installed.state).toBe('untried');
    await handlers.stopRun.answer(run, 'safely');
    await until(async () => (await rowOf(workstation, after)).status === 'done', 'the next is done');
    expect(readFileSync(join(bench.home, 'runs', run, 'tensorflow.txt'), 'utf8')).toBe('inside');
    expect(readFileSync(join(bench.home, 'runs', after, 'tensorflow.txt'), 'utf8')).toBe(installed.folder);

    const long = await handlers.createRun.answer(pretrain('steps=400 ms=10'));
    await until(async () => (await rowOf(workstation, long)).status === 'running', 'it trains');
    await expect(Promise.resolve(handlers.removeGpuBuild.answer())).rejects.toMatchObject({ fault: { code: 'busy' } });
    expect(existsSync(installed.folder)).toBe(true);
  });
});

test('while another program, or this one, installs or removes a build, nobody else does', async () => {
  await pin('works');
  const workstation = await bench.open();
  const { installGpuBuild, removeGpuBuild } = workstation.handlers;
  await withDriver(shop, async (answer) => {
    answer(`echo ${h100(0)}`);
    mkdirSync(buildsFolder(), { recursive: true });
    const release = await takeLock(buildsFolder());
    const busy = { fault: { code: 'busy', message: expect.stringContaining(String(process.pid)) as string } };
    await expect(installGpuBuild.answer([shop])).rejects.toMatchObject(busy);
    await expect(removeGpuBuild.answer()).rejects.toMatchObject(busy);
    await release();
    const both = await Promise.allSettled([installGpuBuild.answer([shop]), installGpuBuild.answer([shop])]);
    const [done, refused] = both.toSorted((one, other) => one.status.localeCompare(other.status));
    expect(done).toMatchObject({ status: 'fulfilled', value: { state: 'used' } });
    expect(refused).toMatchObject({ status: 'rejected', reason: { fault: { code: 'busy' } } });
  });
});

test('the index of packages is the one that pip is set to', async () => {
  expect((await packageIndex({ PIP_INDEX_URL: 'https://a.example/simple' })).href).toBe('https://a.example/simple');
  const config = join(shop, 'pip.conf');
  writeFileSync(
    config,
    '[global]\ntimeout = 5\nindex-url = https://b.example/simple\nextra-index-url = https://c.example/\n',
  );
  expect((await packageIndex({ PIP_CONFIG_FILE: config })).host).toBe('b.example');
  await expect(packageIndex({ PIP_INDEX_URL: 'nowhere' })).rejects.toThrow(/"nowhere", is no address/);
});
