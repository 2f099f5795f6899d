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
import { openRuntime, type Runtime } from '../binding/runtime.ts';
import type { Together } from '../binding/server-def.ts';
import { createGraph } from '../graph/graph.ts';
import { unique } from './eager-step.ts';
import { compile } from './compile.ts';
import { createTracer, type Tracer } from './trace.ts';
import { createTracedStepper, type Replica } from './traced-step.ts';
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

/** A tracer for each device of this process that computes a step with others. */
function tracersOf(runtime: Runtime, execution: Execution): readonly [Tracer, ...Tracer[]] {
  const { together } = runtime;
  if (together === null) return [createTracer(runtime, execution)];
  const graph = createGraph(runtime.tensorflow, runtime.session);
  if ('peers' in together) {
    const { addresses, own } = together.peers;
    return [createTracer(runtime, execution, { graph, member: { count: addresses.length, own }, device: null })];
  }
  const on = (own: number): Tracer => {
    const device = `/device:${runtime.facts.device === 'cpu' ? 'CPU' : 'GPU'}:${own}`;
    return createTracer(runtime, execution, { graph, member: { count: together.devices, own }, device });
  };
  return [on(0), ...Array.from({ length: together.devices - 1 }, (_, other) => on(other + 1))];
}

export async function openTracedEngine(execution: Execution, together: Together | null = null): Promise<Engine> {
  const runtime = await openRuntime(execution, together);
  const { precision } = execution;
  const isLow = isLowPrecision(precision);
  const eager = await openEagerEngine({ ...execution, precision: isLow ? 'float32' : precision, chunk: null });
  const tracers = tracersOf(runtime, execution);
  const [tracer] = tracers;
  const inferAll = createTracedInference(tracer);
  if (isLow) await provePrecision(tracer, precision, runtime.facts.instructionSet);
  const devices = tracers.map(({ variable }) => ({ builder: (seed: number) => createBuilder(variable, seed) }));
  const stepperOfAll: Engine['stepperOfAll'] = (learners, optimizer, seed) => {
    if (learners.length !== tracers.length)
      throw new Error(`${tracers.length} devices train together, and ${learners.length} learners were built.`);
    const lossScale = precision === 'float16' ? createLossScale() : null;
    if (execution.chunk !== null)
      return createChunkedStepper(tracer, learners[0], optimizer, seed, execution.chunk, lossScale);
    const [first, ...others] = learners.map((learner, own): Replica => ({ tracer: tracers[own]!, learner }));
    return createTracedStepper([first!, ...others], optimizer, seed, lossScale);
  };
  return {
    ...eager,
    ...devices[0]!,
    devices,
    stepperOfAll,
    stepper: (learner, optimizer, seed) => stepperOfAll([learner], optimizer, seed),
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
