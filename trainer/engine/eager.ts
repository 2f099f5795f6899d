/**
 * The eager engine: tfjs's operations run one by one on TensorFlow, through tfjs-node's backend and our own binding.
 * It is the reference that any faster engine is tested against.
 */
import process from 'node:process';
import { setImmediate as macrotask } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';
import type { Execution } from '../protocol/run.ts';
import { FaultError } from '../fault.ts';
import type { Net } from '../recipe.ts';
import { createBinding } from './binding.ts';
import type { Binding } from './binding.ts';
import { createBuilder } from './builder.ts';
import { configProto } from './config-proto.ts';
import type { Engine, EngineFacts, HostTensor } from './engine.ts';
import { createMoment } from './moment.ts';
import { instructionSet } from './processor.ts';
import { createStepper, stateEntry, untracked } from './stepper.ts';
import { loadTensorFlow } from './tensorflow.ts';

/** The name tfjs-node's kernels are registered under. */
const backendName = 'tensorflow';

/** TensorFlow reads its thread count once a process, so the first engine decides for all of them. */
let opened: { readonly binding: Binding; readonly device: string; readonly threads: number } | null = null;

function openBinding(execution: Execution): Binding {
  if (opened) {
    if (opened.device === execution.device && opened.threads === execution.threads) return opened.binding;
    throw new FaultError(
      'bad-argument',
      `This process computes on ${opened.device} with ${opened.threads} threads and cannot change to ` +
        `${execution.device} with ${execution.threads}: start a new one.`,
      { device: execution.device, threads: execution.threads },
    );
  }
  const gpu = execution.device === 'cpu' ? null : Number(execution.device.slice('gpu:'.length));
  // Without it CropAndResize's gradient loses updates on the CPU. On a GPU it forbids whole operations.
  if (gpu === null) process.env['TF_DETERMINISTIC_OPS'] = '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const binding = createBinding(loadTensorFlow(), configProto({ threads: execution.threads, gpu }));
  if (gpu !== null && !binding.isUsingGpuDevice()) {
    throw new FaultError(
      'device-unavailable',
      `TensorFlow sees no GPU ${gpu}; it has ${binding.devices.join(', ')}. Choose the CPU or check the driver.`,
      { device: execution.device },
    );
  }
  registerBackend(binding);
  opened = { binding, device: execution.device, threads: execution.threads };
  return binding;
}

function registerBackend(binding: Binding): void {
  if (!(NodeJSKernelBackend.prototype instanceof tf.KernelBackend)) {
    throw new Error('Two copies of tfjs-core are loaded: @tensorflow/tfjs and tfjs-node must share one.');
  }
  tf.enableProdMode();
  tf.registerBackend(backendName, () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
}

/** Times one matrix product after a first one that pays for start-up; `executedOn` is asked of the result itself. */
function probe(binding: Binding, size: number): Awaited<ReturnType<Engine['probe']>> {
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const transpose = (name: string) => ({ name, type: binding.TF_ATTR_BOOL, value: false });
  const attributes = [type, transpose('transpose_a'), transpose('transpose_b')];
  const values = Float32Array.from({ length: size * size }, (_, index) => ((index % 17) - 8) / 8);
  const matrix = binding.createTensor([size, size], binding.TF_FLOAT, values);
  const multiply = () => {
    const began = performance.now();
    const [product] = binding.executeOp('MatMul', attributes, [matrix, matrix], 1);
    // Reading the values waits for the device.
    binding.tensorDataSync(product!.id);
    const milliseconds = performance.now() - began;
    const executedOn = binding.deviceOf(product!.id);
    binding.deleteTensor(product!.id);
    return { executedOn, milliseconds };
  };
  multiply();
  const timed = Array.from({ length: 3 }, multiply).reduce((a, b) => (a.milliseconds <= b.milliseconds ? a : b));
  binding.deleteTensor(matrix);
  return { ...timed, gigaflops: (2 * size ** 3) / timed.milliseconds / 1e6 };
}

export async function openEngine(execution: Execution): Promise<Engine> {
  const binding = openBinding(execution);
  await tf.setBackend(backendName);
  await tf.ready();
  const facts: EngineFacts = {
    device: execution.device,
    threads: execution.threads,
    instructionSet: instructionSet(),
    versions: { tensorflow: binding.TF_Version, tfjs: tf.version_core, node: process.versions.node },
  };
  return {
    facts,
    builder: createBuilder,
    stepper: createStepper,
    entries: (nets: readonly Net[]) =>
      [...new Set(nets.flatMap((net) => [...net.weights, ...net.state]))].map((variable) =>
        stateEntry(variable.name, variable),
      ),
    infer: (compute) => async (input: HostTensor) => {
      const output = untracked(() => {
        const result = compute(tf.tensor(input.values, [...input.shape]), createMoment(0, 0, false));
        return { shape: result.shape, values: result.dataSync<'float32' | 'int32'>() };
      });
      await macrotask();
      return output;
    },
    tensors: () => tf.memory().numTensors,
    probe: async (size) => {
      await macrotask();
      return probe(binding, size);
    },
  };
}
