/** Inputs from the host as placeholders of a graph. */
import type { Tensor } from '@tensorflow/tfjs';
import type { HostInput } from '../../host-batch.ts';
import { typeAttribute } from '../binding/attributes.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Feed, Node } from '../graph/node.ts';
import type { InputSpec } from './per-signature.ts';
import { columnsOf, isPictures, normalized, scaleOf, type Scale } from './pictures.ts';
import type { Tracer } from './trace.ts';

export interface InputNodes {
  readonly values: Node;
  /**
   * Of pictures. Values, not constants: TensorFlow replaces a division by a constant with a product, which has other last
   * bits.
   */
  readonly scale: Scale<Node> | null;
}

export interface TracedInput {
  readonly nodes: InputNodes;
  /** float32 or int32; pictures normalised. */
  readonly tensor: Tensor;
}

/** Only while tracing. */
export function tracedInput(tracer: Tracer, { dtype, shape }: InputSpec): TracedInput {
  const values = tracer.placeholder(dtype, shape);
  if (dtype !== 'uint8') return { nodes: { values, scale: null }, tensor: tracer.tensor(values) };
  const types = [typeAttribute('SrcT', dtypes.uint8), typeAttribute('DstT', dtypes.float)];
  const levels = tracer.graph.add('Cast', [values], 1, { attributes: types }).outputs[0]!;
  const columns = [columnsOf(shape)];
  const scale = {
    most: tracer.placeholder('float32', []),
    mean: tracer.placeholder('float32', columns),
    std: tracer.placeholder('float32', columns),
  };
  const { most, mean, std } = scale;
  const tensors = { most: tracer.tensor(most), mean: tracer.tensor(mean), std: tracer.tensor(std) };
  return { nodes: { values, scale }, tensor: normalized(tracer.tensor(levels), tensors) };
}

export function inputFeeds(graph: Graph, { values, scale }: InputNodes, given: HostInput): readonly Feed[] {
  const feed = graph.feed(values, given.values);
  if (scale === null || !isPictures(given)) return [feed];
  const { most, mean, std } = scaleOf(given);
  return [feed, graph.feed(scale.most, most), graph.feed(scale.mean, mean), graph.feed(scale.std, std)];
}
