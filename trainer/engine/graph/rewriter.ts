import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { Node } from './node.ts';

/** Recognises operations that are being added to a graph, and adds faster ones in their place. */
export interface Rewriter {
  /** The result of an operation, computed another way; null to add the operation as it is. */
  inPlaceOf(kind: string, inputs: readonly Node[], attributes: readonly TFEOpAttr[]): Node | null;
  /** Called after an operation was added as it is. */
  added?(kind: string, inputs: readonly Node[], attributes: readonly TFEOpAttr[], output: Node): void;
}
