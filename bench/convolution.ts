/**
 * Convolutions of 3x3 windows: TensorFlow's own operation beside Winograd's, forward and the gradient in the kernel, and how
 * far apart their results are. What the rule in trainer/engine/winograd.ts is drawn from.
 *
 *   npm run bench -- convolution [images]
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import * as v from 'valibot';
import { attributeKinds } from '../trainer/engine/attributes.ts';
import { createGraph, type, type Node } from '../trainer/engine/graph.ts';
import { openRuntime } from '../trainer/engine/runtime.ts';
import { dtypes, elementsOf } from '../trainer/engine/tensors.ts';
import { createWinograd } from '../trainer/engine/winograd.ts';
import { median } from '../trainer/pace.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { relativeDistance } from '../trainer/testing/distance.ts';

const images = Number(process.argv[2] ?? 128);
const rounds = 7;
/** Side and channels as the stages of ResNets have them, at 32 px and at 224. */
const stages = [
  [32, 64],
  [16, 128],
  [8, 256],
  [4, 512],
  [56, 64],
  [28, 128],
  [14, 256],
  [7, 512],
] as const;

const threads = availableParallelism();
const runtime = await openRuntime(v.parse(Execution, { engine: 'traced', threads }));

for (const [size, channels] of stages) {
  const graph = createGraph(runtime.tensorflow, runtime.config);
  const winograd = createWinograd(graph);
  // At 224 px a step has fewer images.
  const n = size * channels > 2048 ? Math.max(1, images / 8) : images;
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
  const attributes = [
    type('T', dtypes.float),
    { name: 'strides', type: attributeKinds.int, value: [1, 1, 1, 1] },
    { name: 'padding', type: attributeKinds.string, value: 'SAME' },
  ];
  const kernelSizes = graph.constant(dtypes.int32, [4], Int32Array.from(shapes[1]));
  const ways = {
    forward: {
      direct: graph.add('Conv2D', [x, kernel], 1, { attributes }).outputs[0]!,
      winograd: winograd.convolution(x, kernel),
    },
    gradient: {
      direct: graph.add('Conv2DBackpropFilter', [x, kernelSizes, dy], 1, { attributes }).outputs[0]!,
      winograd: winograd.kernelGradient(x, dy),
    },
  };
  for (const [name, { direct, winograd: own }] of Object.entries(ways)) {
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
        name.padEnd(9),
        `direct ${before.toFixed(1).padStart(6)} ms`,
        `Winograd ${after.toFixed(1).padStart(6)} ms`,
        `${(before / after).toFixed(2)} x`,
        `apart by ${apart.toExponential(1)}`,
      ].join('  '),
    );
  }
}
