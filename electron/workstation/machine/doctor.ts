/**
 * All checks of the program's environment, one sentence each. Nothing is assumed: every statement has just been tested.
 */
import { open, rm, stat, statfs } from 'node:fs/promises';
import { totalmem, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { concernsOf, type GraphicsCard } from '../../../trainer/protocol/graphics-card.ts';
import type { DeviceProbe, DoctorCheck, DoctorReport } from '../../../trainer/protocol/hardware.ts';
import type { KnownData } from '../../api/datasets.ts';
import { availableMemory } from './available-memory.ts';
import { gpuCards } from './gpu-cards.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Store } from '../store/store.ts';

export interface DoctorOptions {
  readonly home: string;
  readonly jobs: SideJobs;
  readonly store: Store;
  readonly knownData: () => Promise<readonly KnownData[]>;
  readonly threads: () => number;
  readonly versions: Readonly<Record<string, string>>;
  readonly isSandboxed: boolean;
  readonly now: () => number;
}

type Check = Omit<DoctorCheck, 'id'>;
const diskTestBytes = 64 << 20;
const chunkBytes = 4 << 20;
const leastFreeBytes = 2 * 2 ** 30;
const leastMemoryBytes = 2 * 2 ** 30;

export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const probes = probeDevices(options);
  const checks: DoctorCheck[] = [];
  const add = async (id: DoctorCheck['id'], check: () => Promise<Check> | Check): Promise<void> => {
    const made = await Promise.resolve()
      .then(check)
      .catch((error: unknown): Check => ({ state: 'wrong', text: faultOf(error).message, values: {} }));
    checks.push({ id, ...made });
  };
  await add('runtime', () => runtime(options.versions));
  await add('tensorflow', async () => tensorflow((await probes).cpu));
  await add('device', async () => device(await probes));
  await add('processor', async () => processor((await probes).cpu));
  await add('gpu', async () => gpu(await probes));
  const [card] = (await probes).cards;
  if (card !== undefined) await add('driver', () => driver(card));
  await add('disk', () => disk(options.home));
  await add('memory', memory);
  await add('display', display);
  await add('sandbox', () => sandbox(options.isSandboxed));
  await add('database', () => database(options.store, options.home));
  await add('data', async () => data(await options.knownData()));
  return { at: options.now(), checks };
}

interface Probes {
  readonly cpu: DeviceProbe;
  /** As the driver describes them; empty also where it cannot be asked. */
  readonly cards: readonly GraphicsCard[];
  /** The same product on the first GPU, or its fault; null if there is none. */
  readonly gpu: DeviceProbe | Fault | null;
}

const isProbe = (found: Probes['gpu']): found is DeviceProbe => found !== null && 'executedOn' in found;

async function probeDevices({ jobs, threads }: DoctorOptions): Promise<Probes> {
  const probe = (device: string) =>
    jobs.run({ kind: 'probe', device, threads: threads() }, 'probe').then((ran) => ran.probe);
  const cpu = await probe('cpu');
  try {
    const cards = await gpuCards();
    return { cpu, cards, gpu: cards.length === 0 ? null : await probe('gpu:0').catch(faultOf) };
  } catch (error) {
    return { cpu, cards: [], gpu: faultOf(error) };
  }
}

function runtime(versions: Readonly<Record<string, string>>): Check {
  const listed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return { state: 'ok', text: `${listed.join(', ')} on ${process.platform} ${process.arch}.`, values: { ...versions } };
}

function tensorflow(probe: DeviceProbe): Check {
  const { tensorflow: version, threads, instructionSet } = probe;
  const text = `TensorFlow ${version} loads; ${threads} threads, ${instructionSet}.`;
  return { state: 'ok', text, values: { version, threads, instructionSet } };
}

function device({ cpu, gpu: found }: Probes): Check {
  const measured = isProbe(found) ? found : cpu;
  const { milliseconds, gigaflops, size } = measured;
  // TensorFlow's name includes the cluster; the device is its last part.
  const executedOn = measured.executedOn.split('device:').at(-1) ?? measured.executedOn;
  const ran = `A ${size} × ${size} matrix product ran on ${executedOn} in ${milliseconds.toFixed(1)} ms (${gigaflops.toFixed(0)} GFLOP/s)`;
  const values = { executedOn, milliseconds, gigaflops, size };
  if (measured === cpu) return { state: 'ok', text: `${ran}; that is the processor.`, values };
  const times = cpu.milliseconds / milliseconds;
  return {
    state: times > 1 ? 'ok' : 'attention',
    text: `${ran}, ${times.toFixed(1)} times as fast as the processor (${cpu.milliseconds.toFixed(1)} ms).`,
    values: { ...values, cpuMilliseconds: cpu.milliseconds, times },
  };
}

/** Below this, waiting for the CPU dominates. */
const leastProcessorShare = 0.8;

function processor({ processorShare: share }: DeviceProbe): Check {
  const percent = Math.round(100 * share);
  const values = { percent };
  if (share >= leastProcessorShare) return { state: 'ok', text: `A busy thread gets ${percent} % of a core.`, values };
  const text =
    `A busy thread gets only ${percent} % of a core: other programs, or other machines on the same host, use the ` +
    'rest. Training takes longer by as much.';
  return { state: 'attention', text, values };
}

function gpu({ cards, gpu: found }: Probes): Check {
  if (found === null)
    return {
      state: 'ok',
      text: 'No NVIDIA GPU is seen (nvidia-smi); training runs on the processor.',
      values: { count: 0 },
    };
  const names = cards.length === 0 ? 'NVIDIA' : cards.map(({ name }) => name).join(', ');
  const values = { count: Math.max(1, cards.length), names };
  if (isProbe(found)) return { state: 'ok', text: `${values.names}: TensorFlow computes on it.`, values };
  return {
    state: 'attention',
    text: `${values.names} is there, but TensorFlow cannot compute on it. ${found.message}`,
    values: { ...values, why: found.message },
  };
}

/** Whether the driver of the first GPU, on which runs compute, is new enough for it, and the GPU not too new for TensorFlow. */
function driver(card: GraphicsCard): Check {
  const { name, capability, driver: own } = card;
  const [concern] = concernsOf(card);
  if (concern !== undefined) {
    const { message, values, code } = concern;
    return { state: code === 'old-driver' ? 'attention' : 'unknown', text: message, values };
  }
  return {
    state: 'ok',
    text: `Driver ${own} suits ${name} (compute capability ${capability}), as far as TensorFlow's files tell.`,
    values: { name, capability, driver: own },
  };
}

/** Writes and syncs a real file where checkpoints will be stored, or where the workspace would be created. */
async function disk(place: string): Promise<Check> {
  const home = await nearestFolder(place);
  const path = join(home, `.disk-test-${process.pid}`);
  const chunk = Buffer.alloc(chunkBytes, 0x5a);
  const began = performance.now();
  let synced: number;
  try {
    const file = await open(path, 'w');
    try {
      for (let at = 0; at < diskTestBytes; at += chunkBytes) await file.write(chunk);
      const beforeSync = performance.now();
      await file.sync();
      synced = performance.now() - beforeSync;
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
  const seconds = (performance.now() - began) / 1000;
  const found = await statfs(home);
  const free = found.bavail * found.bsize;
  const speed = diskTestBytes / seconds;
  return {
    state: free < leastFreeBytes ? 'attention' : 'ok',
    text: `${gibibytes(free)} GiB free; ${diskTestBytes >> 20} MiB written and synced at ${Math.round(speed / 2 ** 20)} MiB/s (fsync ${synced.toFixed(0)} ms).`,
    values: { freeBytes: free, bytesPerSecond: Math.round(speed), fsyncMilliseconds: Math.round(synced) },
  };
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() === true || dirname(path) === path ? path : nearestFolder(dirname(path));
}

async function memory(): Promise<Check> {
  const free = await availableMemory();
  const total = totalmem();
  return {
    state: free < leastMemoryBytes ? 'attention' : 'ok',
    text: `${gibibytes(free)} of ${gibibytes(total)} GiB memory are free.`,
    values: { freeBytes: free, totalBytes: total },
  };
}

function display(): Check {
  if (process.platform !== 'linux')
    return { state: 'ok', text: 'The system has a desktop.', values: { display: 'system' } };
  const found = process.env['WAYLAND_DISPLAY'] ?? process.env['DISPLAY'] ?? '';
  if (found !== '') return { state: 'ok', text: `A display is there (${found}).`, values: { display: found } };
  const text = 'No display: the app cannot open a window here; everything works in the terminal.';
  return { state: 'attention', text, values: { display: '' } };
}

/** Chromium has no sandbox for root, and none where users may not create namespaces. */
function sandbox(isSandboxed: boolean): Check {
  const values = { user: userInfo().username };
  if (isSandboxed) return { state: 'ok', text: 'The pages of the window run in Chromium’s sandbox.', values };
  const why =
    process.getuid?.() === 0
      ? 'the program runs as root, for whom Chromium has none. Start it as an ordinary user'
      : 'this system does not let ordinary users create namespaces, as in most containers. Allow it';
  const text =
    `The window runs without Chromium’s sandbox (--no-sandbox), because ${why} to have the sandbox. Without it, an error ` +
    'in Chromium could reach the whole account; pages still have no Node, and show nothing but the program’s own files.';
  return { state: 'attention', text, values };
}

async function database(store: Store, home: string): Promise<Check> {
  const runs = await store.runs();
  const bytes = await stat(join(home, 'reprise.db')).then(
    (found) => found.size,
    () => 0,
  );
  const text = `The run database opens and holds ${runs.length} runs (${Math.round(bytes / 1024)} KiB).`;
  return { state: 'ok', text, values: { runs: runs.length, bytes } };
}

function data(known: readonly KnownData[]): Check {
  const present = known.filter(({ path }) => path !== null).map(({ name }) => name);
  const missing = known.filter(({ path, name }) => path === null && name !== 'sample');
  const values = { present: present.join(', '), missing: missing.map(({ name }) => name).join(', ') };
  const [first] = missing;
  if (first === undefined) return { state: 'ok', text: `Data at hand: ${present.join(', ')}.`, values };
  return { state: 'attention', text: first.missing ?? `${first.name} is missing.`, values };
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
