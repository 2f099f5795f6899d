/**
 * Traces functions written in tfjs operations into one TensorFlow graph. While a function is traced, tfjs computes on a
 * backend of its own that adds operations to the graph, and tfjs's autodiff does the rest.
 */
import * as tf from '@tensorflow/tfjs';
import type { DataId, Tensor, Variable } from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import type { Execution } from '../../protocol/run.ts';
import type { StepContext, Tensors } from '../../recipe.ts';
import { createAutocast, noAutocast } from '../graph/autocast.ts';
import { unlisted } from './variable-builder.ts';
import type { DeviceVariable } from '../graph/device-resource.ts';
import { DeviceVariables } from '../graph/device-variables.ts';
import type { HostTensor } from '../../host-batch.ts';
import { createGraph, type Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createKernelGradient } from '../rewriters/kernel-gradient.ts';
import { eagerBackend, type Runtime } from '../binding/runtime.ts';
import { createTracingBinding, type TracingBinding } from '../graph/tracing-binding.ts';
import { untracked } from './eager-step.ts';
import { dtypes } from '../binding/tensors.ts';
import { createLargeSums } from '../rewriters/large-sums.ts';
import { createWinograd } from '../rewriters/winograd.ts';

export interface Tracer {
  readonly graph: Graph;
  readonly variables: DeviceVariables;
  /** Runs a function whose operations are to be traced. What it makes is gone from tfjs afterwards, not from the graph. */
  trace<T>(compute: () => T): T;
  /** Operations of a network, which may compute in the run's lower precision, forward and backward from its outputs. */
  network(compute: () => Tensors): Tensors;
  /** Only while tracing. */
  node(tensor: Tensor): Node;
  tensor(node: Node): Tensor;
  placeholder(dtype: 'float32' | 'int32', shape: readonly number[]): Node;
  variable(name: string, shape: readonly number[], values: Float32Array | Int32Array, trainable: boolean): Variable;
  /** The device's side of a variable. */
  deviceOf(variable: Variable): DeviceVariable;
  /** The same value, but not before others are there. Only while tracing. */
  delayed(tensor: Tensor, until: readonly Tensor[]): Tensor;
  /** A moment's `again`. */
  readonly recompute: StepContext['recompute'];
  /** While `compute` runs, readings of these variables give the nodes. */
  substituted<T>(values: ReadonlyMap<Variable, Node>, compute: () => T): T;
}

/** Parts of the backend that its declaration keeps to itself. */
interface BackendInside {
  createOutputTensor(metadata: ReturnType<TracingBinding['register']>): Tensor;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
}

/** Operations on another backend would take a variable's value away from the device, and a copy would be traced in its place. */
class TracedBackend extends NodeJSKernelBackend {
  readonly settled = new WeakSet<DataId>();

  override disposeData(data: DataId, force = false): boolean {
    if (force && this.settled.has(data)) {
      throw new Error('A variable of the traced engine is used outside a traced function: read it as a state entry.');
    }
    return super.disposeData(data, force);
  }
}

/** Each engine has a graph and a backend of its own, which tfjs knows by its name. */
let opened = 0;

export function createTracer(
  { tensorflow, binding: eager, config, facts }: Runtime,
  { device, precision, recompute }: Pick<Execution, 'device' | 'precision' | 'recompute'>,
): Tracer {
  const graph = createGraph(tensorflow, config);
  const variables = new DeviceVariables(graph);
  const autocast = precision === 'float32' ? noAutocast : createAutocast(graph, precision);
  const rewriters = [
    createLargeSums(graph),
    // On a GPU the library chooses among algorithms itself.
    ...(device === 'cpu' ? [createWinograd(graph)] : []),
    // Measured where bfloat16 is multiplied in vectors: with AMX oneDNN takes other convolutions.
    ...(device === 'cpu' && facts.instructionSet === 'AVX512_CORE_BF16' ? [createKernelGradient(graph)] : []),
  ];
  const binding = createTracingBinding(graph, eager, autocast, () => variables.flush(), rewriters);
  const backend = new TracedBackend(binding, '@tensorflow/tfjs-node');
  const inside = backend as unknown as BackendInside;
  const tracedBackend = `traced-${opened++}`;
  tf.registerBackend(tracedBackend, () => backend);
  tf.copyRegisteredKernels(eagerBackend, tracedBackend);
  const known = new Map<Variable, DeviceVariable>();

  /** Both backends are there from the start, so that setting one takes effect at once. */
  function use(name: string): void {
    void tf.setBackend(name);
    if (tf.getBackend() !== name) throw new Error(`The backend "${name}" could not be set.`);
  }

  function onGraph<T>(compute: () => T): T {
    const before = tf.getBackend();
    use(tracedBackend);
    try {
      return compute();
    } finally {
      use(before);
    }
  }

  function deviceOf(variable: Variable): DeviceVariable {
    const found = known.get(variable);
    if (!found) throw new Error(`The variable ${variable.name} was not built by the engine that is to train it.`);
    return found;
  }

  const idOf = (given: Tensor): number => inside.getInputTensorIds([given])[0]!;
  const nodeOf = (given: Tensor): Node => binding.node(idOf(given));
  const tensor = (node: Node): Tensor => inside.createOutputTensor(binding.register(node));

  const delayed = (value: Tensor, until: readonly Tensor[]): Tensor =>
    inside.createOutputTensor(binding.delayed(idOf(value), until.map(idOf)));

  /** A network's output: what comes back to it as a gradient is lowered again. */
  const bounded = (output: Tensor): Tensor =>
    tf.customGrad((x) => ({
      value: (x as Tensor).clone(),
      gradFunc: (dy: Tensor) => tensor(autocast.lowered(nodeOf(dy))),
    }))(output);

  return {
    graph,
    variables,
    node: nodeOf,
    tensor,
    network: (compute) =>
      Object.fromEntries(Object.entries(autocast.within(compute)).map(([name, output]) => [name, bounded(output)])),
    trace: (compute) => onGraph(() => untracked(compute)),
    placeholder: (dtype, shape) => graph.placeholder(dtype === 'float32' ? dtypes.float : dtypes.int32, shape),
    variable: (name, shape, values, trainable) =>
      onGraph(() =>
        tf.tidy(() => {
          const device = variables.create(name, shape, values);
          const variable = unlisted(tf.variable(tensor(device.read), trainable, name));
          backend.settled.add(variable.dataId);
          known.set(variable, device);
          return variable;
        }),
      ),
    deviceOf,
    delayed,
    recompute: recompute ? { input: (kept, dy) => delayed(kept, [dy]), network: autocast.within } : null,
    substituted(values, compute) {
      const kept = [...values].map(([variable, node]) => {
        const { dataId } = variable;
        Object.assign(variable, { dataId: tensor(node).dataId });
        return { variable, dataId };
      });
      try {
        return compute();
      } finally {
        for (const { variable, dataId } of kept) Object.assign(variable, { dataId });
      }
    },
  };
}

/** What a compiled function takes: the type and shape of each input. */
export interface InputSpec {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
}

/**
 * Traces a function of tensors once and gives it compiled: host tensors in, host tensors out, run as a whole.
 *
 * @throws where an input is not of the shape it was traced for, an operation reads a value on the host, or the shape of a
 *   result depends on the data
 */
export function compile(
  tracer: Tracer,
  inputs: readonly InputSpec[],
  compute: (...inputs: readonly Tensor[]) => readonly Tensor[],
): (...values: readonly HostTensor[]) => Promise<readonly HostTensor[]> {
  const { graph, variables } = tracer;
  const { nodes, outputs } = tracer.trace(() => {
    const made = inputs.map(({ dtype, shape }) => tracer.placeholder(dtype, shape));
    return { nodes: made, outputs: compute(...made.map(tracer.tensor)).map(tracer.node) };
  });
  return async (...given) => {
    given.forEach(({ shape }, place) => {
      const traced = inputs[place]?.shape ?? [];
      if (shape.join() !== traced.join())
        throw new Error(`Input ${place} has shape [${shape.join(', ')}], traced was [${traced.join(', ')}].`);
    });
    variables.flush();
    const feeds = nodes.map((node, place) => graph.feed(node, given[place]!.values));
    const results = await graph.run({ feeds, fetches: outputs, targets: [] });
    return results.map((result, place) => {
      const { shape, dtype } = outputs[place]!;
      return { shape, values: graph.take(result, dtype) as HostTensor['values'] };
    });
  };
}
