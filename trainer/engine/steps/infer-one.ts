/** Inference with one input and one result, over inference with several. */
import type { Engine } from '../engine.ts';

export const ofOne =
  (inferAll: Engine['inferAll']): Engine['infer'] =>
  (compute) => {
    const run = inferAll(([input], at) => [compute(input!, at)]);
    return async (input) => {
      const [output] = await run(input);
      return output!;
    };
  };
