/** Nodes by name: embeddings, targets and metrics inside a graph. */
import type { Tensors } from '../../recipe.ts';
import type { Handle } from '../binding/tensorflow.ts';
import { elementsOf } from '../binding/tensors.ts';
import type { Node } from '../graph/node.ts';
import type { Tracer } from './trace.ts';

export type Nodes = Readonly<Record<string, Node>>;

/** Only while tracing. */
export const nodesOf = (tracer: Tracer, tensors: Tensors): Nodes =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tracer.node(tensor)]));

/** Only while tracing. */
export const tensorsOf = (tracer: Tracer, nodes: Nodes): Tensors =>
  Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, tracer.tensor(node)]));

/** A fetched scalar; its tensor is deleted. */
export const scalarOf = ({ graph }: Tracer, tensor: Handle, node: Node): number => graph.take(tensor, node.dtype)[0]!;

/** @throws where a metric is not a single value */
export function checkedMetrics(metrics: Nodes): Nodes {
  for (const [name, { shape }] of Object.entries(metrics)) {
    if (elementsOf(shape) !== 1) throw new Error(`Metric ${name} has shape [${shape.join(', ')}], not one value.`);
  }
  return metrics;
}
