/**
 * The eager engine: runs tfjs operations one by one on TensorFlow, through tfjs-node's backend and our own binding. It
 * is the reference that faster engines are tested against.
 */
import { setImmediate as macrotask } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { FaultError } from '../../durable/fault-error.ts';
import type { Execution } from '../../protocol/run.ts';
import { isLowPrecision } from '../graph/autocast.ts';
import type { Net } from '../../recipe.ts';
import type { Binding } from '../binding/eager-binding.ts';
import { createBuilder, unlisted } from './variable-builder.ts';
import type { Engine } from '../engine.ts';
import { uploaded } from './pictures.ts';
import { ofOne } from './infer-one.ts';
import { createStepContext } from './step-context.ts';
import { openRuntime } from '../binding/runtime.ts';
import { createEagerStepper, stateEntry, untracked } from './eager-step.ts';

/** Times one matrix product, after a warm-up. `executedOn` is the device that holds the result. */
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

const inferAll: Engine['inferAll'] =
  (compute) =>
  async (...inputs) => {
    const outputs = untracked(() => {
      const given = inputs.map(uploaded);
      const results = compute(given, createStepContext(0, 0, false));
      return results.map((result) => ({ shape: result.shape, values: result.dataSync<'float32' | 'int32'>() }));
    });
    await macrotask();
    return outputs;
  };

export async function openEagerEngine(execution: Execution): Promise<Engine> {
  const { precision, chunk, recompute } = execution;
  if (isLowPrecision(precision) || chunk !== null) {
    throw new FaultError(
      'bad-argument',
      `The eager engine computes whole batches in float32, not ${precision} or chunks: choose the traced engine.`,
      { precision },
    );
  }
  const { binding, facts } = await openRuntime(execution);
  const builder: Engine['builder'] = (seed) =>
    createBuilder(
      (name, shape, values, trainable) =>
        tf.tidy(() => unlisted(tf.variable(tf.tensor(values, [...shape]), trainable, name))),
      seed,
    );
  const stepper: Engine['stepper'] = (learner, optimizer, seed) =>
    createEagerStepper(learner, optimizer, seed, recompute);
  return {
    facts,
    builder,
    stepper,
    devices: [{ builder }],
    stepperOfAll: ([learner], optimizer, seed) => stepper(learner, optimizer, seed),
    entries: (nets: readonly Net[]) =>
      [...new Set(nets.flatMap((net) => [...net.weights, ...net.state]))].map((variable) =>
        stateEntry(variable.name, variable),
      ),
    infer: ofOne(inferAll),
    inferAll,
    tensors: () => tf.memory().numTensors,
    probe: async (size) => {
      await macrotask();
      return probe(binding, size);
    },
  };
}
