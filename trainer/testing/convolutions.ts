/** For tests of what stands in place of TensorFlow's convolutions: the attributes of such an operation, and its inputs. */
import { attributeKinds } from '../engine/attributes.ts';
import { type } from '../engine/graph.ts';
import { elementsOf } from '../engine/tensors.ts';
import { keyed } from '../random.ts';

export interface Window {
  readonly stride?: number;
  readonly padding?: string;
  readonly dilation?: number;
}

export const convolutionAttributes = (dtype: number, { stride = 1, padding = 'SAME', dilation = 1 }: Window = {}) => [
  type('T', dtype),
  { name: 'strides', type: attributeKinds.int, value: [1, stride, stride, 1] },
  { name: 'dilations', type: attributeKinds.int, value: [1, dilation, dilation, 1] },
  { name: 'padding', type: attributeKinds.string, value: padding },
];

/** Normal numbers, the same for the same name and shape. */
export function noise(name: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(elementsOf(shape));
  keyed(3, name, ...shape).fillNormal(values);
  return values;
}
