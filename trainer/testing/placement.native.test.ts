/**
 * Every graph that a training on a GPU would run, traced as for a GPU on whatever machine this is, against the kernels that
 * TensorFlow's build for GPUs registers (scripts/gpu-kernels.mjs lists them). An operation without one would run on the
 * processor, and its inputs and outputs would cross the bus in every step. Nothing is computed here.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { detectorLearner } from '../detection/nets/detector-learner.ts';
import { fasterRcnnC4 } from '../detection/nets/faster-rcnn-c4.ts';
import { maskRcnnFpn } from '../detection/nets/mask-rcnn-fpn.ts';
import { openRuntime } from '../engine/binding/runtime.ts';
import { dtypes } from '../engine/binding/tensors.ts';
import { compile } from '../engine/steps/compile.ts';
import { compileStep } from '../engine/steps/compiled-step.ts';
import { createLossScale } from '../engine/steps/loss-scale.ts';
import type { BatchSignature } from '../engine/steps/per-signature.ts';
import { createTracer, type Tracer } from '../engine/steps/trace.ts';
import { createTracedContext } from '../engine/steps/traced-context.ts';
import { createTrainingState } from '../engine/steps/training-state.ts';
import { createBuilder } from '../engine/steps/variable-builder.ts';
import { Execution, precisions, type Precision } from '../protocol/run.ts';
import type { Builder, Detector, Encoder, Learner, StepContext } from '../recipe.ts';
import { encoders, methods, optimizers } from '../registry.ts';
import { nodesIn, type GraphNode } from './graph-nodes.ts';
import { smallEncoder, smallLearner } from './small-learner.ts';

type Kernel = Readonly<Record<string, readonly string[]>>;
const listed = JSON.parse(readFileSync(new URL('gpu-kernels.json', import.meta.url), 'utf8')) as {
  readonly tensorflow: string;
  readonly kernels: Readonly<Record<string, readonly Kernel[]>>;
};
const typeNames = new Map<number, string>(
  Object.entries({ ...dtypes, variant: 21 }).map(([name, number]) => {
    const others: Readonly<Record<string, string>> = { float: 'float32', double: 'float64', half: 'float16' };
    return [number, others[name] ?? name];
  }),
);

const isAllowed = (kernel: Kernel, { types }: GraphNode): boolean =>
  Object.entries(kernel).every(([attribute, allowed]) =>
    (types.get(attribute) ?? []).every((type) => allowed.includes(typeNames.get(type) ?? String(type))),
  );

/** Kinds and types of the operations without a kernel for a GPU. */
function withoutKernel(nodes: readonly GraphNode[]): readonly string[] {
  const missing = nodes.filter((node) => !listed.kernels[node.kind]?.some((kernel) => isAllowed(kernel, node)));
  return [...new Set(missing.map(({ kind, types }) => `${kind} ${[...types].map((one) => one.join(' ')).join(', ')}`))];
}

/** Batch norms that an order beside the data ties to other operations: TensorFlow fuses none of them. */
function orderedNorms(nodes: readonly GraphNode[]): readonly string[] {
  const isNorm = (name: string): boolean => name.startsWith('FusedBatchNorm');
  const before = nodes.filter(({ inputs }) => inputs.some((input) => input.startsWith('^') && isNorm(input.slice(1))));
  const after = nodes.filter(({ name, inputs }) => isNorm(name) && inputs.some((input) => input.startsWith('^')));
  return [...before, ...after].map(({ name }) => name);
}

// Smaller networks have the same operations.
const batch = 16;
const size = 12;

interface Tracing {
  readonly tracer: Tracer;
  readonly builder: (seed: number) => Builder;
}

/** A tracer that traces as on the device, whatever this machine has. */
async function tracingFor(device: 'cpu' | 'gpu:0', precision: Precision): Promise<Tracing> {
  const runtime = await openRuntime(v.parse(Execution, { threads: 2 }));
  const execution = v.parse(Execution, { threads: 2, device, precision });
  const tracer = createTracer({ ...runtime, facts: { ...runtime.facts, device } }, execution);
  return { tracer, builder: (seed) => createBuilder(tracer.variable, seed) };
}

interface TracedStep {
  readonly learner: Learner;
  readonly signature: BatchSignature;
  readonly precision: Precision;
  readonly optimizer?: string;
}

/** Traces a training step, the clipped one beside it. */
function traceStep({ tracer }: Tracing, { learner, signature, precision, optimizer = 'lars' }: TracedStep): void {
  const chosen = { recipe: optimizers.get(optimizer), options: {}, clips: true };
  const lossScale = precision === 'float16' ? createLossScale() : null;
  const state = createTrainingState(tracer, learner, chosen, lossScale);
  compileStep({ tracer, learner, state, scaled: lossScale !== null, clips: true }, signature);
}

/** Traces a function without training, as `Engine.inferAll` does. */
function traceInference(
  { tracer }: Tracing,
  shapes: readonly (readonly number[])[],
  compute: (inputs: readonly Tensor[], at: StepContext) => readonly Tensor[],
): void {
  const specs = shapes.map((shape) => ({ dtype: 'float32', shape }) as const);
  compile(tracer, specs, (...inputs) => {
    const { context } = createTracedContext(tracer, tracer.node(tf.scalar(0, 'int32')), false);
    return Object.values(tracer.network(() => Object.fromEntries(compute(inputs, context).entries())));
  });
}

const side = 64;
const pictures: BatchSignature = {
  views: [{ dtype: 'float32', shape: [2, side, side, 3] }],
  targets: {
    sizes: { dtype: 'float32', shape: [2, 2] },
    boxes: { dtype: 'float32', shape: [2, 3, 4] },
    present: { dtype: 'float32', shape: [2, 3] },
    classes: { dtype: 'int32', shape: [2, 3] },
    masks: { dtype: 'int32', shape: [2, 3, side, side / 32] },
  },
};
const counts = { before: 100, after: 20 };
const shared = {
  classes: 2,
  sample: { count: 16, mostPositive: 4 },
  proposals: { training: counts, finding: counts },
};
function pictureEncoder({ builder }: Tracing): Encoder {
  const recipe = encoders.get('resnet-18');
  const options = v.parse(recipe.options, { width: 4, stem: 'imagenet' });
  return recipe.build(builder(1).at('encoder'), options, { channels: 3 });
}
const detectors: Readonly<Record<string, (tracing: Tracing) => Detector>> = {
  'Faster R-CNN C4': (tracing) =>
    fasterRcnnC4(tracing.builder(1), pictureEncoder(tracing), { ...shared, sizes: [12, 24, 48] }),
  'Mask R-CNN FPN': (tracing) =>
    maskRcnnFpn(tracing.builder(1), pictureEncoder(tracing), {
      ...shared,
      sizes: [8, 16, 32, 64, 128],
      channels: 8,
      boxWidth: 16,
      maskWidth: 8,
      norm: true,
    }),
};

const nodesOf = ({ tracer }: Tracing): readonly GraphNode[] => nodesIn(tracer.graph.definition());

function tracedMethod(tracing: Tracing, id: string, precision: Precision, optimizer?: string): void {
  const method = methods.get(id);
  const learner = smallLearner(tracing, method, { batch, classes: 3 });
  const signature: BatchSignature = {
    views: Array.from({ length: method.views }, () => ({ dtype: 'uint8', shape: [batch, size, size, 1] }) as const),
    targets: method.labels ? { label: { dtype: 'int32', shape: [batch] } } : {},
  };
  traceStep(tracing, { learner, signature, precision, ...(optimizer === undefined ? {} : { optimizer }) });
}

it('the list is of the TensorFlow that set-up installs, and tells a kernel that is not there', () => {
  const { version } = JSON.parse(readFileSync('resources/tensorflow.json', 'utf8')) as { readonly version: string };
  expect(listed.tensorflow).toBe(version);
  const check = (type: number): GraphNode => ({
    name: 'CheckNumerics_0',
    kind: 'CheckNumerics',
    inputs: [],
    types: new Map([['T', [type]]]),
  });
  expect(withoutKernel([check(dtypes.float)])).toEqual([]);
  expect(withoutKernel([check(dtypes.bfloat16)])).toEqual([`CheckNumerics T ${dtypes.bfloat16}`]);
});

describe.each(precisions)('in %s a GPU has a kernel for every operation', (precision) => {
  it.each(methods.all.map(({ id }) => id))('of a step of %s', async (id) => {
    const tracing = await tracingFor('gpu:0', precision);
    tracedMethod(tracing, id, precision);
    const nodes = nodesOf(tracing);
    expect(nodes.some(({ kind }) => kind === 'Conv2DBackpropFilter')).toBe(true);
    expect(withoutKernel(nodes)).toEqual([]);
    expect(orderedNorms(nodes)).toEqual([]);
  });

  // Of each architecture; the others are deeper or wider.
  it.each(['resnet-50', 'vit'])('of the features of %s', async (id) => {
    const tracing = await tracingFor('gpu:0', precision);
    const encoder = smallEncoder(tracing.builder(1), {}, id);
    traceInference(tracing, [[batch, size, size, 1]], ([images], at) => [encoder.forward(images!, at).pooled]);
    expect(withoutKernel(nodesOf(tracing))).toEqual([]);
  });

  it.each(Object.keys(detectors))('of a step and a search of %s', async (name) => {
    const tracing = await tracingFor('gpu:0', precision);
    const detector = detectors[name]!(tracing);
    traceStep(tracing, { learner: detectorLearner(detector, 1), signature: pictures, precision, optimizer: 'sgd' });
    traceInference(tracing, [pictures.views[0]!.shape, [2, 2]], ([images, sizes], at) => {
      const { boxes, scores, classes, masks } = detector.find({ images: images!, sizes: sizes! }, at);
      return [boxes, scores, classes, ...(masks ? [masks] : [])];
    });
    expect(withoutKernel(nodesOf(tracing))).toEqual([]);
  });
});

it.each(optimizers.all.map(({ id }) => id))('a GPU has a kernel for every operation of %s', async (id) => {
  const tracing = await tracingFor('gpu:0', 'float32');
  tracedMethod(tracing, 'supervised', 'float32', id);
  expect(withoutKernel(nodesOf(tracing))).toEqual([]);
});

it('on a processor, where memory is what lacks, norms are made again and weights wait for their gradient', async () => {
  const tracing = await tracingFor('cpu', 'float32');
  tracedMethod(tracing, 'vicreg', 'float32');
  expect(orderedNorms(nodesOf(tracing)).length).toBeGreaterThan(0);
});
