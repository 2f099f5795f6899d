/**
 * Inputs from the host as placeholders. Pictures arrive in 8 bits, a quarter of what they are in float32, and are
 * normalised by the first operations of the graph, to the bits of `normalizer` in `data/pixels`.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { HostInput, HostPictures } from '../../host-batch.ts';
import { typeAttribute } from '../binding/attributes.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Feed, Node } from '../graph/node.ts';
import type { InputSpec } from './per-signature.ts';
import type { Tracer } from './trace.ts';

/** By what levels are divided, lessened and divided again: a scalar and a value for each column of a picture. */
interface Scale<T> {
  readonly most: T;
  readonly mean: T;
  readonly std: T;
}

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

/** Whole lines of a picture have one value for each of their columns: TensorFlow is slow to repeat as few as three. */
function columnsOf([, , width, channels]: readonly number[]): number {
  return channels === 1 ? 1 : width! * channels!;
}

/** Levels in float32, [n, height, width, channels], as (x / 255 - mean) / std. */
function normalized(levels: Tensor, { most, mean, std }: Scale<Tensor>): Tensor {
  const [count, height, width, channels] = levels.shape as [number, number, number, number];
  const lines = levels.reshape([count * height, width * channels]);
  return tf.div(tf.sub(tf.div(lines, most), mean), std).reshape(levels.shape);
}

function scaleOf({ shape, normalization }: HostPictures): Scale<Float32Array> {
  const columns = columnsOf(shape);
  const repeated = (values: readonly number[]) =>
    Float32Array.from({ length: columns }, (_, column) => values[column % values.length]!);
  return { most: Float32Array.of(255), mean: repeated(normalization.mean), std: repeated(normalization.std) };
}

const isPictures = (input: HostInput): input is HostPictures => 'normalization' in input;

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

/** An input as a tensor of the eager engine. */
export function uploaded(given: HostInput): Tensor {
  const { shape, values } = given;
  if (!isPictures(given)) return tf.tensor(values, [...shape], values instanceof Float32Array ? 'float32' : 'int32');
  const { most, mean, std } = scaleOf(given);
  const levels = tf.tensor(Float32Array.from(values), [...shape]);
  return normalized(levels, { most: tf.scalar(most[0]!), mean: tf.tensor1d(mean), std: tf.tensor1d(std) });
}
