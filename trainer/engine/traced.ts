/**
 * The traced engine: a training step is recorded once as one TensorFlow graph, gradients, optimizer and running statistics
 * included, and then run as a whole, off this thread, with all state on the device.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../fault.ts';
import type { Execution } from '../protocol/run.ts';
import type { Options } from '../protocol/options.ts';
import { keyed } from '../random.ts';
import type { Learner, Moment, OptimizerRecipe, Tensors } from '../recipe.ts';
import { createBuilder } from './builder.ts';
import { openEagerEngine } from './eager.ts';
import type { Engine, HostBatch, HostTensor, StateEntry, Stepper } from './engine.ts';
import type { Feed, Node } from './graph.ts';
import { openRuntime } from './runtime.ts';
import { gradientsOf, namedOnce, unique } from './stepper.ts';
import { newTensor, tensorValues } from './tensors.ts';
import { compile, createTracer, type Tracer } from './trace.ts';
import type { Handle } from './tensorflow.ts';

/** Shapes a function may be traced for: a full batch, a last one, an evaluation's. More is a mistake of the caller. */
const mostShapes = 8;

/** Compiled functions by the shapes they were traced for. */
function perShape<T>(what: string, compile: (shapes: readonly (readonly number[])[]) => T) {
  const compiled = new Map<string, T>();
  return (shapes: readonly (readonly number[])[]): T => {
    const key = shapes.map((shape) => shape.join('x')).join(' ');
    const known = compiled.get(key);
    if (known !== undefined) return known;
    if (compiled.size >= mostShapes) {
      throw new Error(
        `${what} was asked for more than ${mostShapes} shapes (${[...compiled.keys(), key].join('; ')}): ` +
          'each is traced anew, so give batches of one size.',
      );
    }
    const made = compile(shapes);
    compiled.set(key, made);
    return made;
  };
}

/** Random numbers of a step, drawn on the host: a node and the name they are drawn by. */
interface Draw {
  readonly node: Node;
  readonly name: string;
}

function createTracedMoment(
  tracer: Tracer,
  step: Node,
  training: boolean,
): { readonly moment: Moment; readonly draws: readonly Draw[]; readonly updates: ReadonlyMap<Variable, Node> } {
  const draws: Draw[] = [];
  const updates = new Map<Variable, Node>();
  const current = (variable: Variable): Tensor => {
    const pending = updates.get(variable);
    return pending ? tracer.tensor(pending) : variable;
  };
  const moment: Moment = {
    step: tracer.tensor(step),
    training,
    uniform(name, shape) {
      const node = tracer.placeholder('float32', shape);
      draws.push({ node, name });
      return tracer.tensor(node);
    },
    current,
    update(variable, next) {
      if (training) updates.set(variable, tracer.node(next(current(variable))));
    },
  };
  return { moment, draws, updates };
}

interface CompiledStep {
  readonly views: readonly Node[];
  readonly index: Node;
  readonly labels: Node | null;
  readonly step: Node;
  readonly stepsTaken: Node;
  readonly lr: Node;
  readonly draws: readonly Draw[];
  readonly loss: Node;
  readonly metrics: Readonly<Record<string, Node>>;
  /** Changes all state, once the loss is known to be finite. */
  readonly train: Handle;
}

/** Begins TensorFlow's message about a loss that is not finite. */
const notFinite = 'the loss is not finite';

function createTracedStepper(
  tracer: Tracer,
  learner: Learner,
  optimizer: { readonly recipe: OptimizerRecipe; readonly options: Options },
  seed: number,
): Stepper {
  const { graph, variables } = tracer;
  const { tensorflow } = graph;
  const { recipe } = optimizer;
  const options = v.parse(recipe.options, optimizer.options) as Options;
  const weights = unique(learner.trainable.flatMap((net) => net.weights));
  const statistics = unique(learner.trainable.flatMap((net) => net.state));
  const slots = new Map(
    weights.map((weight) => {
      const zeros = () => new Float32Array(weight.size);
      const made = recipe.slots.map((slot) => {
        const name = `optimizer/${slot}/${weight.name}`;
        return [slot, tracer.variable(name, weight.shape, zeros(), false)] as const;
      });
      return [weight, Object.fromEntries(made)] as const;
    }),
  );
  const named = [
    ...[...weights, ...statistics].map((variable) => ({ name: variable.name, variable })),
    ...Object.entries(learner.state ?? {}).map(([name, variable]) => ({ name: `learner/${name}`, variable })),
    ...recipe.slots.flatMap((slot) =>
      weights.map((weight) => ({ name: `optimizer/${slot}/${weight.name}`, variable: slots.get(weight)![slot]! })),
    ),
  ];
  const state: readonly StateEntry[] = namedOnce(
    variables.entries(named.map(({ name, variable }) => ({ name, variable: tracer.deviceOf(variable) }))),
  );

  function compileStep(shapes: readonly (readonly number[])[], labelled: boolean): CompiledStep {
    return tracer.trace(() => {
      const rows = shapes[0]![0]!;
      const views = shapes.map((shape) => tracer.placeholder('float32', shape));
      const index = tracer.placeholder('int32', [rows]);
      const labels = labelled ? tracer.placeholder('int32', [rows]) : null;
      const step = tracer.placeholder('int32', []);
      const [stepsTaken, lr] = [tracer.placeholder('float32', []), tracer.placeholder('float32', [])];
      const { moment, draws, updates } = createTracedMoment(tracer, step, true);
      const batch = {
        views: views.map(tracer.tensor),
        index: tracer.tensor(index),
        targets: labels ? { label: tracer.tensor(labels) } : {},
      };

      const nodes = (tensors: Tensors) =>
        Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tracer.node(tensor)]));
      const tensors = (of: Readonly<Record<string, Node>>): Tensors =>
        Object.fromEntries(Object.entries(of).map(([name, node]) => [name, tracer.tensor(node)]));
      let embedded: Readonly<Record<string, Node>> = {};
      let metrics: Readonly<Record<string, Node>> = {};
      const { value, grads } = tf.variableGrads(() => {
        const embeddings = tracer.network(() => learner.embed(batch, moment));
        const outcome = learner.loss(embeddings, batch.targets, moment);
        embedded = nodes(embeddings);
        metrics = nodes(outcome.metrics);
        return outcome.loss as tf.Scalar;
      }, weights as Variable[]);
      const loss = tracer.node(value);
      const finite = graph.add('CheckNumerics', [loss], 1, {
        attributes: [{ name: 'message', type: 0, value: notFinite }],
      }).operation;

      const gradients = gradientsOf(weights, grads);
      const at = { lr: tracer.tensor(lr), step: tracer.tensor(stepsTaken) };
      const next = new Map<Variable, Node>(updates);
      weights.forEach((weight, place) => {
        const own = slots.get(weight)!;
        const updated = recipe.update(weight, gradients[place]!, own, { ...at, shape: weight.shape }, options);
        next.set(weight, tracer.node(updated.weight));
        for (const [slot, variable] of Object.entries(own)) next.set(variable, tracer.node(updated.slots[slot]!));
      });
      // What follows the optimizer sees the weights it gave.
      const later = tracer.substituted(next, () =>
        (learner.updates?.(tensors(embedded), moment) ?? []).map(
          ([variable, tensor]) => [variable, tracer.node(tensor)] as const,
        ),
      );
      for (const [variable, node] of later) next.set(variable, node);
      const assignments = [...next].map(([variable, node]) => tracer.deviceOf(variable).assign(node, [finite]));
      const train = graph.add('NoOp', [], 0, { after: assignments }).operation;
      const monitored = learner.monitor ? nodes(learner.monitor(tensors(embedded))) : {};
      metrics = { ...metrics, ...monitored };
      for (const [name, { shape }] of Object.entries(metrics)) {
        if (shape.reduce((a, b) => a * b, 1) !== 1)
          throw new Error(`Metric ${name} has shape [${shape.join(', ')}], not one value.`);
      }
      return { views, index, labels, step, stepsTaken, lr, draws, loss, metrics, train };
    });
  }
  const unlabelled = perShape('The training step', (shapes) => compileStep(shapes, false));
  const labelled = perShape('The training step', (shapes) => compileStep(shapes, true));

  const compiledFor = (batch: HostBatch): CompiledStep =>
    (batch.labels ? labelled : unlabelled)(batch.views.map((view) => view.shape));

  function feedsOf(compiled: CompiledStep, batch: HostBatch, at: { readonly step: number; readonly lr: number }) {
    const feed = (node: Node, values: Float32Array | Int32Array): Feed => ({
      node,
      tensor: newTensor(tensorflow, node.shape, node.dtype, values),
    });
    return [
      ...compiled.views.map((node, view) => feed(node, batch.views[view]!.values)),
      feed(compiled.index, batch.index),
      ...(compiled.labels ? [feed(compiled.labels, batch.labels!)] : []),
      feed(compiled.step, Int32Array.of(at.step)),
      feed(compiled.stepsTaken, Float32Array.of(at.step + 1)),
      feed(compiled.lr, Float32Array.of(at.lr)),
      ...compiled.draws.map(({ node, name }) => {
        const values = new Float32Array(node.shape.reduce((a, b) => a * b, 1));
        keyed(seed, 'moment', at.step, name).fillUniform(values);
        return feed(node, values);
      }),
    ];
  }

  return {
    state,
    async profile(batch, at) {
      const compiled = compiledFor(batch);
      variables.flush();
      const request = { feeds: feedsOf(compiled, batch, at), fetches: [], targets: [compiled.train] };
      return (await graph.profile(request)).timings;
    },
    async run(batch, at, wanted) {
      const compiled = compiledFor(batch);
      variables.flush();
      const metrics = wanted.metrics ? Object.entries(compiled.metrics) : [];
      const feeds = feedsOf(compiled, batch, at);
      const fetches = [compiled.loss, ...metrics.map(([, node]) => node)];
      try {
        const found = await graph.run({ feeds, fetches, targets: [compiled.train] });
        const [loss, ...values] = found.map((tensor, place) => scalar(tracer, tensor, fetches[place]!));
        return { loss: loss!, metrics: Object.fromEntries(metrics.map(([name], place) => [name, values[place]!])) };
      } catch (error) {
        // Nothing was assigned. TensorFlow says which kind of value it met.
        if (!(error instanceof Error) || !error.message.includes(notFinite)) throw error;
        return { loss: error.message.includes('Inf') ? Number.POSITIVE_INFINITY : Number.NaN, metrics: {} };
      }
    },
    dispose() {
      const own = [...slots.values()].flatMap((of) => Object.values(of));
      variables.destroy(own.map(tracer.deviceOf));
      tf.dispose(own);
    },
  };
}

function scalar({ graph }: Tracer, tensor: Handle, node: Node): number {
  const [value] = tensorValues(graph.tensorflow, tensor, node.dtype);
  graph.tensorflow.TF_DeleteTensor(tensor);
  return value!;
}

function createTracedInference(tracer: Tracer, compute: (input: Tensor, at: Moment) => Tensor) {
  const compiled = perShape('An inference', ([shape]) =>
    compile(tracer, [{ dtype: 'float32', shape: shape! }], (input) => {
      const step = tracer.node(tf.scalar(0, 'int32'));
      const { moment } = createTracedMoment(tracer, step, false);
      return Object.values(tracer.network(() => ({ output: compute(input, moment) })));
    }),
  );
  return async (input: HostTensor): Promise<HostTensor> => {
    const [output] = await compiled([input.shape])(input);
    return output!;
  };
}

/** Some processors have no kernel for it, which shows at the first convolution. */
async function proveBfloat16(tracer: Tracer, instructionSet: string): Promise<void> {
  const spec = { dtype: 'float32', shape: [1, 4, 4, 1] } as const;
  try {
    const convolve = compile(tracer, [spec], (x) =>
      Object.values(
        tracer.network(() => ({ y: tf.conv2d(x as tf.Tensor4D, tf.ones<tf.Rank.R4>([3, 3, 1, 1]), 1, 'same') })),
      ),
    );
    await convolve({ shape: spec.shape, values: new Float32Array(16) });
  } catch (cause) {
    throw new FaultError(
      'device-unavailable',
      `This processor (${instructionSet}) cannot convolve in bfloat16: choose float32.`,
      { instructionSet },
      { cause },
    );
  }
}

export async function openTracedEngine(execution: Execution): Promise<Engine> {
  const runtime = await openRuntime(execution);
  const eager = await openEagerEngine({ ...execution, precision: 'float32' });
  const tracer = createTracer(runtime, execution.precision);
  if (execution.precision === 'bfloat16') await proveBfloat16(tracer, runtime.facts.instructionSet);
  return {
    ...eager,
    builder: (seed) => createBuilder(tracer.variable, seed),
    stepper: (learner, optimizer, seed) => createTracedStepper(tracer, learner, optimizer, seed),
    entries: (nets) =>
      tracer.variables.entries(
        unique(nets.flatMap((net) => [...net.weights, ...net.state])).map((variable) => ({
          name: variable.name,
          variable: tracer.deviceOf(variable),
        })),
      ),
    infer: (compute) => createTracedInference(tracer, compute),
  };
}
