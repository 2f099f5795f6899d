/**
 * The traced engine: a training step is recorded once as one TensorFlow graph, gradients, optimizer and running statistics
 * included, and then run as a whole, off this thread, with all state on the device.
 */
import * as tf from '@tensorflow/tfjs';
import { FaultError } from '../../durable/fault-error.ts';
import type { Execution, Precision } from '../../protocol/run.ts';
import { createBuilder } from './variable-builder.ts';
import { createChunkedStepper } from './chunked-step.ts';
import { openEagerEngine } from './eager.ts';
import type { Engine } from '../engine.ts';
import { createLossScale } from './loss-scale.ts';
import { isLowPrecision } from '../graph/autocast.ts';
import { openRuntime } from '../binding/runtime.ts';
import type { Peers } from '../binding/server-def.ts';
import { unique } from './eager-step.ts';
import { compile } from './compile.ts';
import { createTracer, type Tracer } from './trace.ts';
import { createTracedStepper } from './traced-step.ts';
import { createTracedContext } from './traced-context.ts';
import { ofOne } from './infer-one.ts';
import { perSignature, specKey, specOf, type InputSpec } from './per-signature.ts';

function createTracedInference(tracer: Tracer): Engine['inferAll'] {
  return (compute) => {
    const compiledFor = perSignature<ReturnType<typeof compile>>('An inference');
    const compiled = (specs: readonly InputSpec[]) =>
      compile(tracer, specs, (...inputs) => {
        const step = tracer.node(tf.scalar(0, 'int32'));
        const { context } = createTracedContext(tracer, step, false);
        const named = () => Object.fromEntries(compute(inputs, context).entries());
        return Object.values(tracer.network(named));
      });
    return (...inputs) => {
      const specs = inputs.map(specOf);
      const signature = specs.map(specKey).join(' ');
      return compiledFor(signature, () => compiled(specs))(...inputs);
    };
  };
}

/** Some processors have no kernel for a low precision, which only shows at the first convolution. */
async function provePrecision(tracer: Tracer, precision: Precision, instructionSet: string): Promise<void> {
  const spec = { dtype: 'float32', shape: [1, 4, 4, 1] } as const;
  try {
    const convolve = compile(tracer, [spec], (x) =>
      Object.values(
        tracer.network(() => ({ y: tf.conv2d(x as tf.Tensor4D, tf.ones<tf.Rank.R4>([3, 3, 1, 1]), 1, 'same') })),
      ),
    );
    await convolve({ shape: spec.shape, values: new Float32Array(16) });
  } catch (cause) {
    throw new FaultError(
      'device-unavailable',
      `This processor (${instructionSet}) cannot convolve in ${precision}: choose float32.`,
      { instructionSet, precision },
      { cause },
    );
  }
}

export async function openTracedEngine(execution: Execution, peers: Peers | null = null): Promise<Engine> {
  const runtime = await openRuntime(execution, peers);
  const { precision } = execution;
  const isLow = isLowPrecision(precision);
  const eager = await openEagerEngine({ ...execution, precision: isLow ? 'float32' : precision, chunk: null });
  const tracer = createTracer(runtime, execution);
  const inferAll = createTracedInference(tracer);
  if (isLow) await provePrecision(tracer, precision, runtime.facts.instructionSet);
  return {
    ...eager,
    builder: (seed) => createBuilder(tracer.variable, seed),
    stepper(learner, optimizer, seed) {
      const lossScale = precision === 'float16' ? createLossScale() : null;
      return execution.chunk === null
        ? createTracedStepper(tracer, learner, optimizer, seed, lossScale)
        : createChunkedStepper(tracer, learner, optimizer, seed, execution.chunk, lossScale);
    },
    entries: (nets) =>
      tracer.variables.entries(
        unique(nets.flatMap((net) => [...net.weights, ...net.state])).map((variable) => ({
          name: variable.name,
          variable: tracer.deviceOf(variable),
        })),
      ),
    infer: ofOne(inferAll),
    inferAll,
  };
}
