/** What must hold on a GPU: that it is used, for every operation, that it computes what a processor does, and that runs survive. */
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { computingEnvironment } from '../../trainer/protocol/computing-environment.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Precision } from '../../trainer/protocol/run.ts';
import {
  liveOn,
  liveUntil,
  tinyPretraining,
  traceOf,
  writeTinyData,
  type Stage as Life,
} from '../../trainer/testing/killing.ts';
import type { GoldenResult, Loaded, MethodStep, MethodSteps, MethodStepsRequest, Place, Role } from './child.ts';
import { table, type StageResult } from './stages.ts';

/** Runs a role of `child.ts` in a process of its own. @throws with what it said last */
export async function ask<T>(role: Role, request: object): Promise<T> {
  const words = [process.argv[1]!, 'child', role, JSON.stringify(request)];
  const env = { ...process.env, ...computingEnvironment };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, words, { env, maxBuffer: 64 << 20 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
  } catch (error) {
    const said = /^\w*Error: .*$/m.exec((error as { readonly stderr?: string }).stderr ?? '')?.[0];
    throw said === undefined ? error : new Error(said, { cause: error });
  }
}

const cpuOf = ({ threads }: Place): Place => ({ device: 'cpu', threads });

export async function loading(place: Place, size: number): Promise<StageResult> {
  const { executedOn, gigaflops, versions } = await ask<Loaded>('loaded', { ...place, size });
  const wanted = place.device === 'cpu' ? 'CPU:0' : 'GPU:0';
  return {
    lines: [
      `TensorFlow ${versions['tensorflow']} multiplied two matrices of ${size} on ${executedOn}, ${gigaflops.toFixed(0)} gigaflops.`,
    ],
    failures: executedOn.includes(wanted) ? [] : [`it ran on ${executedOn}, not on ${wanted}`],
  };
}

/**
 * How far a step may be from the processor's in float32: the loss relative to values above 1, the change of all state by its
 * length. In float32 only the order of sums differs. The low types round each operation to 8 and 11 bits, and batch norms over a
 * batch of 16 magnify that on the way back through some twenty layers, most in Barlow Twins: on a processor with AVX-512 its
 * change was 0.37 from float32's in bfloat16 and 0.17 in float16, that of every other method measured below 0.15 and 0.01; its loss
 * was 0.03 from it in bfloat16.
 */
const tolerances: Readonly<Record<Precision, { readonly loss: number; readonly change: number }>> = {
  float32: { loss: 1e-4, change: 2e-3 },
  // Products round as float16's do, and have float32's range.
  tf32: { loss: 1e-2, change: 0.3 },
  bfloat16: { loss: 0.1, change: 0.6 },
  float16: { loss: 1e-2, change: 0.3 },
};

const length = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

/** ‖found − wanted‖ / ‖wanted‖ */
export function distance(found: Float32Array, wanted: Float32Array): number {
  if (found.length !== wanted.length) throw new Error(`${found.length} values beside ${wanted.length}.`);
  return length(found.map((value, at) => value - wanted[at]!)) / length(wanted);
}

const floatsIn = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);
const changeIn = (folder: string, method: string, precision: Precision): Float32Array =>
  floatsIn(readFileSync(join(folder, `${method}-${precision}.f32`)));

/** One step of every method in each precision: where each operation ran, and how far it is from the processor's in float32. */
export async function methodSteps(
  place: Place,
  {
    methods,
    precisions,
    folder,
  }: Pick<MethodStepsRequest, 'methods' | 'folder'> & {
    readonly precisions: readonly Precision[];
  },
): Promise<StageResult> {
  const folders = { here: join(folder, 'here'), cpu: join(folder, 'cpu') };
  for (const one of Object.values(folders)) mkdirSync(one);
  const asked = (request: MethodStepsRequest) => ask<MethodSteps>('methodSteps', request);
  const reference = await asked({ ...cpuOf(place), precision: 'float32', methods, folder: folders.cpu });
  if ('refusal' in reference) throw new Error(reference.refusal);
  const steps: MethodStep[] = [];
  const refusals: (readonly [Precision, string])[] = [];
  // A process each: one that computes in TensorFloat-32 does so to its end.
  for (const precision of precisions) {
    const found = await asked({ ...place, precision, methods, folder: folders.here });
    if ('refusal' in found) refusals.push([precision, found.refusal]);
    else steps.push(...found.steps);
  }
  const failures: string[] = [];
  const rows = steps.map(({ method, precision, loss, operations, elsewhere }) => {
    const wanted = reference.steps.find((step) => step.method === method)!.loss;
    const apart = {
      loss: Math.abs(loss - wanted) / Math.max(1, Math.abs(wanted)),
      change: distance(changeIn(folders.here, method, precision), changeIn(folders.cpu, method, 'float32')),
    };
    const limit = tolerances[precision];
    for (const what of ['loss', 'change'] as const) {
      if (!(apart[what] <= limit[what])) {
        failures.push(
          `${method} in ${precision}: ${what} ${apart[what].toExponential(1)} apart, at most ${limit[what]}`,
        );
      }
    }
    if (elsewhere.length > 0) failures.push(`${method} in ${precision}: not on the device: ${elsewhere.join(', ')}`);
    return [
      ...[method, precision, String(operations), elsewhere.join(', ') || 'none'],
      ...[apart.loss.toExponential(1), apart.change.toExponential(1)],
    ];
  });
  // Only a processor may lack a precision, and older cards TensorFloat-32.
  const needed = refusals.filter(([precision]) => precision !== 'tf32');
  if (place.device !== 'cpu') failures.push(...needed.map(([, why]) => why));
  const head = ['method', 'precision', 'operations', 'elsewhere', 'loss apart', 'change apart'];
  return {
    lines: [...table(head, rows), ...refusals.flatMap(([precision, why]) => ['', `${precision}: ${why}`])],
    failures,
  };
}

/** As in `trainer/methods/golden.native.test.ts`. */
const goldenLimits = { loss: 1e-5, state: 1e-4 } as const;

export async function golden(place: Place, methods: readonly string[]): Promise<StageResult> {
  const results = await ask<readonly GoldenResult[]>('golden', { ...place, methods });
  const failures = results
    .filter(({ loss, state }) => !(loss < goldenLimits.loss && state < goldenLimits.state))
    .map(({ name, loss, state }) => `${name}: loss ${loss.toExponential(1)}, state ${state.toExponential(1)} apart`);
  const worst = (of: 'loss' | 'state') => Math.max(...results.map((one) => one[of])).toExponential(1);
  return {
    lines: [
      `${results.length} cases of PyTorch in float64: losses at most ${worst('loss')} apart (limit ${goldenLimits.loss}), state ${worst('state')} (limit ${goldenLimits.state}).`,
    ],
    failures,
  };
}

/** On a GPU sums may come in another order each time; of 30 steps with Adam no more than this is left of it. */
const resumedLimit = 0.02;

/** A small pretraining, killed after some steps and resumed, against the same one left alone. */
export async function killed(place: Place, folder: string, program: string): Promise<StageResult> {
  const data = join(folder, 'data');
  await writeTinyData(data);
  const config = tinyPretraining(data);
  const own = { ...config, execution: { ...config.execution, ...place, threads: 1 } };
  const life = (name: string): Life => ({
    program,
    folder: join(mkdtempSync(join(folder, `${name}-`)), 'run'),
    config: own,
  });
  const [straight, resumed] = [life('straight'), life('resumed')];
  await liveOn(straight, 1);
  const died = await liveUntil(resumed, 1, { kind: 'step', steps: 12, delayMs: 0 });
  await liveOn(resumed, 2);
  const [wanted, found] = [traceOf(straight), traceOf(resumed)];
  const values = (tensors: string | null): Float32Array => floatsIn(Buffer.from(tensors ?? '', 'base64'));
  const apart = distance(values(found.tensors), values(wanted.tensors));
  const stepsOf = (points: readonly string[]): string =>
    points.map((point) => (JSON.parse(point) as { readonly step: number }).step).join();
  const failures = [
    ...(died ? [] : ['it ended before it was killed']),
    ...(stepsOf(found.points) === stepsOf(wanted.points) ? [] : ['the curve has not every step once']),
    ...(apart <= (place.device === 'cpu' ? 0 : resumedLimit)
      ? []
      : [`its last state is ${apart.toExponential(1)} apart`]),
  ];
  const same = apart === 0 ? 'to the last bit' : `${apart.toExponential(1)} apart`;
  return {
    lines: [
      `Killed with SIGKILL after 12 steps and resumed: the last checkpoint is that of a run left alone, ${same}.`,
    ],
    failures,
  };
}
