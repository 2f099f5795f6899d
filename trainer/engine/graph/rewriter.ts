import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { Node } from './node.ts';

/** Recognises what is being added to a graph, and adds something better in its place. */
export interface Rewriter {
  /** The result of an operation of this kind, made another way; null for the operation itself. */
  inPlaceOf(kind: string, inputs: readonly Node[], attributes: readonly TFEOpAttr[]): Node | null;
  /** An operation that was added as it is. */
  added?(kind: string, inputs: readonly Node[], attributes: readonly TFEOpAttr[], output: Node): void;
}
