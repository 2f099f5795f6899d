/**
 * Traces functions written in tfjs operations into one TensorFlow graph. During tracing, tfjs runs on a backend that
 * adds operations to the graph, and tfjs's autodiff does the rest.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Execution } from '../../protocol/run.ts';
import type { Branch, Recomputation, Tensors } from '../../recipe.ts';
import type { EngineFacts } from '../binding/engine-facts.ts';
import type { Runtime } from '../binding/runtime.ts';
import { dtypes } from '../binding/tensors.ts';
import { createAutocast, isLowPrecision, noAutocast } from '../graph/autocast.ts';
import type { DeviceVariable } from '../graph/device-resource.ts';
import { DeviceVariables } from '../graph/device-variables.ts';
import { createGraph, type Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import { createTracingBinding } from '../graph/tracing-binding.ts';
import { createKernelGradient } from '../rewriters/kernel-gradient.ts';
import { createLargeSums } from '../rewriters/large-sums.ts';
import { createWinograd } from '../rewriters/winograd.ts';
import { branchOn } from './branch.ts';
import { createExchange, type Exchange, type Member } from './exchange.ts';
import { untracked } from './eager-step.ts';
import { openTracedBackend } from './traced-backend.ts';
import { unlisted } from './variable-builder.ts';

export interface Tracer {
  readonly graph: Graph;
  readonly variables: DeviceVariables;
  /** Traces a function. tfjs forgets the tensors it made; the graph keeps their operations. */
  trace<T>(compute: () => T): T;
  /** Operations of a network, which may compute in the run's lower precision, forward and backward from its outputs. */
  network(compute: () => Tensors): Tensors;
  /** Only while tracing. */
  node(tensor: Tensor): Node;
  tensor(node: Node): Tensor;
  placeholder(dtype: 'float32' | 'int32' | 'uint8', shape: readonly number[]): Node;
  variable(name: string, shape: readonly number[], values: Float32Array | Int32Array, trainable: boolean): Variable;
  /** The device's side of a variable. */
  deviceOf(variable: Variable): DeviceVariable;
  /** The same value, available only once `until` are computed. Only while tracing. */
  delayed(tensor: Tensor, until: readonly Tensor[]): Tensor;
  /** What a step computes again for its gradient; null: nothing. */
  readonly recompute: Recomputation | null;
  /**
   * True if operations wait until their result is needed, so that less is in memory at once. Not on a GPU: next to such an
   * order TensorFlow does not fuse a batch norm with the sum and the rectifier that follow it.
   */
  readonly waits: boolean;
  /** With those that compute the step together; null: this one computes it alone. */
  readonly exchange: Exchange | null;
  /** Begins operations that run only where a scalar of type bool is true. Only while tracing. */
  branch(needed: Tensor): Branch;
  /** While `compute` runs, tfjs reads these nodes in place of the variables' own values. */
  substituted<T>(values: ReadonlyMap<Variable, Node>, compute: () => T): T;
}

/** Rewriters that save time on this device. */
function rewritersFor(graph: Graph, { device, instructionSet }: EngineFacts): readonly Rewriter[] {
  // On a GPU the library chooses among algorithms itself.
  if (device !== 'cpu') return [createLargeSums(graph)];
  const everywhere = [createLargeSums(graph), createWinograd(graph, instructionSet)];
  // Measured on processors with bfloat16 vector products; with AMX, oneDNN uses other convolutions.
  return instructionSet === 'AVX512_CORE_BF16' ? [...everywhere, createKernelGradient(graph)] : everywhere;
}

/** Where a tracer's operations belong. */
export interface TracedPlace {
  /** Shared by those of one process. */
  readonly graph: Graph;
  readonly member: Member;
  /** TensorFlow's name of it; null: the only one. */
  readonly device: string | null;
}

/** @param place where several compute each step together; by default a graph of its own */
export function createTracer(
  { tensorflow, binding: eager, session, facts }: Runtime,
  { precision, recompute }: Pick<Execution, 'precision' | 'recompute'>,
  place: TracedPlace | null = null,
): Tracer {
  const waits = facts.device === 'cpu';
  const graph = place?.graph ?? createGraph(tensorflow, session);
  const device = place?.device ?? null;
  const variables = new DeviceVariables(graph, place === null ? 'variable' : `variable_${place.member.own}`);
  const autocast = isLowPrecision(precision) ? createAutocast(graph, precision) : noAutocast;
  const binding = createTracingBinding(graph, eager, autocast, () => variables.flush(), rewritersFor(graph, facts));
  const backend = openTracedBackend(binding);
  const known = new Map<Variable, DeviceVariable>();

  function deviceOf(variable: Variable): DeviceVariable {
    const found = known.get(variable);
    if (!found) throw new Error(`The variable ${variable.name} was not built by the engine that is to train it.`);
    return found;
  }

  const nodeOf = (given: Tensor): Node => binding.node(backend.idOf(given));
  const tensor = (node: Node): Tensor => backend.tensor(binding.register(node));

  const delayed = (value: Tensor, until: readonly Tensor[]): Tensor =>
    backend.tensor(binding.delayed(backend.idOf(value), until.map(backend.idOf)));

  /** A network's output, whose gradient is lowered again. */
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
    trace: (compute) => graph.on(device, () => backend.onGraph(() => untracked(compute))),
    placeholder: (dtype, shape) => graph.placeholder(dtype === 'float32' ? dtypes.float : dtypes[dtype], shape),
    variable: (name, shape, values, trainable) =>
      graph.on(device, () =>
        backend.onGraph(() =>
          tf.tidy(() => {
            const made = variables.create(name, shape, values);
            const variable = unlisted(tf.variable(tensor(made.read), trainable, name));
            backend.keepOnDevice(variable);
            known.set(variable, made);
            return variable;
          }),
        ),
      ),
    deviceOf,
    delayed,
    waits,
    exchange:
      place === null ? null : graph.on(device, () => createExchange(graph, place.member, { node: nodeOf, tensor })),
    recompute:
      // What is computed again would be exchanged again.
      place === null && (recompute || waits)
        ? { of: recompute ? 'blocks' : 'norms', input: (kept, dy) => delayed(kept, [dy]), network: autocast.within }
        : null,
    branch: (needed) => branchOn(nodeOf(needed), { graph, nodeOf, tensor }),
    substituted: (values, compute) => withValues(values, tensor, compute),
  };
}

/** While `compute` runs, tfjs reads these nodes in place of the variables' own values. */
function withValues<T>(values: ReadonlyMap<Variable, Node>, tensor: (node: Node) => Tensor, compute: () => T): T {
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
}
