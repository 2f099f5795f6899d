/** TensorFlow's functions that set an attribute: the same set in the graph API and the eager API, under two names. */
import type { AttributeSetters } from './attributes.ts';
import { checkStatus, type Handle, type TensorFlow } from './tensorflow.ts';

/** Setters for an operation that is being added to a graph. */
export const graphSetters = (tensorflow: TensorFlow): AttributeSetters => ({
  string: tensorflow.TF_SetAttrString,
  strings: tensorflow.TF_SetAttrStringList,
  int: tensorflow.TF_SetAttrInt,
  ints: tensorflow.TF_SetAttrIntList,
  float: tensorflow.TF_SetAttrFloat,
  floats: tensorflow.TF_SetAttrFloatList,
  bool: tensorflow.TF_SetAttrBool,
  bools: tensorflow.TF_SetAttrBoolList,
  type: tensorflow.TF_SetAttrType,
  types: tensorflow.TF_SetAttrTypeList,
  shape: tensorflow.TF_SetAttrShape,
  shapes: tensorflow.TF_SetAttrShapeList,
});

/** Setters for an operation that is about to run. Here TensorFlow checks shapes at once, and reports through `status`. */
export const eagerSetters = (tensorflow: TensorFlow, status: Handle): AttributeSetters => ({
  string: tensorflow.TFE_OpSetAttrString,
  strings: tensorflow.TFE_OpSetAttrStringList,
  int: tensorflow.TFE_OpSetAttrInt,
  ints: tensorflow.TFE_OpSetAttrIntList,
  float: tensorflow.TFE_OpSetAttrFloat,
  floats: tensorflow.TFE_OpSetAttrFloatList,
  bool: tensorflow.TFE_OpSetAttrBool,
  bools: tensorflow.TFE_OpSetAttrBoolList,
  type: tensorflow.TFE_OpSetAttrType,
  types: tensorflow.TFE_OpSetAttrTypeList,
  shape(operation, name, shape, rank) {
    tensorflow.TFE_OpSetAttrShape(operation, name, shape, rank, status);
    checkStatus(tensorflow, status, 'run an attribute that is a shape');
  },
  shapes(operation, name, shapes, ranks, count) {
    tensorflow.TFE_OpSetAttrShapeList(operation, name, shapes, ranks, count, status);
    checkStatus(tensorflow, status, 'run a list of shapes');
  },
});
