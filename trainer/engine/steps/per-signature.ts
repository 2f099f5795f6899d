/** Traced functions, cached by the types and shapes of their inputs. */
import type { HostBatch, HostInput } from '../../host-batch.ts';

/** Type and shape of an input of a traced function. */
export interface InputSpec {
  /** uint8: pictures, which the function is given normalised. */
  readonly dtype: 'float32' | 'int32' | 'uint8';
  readonly shape: readonly number[];
}

/**
 * Signatures a function may be traced for: a full batch, a last one, an evaluation's, the canvases of a detector. More is the
 * caller's error.
 */
const mostSignatures = 24;

/**
 * @param what names the function in the error message: "The training step"
 * @returns a lookup that compiles the function for each new signature
 * @throws on one signature more
 */
export function perSignature<T>(what: string): (signature: string, compile: () => T) => T {
  const compiled = new Map<string, T>();
  return (signature, compile) => {
    const known = compiled.get(signature);
    if (known !== undefined) return known;
    if (compiled.size >= mostSignatures) {
      throw new Error(
        `${what} was asked for more than ${mostSignatures} shapes (${[...compiled.keys(), signature].join('; ')}): ` +
          'each is traced anew, so give batches of one size.',
      );
    }
    const made = compile();
    compiled.set(signature, made);
    return made;
  };
}

/** Types and shapes of a batch's views, and of its targets by name: the signature of a traced step. */
export interface BatchSignature {
  readonly views: readonly InputSpec[];
  readonly targets: Readonly<Record<string, InputSpec>>;
}

export function specOf({ shape, values }: HostInput): InputSpec {
  if (values instanceof Uint8Array) return { dtype: 'uint8', shape };
  return { dtype: values instanceof Float32Array ? 'float32' : 'int32', shape };
}

/** As text. */
export const specKey = ({ dtype, shape }: InputSpec): string => `${dtype}:${shape.join('x')}`;

/** Targets in the order of their names, so that the order in which the batch was assembled does not matter. */
export function signatureOf({ views, targets }: HostBatch): BatchSignature {
  const names = Object.keys(targets).sort();
  return {
    views: views.map(specOf),
    targets: Object.fromEntries(names.map((name) => [name, specOf(targets[name]!)])),
  };
}

/** The signature as text. */
export function signatureKey({ views, targets }: BatchSignature): string {
  const named = Object.entries(targets).map(([name, spec]) => `${name}:${specKey(spec)}`);
  return [...views.map(specKey), ...named].join(' ');
}

/** The same signature for another number of samples. */
export function withRows({ views, targets }: BatchSignature, rows: number): BatchSignature {
  const resized = ({ dtype, shape }: InputSpec): InputSpec => ({ dtype, shape: [rows, ...shape.slice(1)] });
  return {
    views: views.map(resized),
    targets: Object.fromEntries(Object.entries(targets).map(([name, spec]) => [name, resized(spec)])),
  };
}
