/** TensorFlow as PyPI serves it: `resources/tensorflow.json`, which set-up and the program read. */
import * as v from 'valibot';

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'a SHA-256 has 64 hexadecimal digits'));
const bytes = v.pipe(v.number(), v.integer(), v.minValue(1));

/** A wheel with the hashes of it and of the files taken from it, which were read from the wheel itself. */
export const Wheel = v.object({
  /** `nvidia-cudnn-cu12==9.3.0.75`. */
  requirement: v.pipe(v.string(), v.regex(/^[a-z0-9-]+==[0-9.]+$/, 'expected NAME==VERSION')),
  file: v.pipe(v.string(), v.regex(/^[\w.-]+\.whl$/, 'expected the name of a wheel')),
  bytes,
  sha256,
  /** Of what is taken. */
  unpackedBytes: bytes,
  /** Path, in the wheel as below TensorFlow's folder → SHA-256. */
  files: v.record(
    v.pipe(v.string(), v.regex(/^(tensorflow|nvidia)(\/\w[\w.-]*)+$/, 'expected a path below tensorflow or nvidia')),
    sha256,
  ),
  /** Key of its licence. */
  licence: v.string(),
});
export type Wheel = v.InferOutput<typeof Wheel>;

export const TensorFlowPins = v.object({
  version: v.string(),
  licences: v.record(v.string(), v.strictObject({ name: v.string(), link: v.string() })),
  /** By platform and processor, `linux-x64`. */
  builds: v.record(v.string(), v.object({ cpu: v.array(Wheel), gpu: v.array(Wheel) })),
});
export type TensorFlowPins = v.InferOutput<typeof TensorFlowPins>;
