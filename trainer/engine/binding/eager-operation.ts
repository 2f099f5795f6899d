/** Runs single operations through TensorFlow's eager API. */
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { permanent, setAttribute } from './attributes.ts';
import { eagerSetters } from './attribute-setters.ts';
import { refuseAvoided } from './avoided-operations.ts';
import type { EagerTensors, TensorMetadata } from './eager-tensors.ts';
import { checkStatus, type Handle, type TensorFlow } from './tensorflow.ts';

/** No operation the backend runs has more outputs than this. */
const outputLimit = 256;

/** @returns a function that runs the named operation on tensors given by id and returns its first `count` outputs */
export function createOperationRunner(
  tensorflow: TensorFlow,
  context: Handle,
  tensors: EagerTensors,
  status: Handle,
): TFJSBinding['executeOp'] {
  const setters = eagerSetters(tensorflow, status);
  const outputs = new BigInt64Array(outputLimit);
  const outputCount = new Int32Array(1);
  const check = (what: string): void => checkStatus(tensorflow, status, `run ${what}`);

  return (name, attributes, inputs, count) => {
    refuseAvoided(name, () => ({
      shapes: inputs.map((input) => tensors.shapeOf(input)),
      integers: (input) => [...(tensors.read(inputs[input]!) as Int32Array)],
      attributes,
    }));
    const operation = tensorflow.TFE_NewOp(context, permanent(name), status);
    if (operation === 0) check(name);
    try {
      for (const input of inputs) tensorflow.TFE_OpAddInput(operation, tensors.handleOf(input), status);
      for (const attribute of attributes) setAttribute(setters, operation, attribute);
      outputCount[0] = count;
      tensorflow.TFE_Execute(operation, outputs, outputCount, status);
      check(name);
      const results = new Array<TensorMetadata>(count);
      for (let index = 0; index < count; index++) results[index] = tensors.adopt(Number(outputs[index]));
      return results;
    } finally {
      tensorflow.TFE_DeleteOp(operation);
    }
  };
}
