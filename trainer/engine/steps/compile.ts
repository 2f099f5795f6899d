/** Traced functions that the host calls with tensors of its own. */
import type { Tensor } from '@tensorflow/tfjs';
import type { HostInput, HostTensor } from '../../host-batch.ts';
import { inputFeeds, tracedInput } from './host-inputs.ts';
import type { InputSpec } from './per-signature.ts';
import type { Tracer } from './trace.ts';

/**
 * Traces a function of tensors once; the compiled function takes and returns host tensors and runs as a whole.
 *
 * @throws if an input does not have the traced shape, an operation reads a value on the host, or the shape of a result
 * depends on the data
 */
export function compile(
  tracer: Tracer,
  inputs: readonly InputSpec[],
  compute: (...inputs: readonly Tensor[]) => readonly Tensor[],
): (...values: readonly HostInput[]) => Promise<readonly HostTensor[]> {
  const { graph, variables } = tracer;
  const { nodes, outputs } = tracer.trace(() => {
    const made = inputs.map((spec) => tracedInput(tracer, spec));
    const outputs = compute(...made.map(({ tensor }) => tensor)).map(tracer.node);
    return { nodes: made.map((input) => input.nodes), outputs };
  });
  return async (...given) => {
    given.forEach(({ shape }, place) => {
      const traced = inputs[place]?.shape ?? [];
      if (shape.join() !== traced.join())
        throw new Error(`Input ${place} has shape [${shape.join(', ')}], traced was [${traced.join(', ')}].`);
    });
    variables.flush();
    const feeds = nodes.flatMap((input, place) => inputFeeds(graph, input, given[place]!));
    const results = await graph.run({ feeds, fetches: outputs, targets: [] });
    return results.map((result, place) => {
      const { shape, dtype } = outputs[place]!;
      return { shape, values: graph.take(result, dtype) as HostTensor['values'] };
    });
  };
}
