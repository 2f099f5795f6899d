/** Placeholders for a batch and for the position of a step, and the values fed to them. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Batch, Shape, Tensors } from '../../recipe.ts';
import { elementsOf } from '../binding/tensors.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { StepPosition } from '../engine.ts';
import type { Feed, Node } from '../graph/node.ts';
import { inputFeeds, tracedInput, type InputNodes } from './host-inputs.ts';
import { tensorsOf, type Nodes } from './named-nodes.ts';
import type { BatchSignature } from './per-signature.ts';
import { drawUniform } from './step-context.ts';
import type { Tracer } from './trace.ts';
import { createTracedContext, type Draw, type TracedContext } from './traced-context.ts';

/** A loss's inputs from a batch besides its embeddings. */
export interface TargetInputs {
  readonly index: Node;
  readonly targets: Nodes;
}

/** Placeholders for it. Only while tracing. */
export function targetInputs(tracer: Tracer, { views, targets }: BatchSignature): TargetInputs {
  const rows = views[0]!.shape[0]!;
  return {
    index: tracer.placeholder('int32', [rows]),
    targets: Object.fromEntries(
      Object.entries(targets).map(([name, { dtype, shape }]) => [name, tracer.placeholder(dtype, shape)]),
    ),
  };
}

/** Only while tracing. */
export const targetTensors = (tracer: Tracer, { index, targets }: TargetInputs): Tensors => ({
  ...tensorsOf(tracer, targets),
  index: tracer.tensor(index),
});

export function targetFeeds({ graph }: Tracer, { index, targets }: TargetInputs, batch: HostBatch): readonly Feed[] {
  return [
    graph.feed(index, batch.index),
    ...Object.entries(targets).map(([name, node]) => graph.feed(node, batch.targets[name]!.values)),
  ];
}

/** A batch and the position of its step, as placeholders. */
export interface BatchInputs extends TargetInputs {
  readonly views: readonly InputNodes[];
  readonly step: Node;
  readonly draws: readonly Draw[];
}

export interface TracedBatch extends Pick<TracedContext, 'context' | 'whole' | 'updates'> {
  readonly inputs: BatchInputs;
  readonly batch: Batch;
  /** Views that the host gives in float32. */
  readonly floats: readonly Tensor[];
}

/** Placeholders for a batch of this signature, with tensors of them to compute on. Only while tracing. */
export function batchInputs(tracer: Tracer, signature: BatchSignature): TracedBatch {
  const views = signature.views.map((spec) => tracedInput(tracer, spec));
  const { index, targets } = targetInputs(tracer, signature);
  const step = tracer.placeholder('int32', []);
  const { context, whole, draws, updates } = createTracedContext(tracer, step, true, signature.views[0]!.shape[0]);
  const batch = {
    views: views.map(({ tensor }) => tensor),
    index: tracer.tensor(index),
    targets: tensorsOf(tracer, targets),
  };
  return {
    inputs: { views: views.map(({ nodes }) => nodes), index, targets, step, draws },
    batch,
    floats: views.flatMap(({ nodes, tensor }) => (nodes.scale === null ? [tensor] : [])),
    context,
    whole,
    updates,
  };
}

/** A draw's values: where it is for each row, this device's part of what is drawn for the whole batch, however many share it. */
function drawn(
  { exchange }: Tracer,
  { node: { shape }, isPart }: Draw,
  draw: (shape: Shape) => Float32Array,
): Float32Array {
  if (exchange === null || !isPart) return draw(shape);
  const [rows, ...rest] = shape as [number, ...number[]];
  const size = elementsOf(shape);
  return draw([rows * exchange.count, ...rest]).subarray(exchange.own * size, (exchange.own + 1) * size);
}

/** Values for a batch's placeholders. `part` separates the random draws of several parts of one step. */
export function batchFeeds(
  tracer: Tracer,
  inputs: BatchInputs,
  batch: HostBatch,
  { seed, step, part }: { readonly seed: number; readonly step: number; readonly part?: number },
): readonly Feed[] {
  const { graph } = tracer;
  return [
    ...inputs.views.flatMap((input, view) => inputFeeds(graph, input, batch.views[view]!)),
    ...targetFeeds(tracer, inputs, batch),
    graph.feed(inputs.step, Int32Array.of(step)),
    ...inputs.draws.map((draw) =>
      graph.feed(
        draw.node,
        drawn(tracer, draw, (shape) => drawUniform(seed, step, draw.name, shape, part)),
      ),
    ),
  ];
}

/** Position of a step, for the optimizer's rule. */
export interface RateInputs {
  readonly stepsTaken: Node;
  readonly lr: Node;
  readonly peak: Node;
}

/** Placeholders for it. Only while tracing. */
export function rateInputs(tracer: Tracer): RateInputs {
  const scalar = (): Node => tracer.placeholder('float32', []);
  return { stepsTaken: scalar(), lr: scalar(), peak: scalar() };
}

export function rateFeeds(
  { graph }: Tracer,
  inputs: RateInputs,
  { step, lr, peak = lr }: StepPosition,
): readonly Feed[] {
  return [
    graph.feed(inputs.stepsTaken, Float32Array.of(step + 1)),
    graph.feed(inputs.lr, Float32Array.of(lr)),
    graph.feed(inputs.peak, Float32Array.of(peak)),
  ];
}

/** The factor of the loss for its placeholder; empty if the loss is not scaled. */
export const scaleFeeds = ({ graph }: Tracer, node: Node | null, scale: number): readonly Feed[] =>
  node ? [graph.feed(node, Float32Array.of(scale))] : [];
