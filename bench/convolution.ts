/**
 * Convolutions of 3x3 windows, forward and the kernel gradient: compares TensorFlow's own operation with its
 * replacement, Winograd's in float32 and matrix products in bfloat16 (if the processor supports it), in time and in
 * results. The basis of the rules in trainer/engine/rewriters/winograd.ts and kernel-gradient.ts.
 *
 *   npm run bench -- convolution
 */
import { availableParallelism } from 'node:os';
import * as v from 'valibot';
import { attributeKinds, stringAttribute, typeAttribute } from '../trainer/engine/binding/attributes.ts';
import { createGraph } from '../trainer/engine/graph/graph.ts';
import type { Node } from '../trainer/engine/graph/node.ts';
import { createKernelGradient } from '../trainer/engine/rewriters/kernel-gradient.ts';
import { openRuntime } from '../trainer/engine/binding/runtime.ts';
import { dtypes, elementsOf } from '../trainer/engine/binding/tensors.ts';
import { cost, createWinograd, gainOn } from '../trainer/engine/rewriters/winograd.ts';
import { median } from '../trainer/training/pace.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { relativeDistance } from '../trainer/testing/distance.ts';

const rounds = 7;
/** Images, side and channels of the stages of ResNets at 32 px, at 224 px and at 320 px, and of the parts of a detector. */
const stages = [
  [128, 32, 64],
  [128, 16, 128],
  [128, 8, 256],
  [128, 4, 512],
  [16, 56, 64],
  [16, 28, 128],
  [16, 14, 256],
  [16, 7, 512],
  [2, 80, 128],
  [2, 40, 128],
  [2, 20, 256],
  [2, 10, 512],
  [64, 14, 128],
  [256, 7, 512],
] as const;

const threads = availableParallelism();
const runtime = await openRuntime(v.parse(Execution, { engine: 'traced', threads }));

const gain = gainOn(runtime.facts.instructionSet);

for (const [n, size, channels] of stages) {
  const graph = createGraph(runtime.tensorflow, runtime.session);
  const winograd = createWinograd(graph, runtime.facts.instructionSet);
  const shapes = [
    [n, size, size, channels],
    [3, 3, channels, channels],
    [n, size, size, channels],
  ] as const;
  const nodes = shapes.map((shape) => graph.placeholder(dtypes.float, shape));
  const values = shapes.map((shape, place) => {
    const drawn = new Float32Array(elementsOf(shape));
    keyed(1, 'convolution', place).fillNormal(drawn);
    return drawn;
  });
  const [x, kernel, dy] = nodes as [Node, Node, Node];
  const attributes = (dtype: number) => [
    typeAttribute('T', dtype),
    { name: 'strides', type: attributeKinds.int, value: [1, 1, 1, 1] },
    stringAttribute('padding', 'SAME'),
  ];
  const added = (kind: string, inputs: readonly Node[], given = attributes(inputs[0]!.dtype)): Node =>
    graph.add(kind, inputs, 1, { attributes: given }).outputs[0]!;
  const cast = (node: Node, to: number): Node =>
    added('Cast', [node], [typeAttribute('SrcT', node.dtype), typeAttribute('DstT', to)]);
  const kernelSizes = graph.constant(dtypes.int32, [4], Int32Array.from(shapes[1]));
  const ways = [
    { name: 'forward, Winograd', direct: added('Conv2D', [x, kernel]), own: winograd.convolution(x, kernel) },
    {
      name: 'gradient, Winograd',
      direct: added('Conv2DBackpropFilter', [x, kernelSizes, dy]),
      own: winograd.kernelGradient(x, dy),
    },
  ];
  if (runtime.facts.instructionSet.includes('BF16')) {
    const [images, errors] = [cast(x, dtypes.bfloat16), cast(dy, dtypes.bfloat16)];
    const placement = {
      window: 3,
      stride: 1,
      margins: [
        [1, 1],
        [1, 1],
      ],
    } as const;
    const direct = added('Conv2DBackpropFilter', [images, kernelSizes, errors]);
    const own = createKernelGradient(graph).gradient(images, errors, placement);
    ways.push({
      name: 'gradient, bfloat16 products',
      direct: cast(direct, dtypes.float),
      own: cast(own, dtypes.float),
    });
  }
  for (const { name, direct, own } of ways) {
    const times = new Map<Node, number[]>([
      [direct, []],
      [own, []],
    ]);
    const found = new Map<Node, Float32Array>();
    for (let round = 0; round < rounds; round++) {
      for (const [node, taken] of times) {
        const feeds = nodes.map((one, place) => graph.feed(one, values[place]!));
        const began = performance.now();
        const [result] = await graph.run({ feeds, fetches: [node], targets: [] });
        taken.push(performance.now() - began);
        found.set(node, graph.take(result!, dtypes.float) as Float32Array);
      }
    }
    const apart = relativeDistance(found.get(own)!, found.get(direct)!);
    const [before, after] = [median(times.get(direct)!), median(times.get(own)!)];
    console.log(
      [
        `${n} images of ${size} px, ${channels} channels`.padEnd(40),
        name.padEnd(27),
        `TensorFlow's ${before.toFixed(1).padStart(6)} ms`,
        `ours ${after.toFixed(1).padStart(6)} ms`,
        `${(before / after).toFixed(2)} x`,
        `cost ${cost(shapes[0], shapes[1], gain).toFixed(2)}`,
        `apart by ${apart.toExponential(1)}`,
      ].join('  '),
    );
  }
}
