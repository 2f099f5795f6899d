/**
 * A training step and a search of each detector, compared with PyTorch with torchvision's operations at equal settings, and
 * where our time goes. Every variant in a separate process, taking turns.
 *
 *   npm run bench -- detection [rounds] [detection-c4|detection-fpn] [side in pixels] [resnet-18|resnet-50] [alone]
 *
 * `alone` leaves PyTorch out.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { detectorLearner } from '../trainer/detection/nets/detector-learner.ts';
import { usualFindings } from '../trainer/detection/nets/findings.ts';
import { fasterRcnnC4, proposalsOfC4 } from '../trainer/detection/nets/faster-rcnn-c4.ts';
import { maskRcnnFpn, proposalsOfFpn } from '../trainer/detection/nets/mask-rcnn-fpn.ts';
import type { Timing } from '../trainer/engine/binding/timings.ts';
import type { Engine } from '../trainer/engine/engine.ts';
import { openEngine } from '../trainer/engine/steps/open.ts';
import type { HostBatch } from '../trainer/host-batch.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import type { Detector } from '../trainer/recipe.ts';
import { encoders, optimizers } from '../trainer/registry.ts';
import { median } from '../trainer/training/pace.ts';
import { printPeak } from './shared/peak-memory.ts';
import { openSide, peer, takeTurns, versionsOf, type Side, type Variant } from './shared/side.ts';

const [first = '5', chosen, sideWord = '320', network = 'resnet-18', alone] = process.argv.slice(2);
const [side, threads, pictures, objects] = [Number(sideWord), availableParallelism(), 2, 8];
/**
 * Few classes, so that a head that knows nothing yet finds as much as it may: each gets more than the least score. And fewer
 * findings than detectron2's 100, so that both sides find as many and make as many masks.
 */
const [classes, regions, most, width] = [10, 128, 50, 64];
/** The weights stay as they are, so that every search finds as many. */
const rate = 0;

const detectors = {
  'detection-c4': { sizes: [32, 64, 128, 256], proposals: proposalsOfC4(250), strides: [16] },
  'detection-fpn': { sizes: [16, 32, 64, 128, 256], proposals: proposalsOfFpn(250), strides: [4, 8, 16, 32, 64] },
};
type Name = keyof typeof detectors;
const widths = { channels: 128, boxWidth: 512, maskWidth: 128 };

interface Answer {
  readonly steps: readonly number[];
  readonly finds: readonly number[];
  readonly loss: number;
  readonly found: number;
  readonly peakMemoryBytes: number;
}

const objectsOf = (picture: number) =>
  Array.from({ length: objects }, (_, object) => {
    const draw = keyed(1, 'object', picture, object);
    const [wide, high] = [0, 1].map(() => Math.floor(side * (0.1 + 0.4 * draw.uniform()))) as [number, number];
    const [left, top] = [Math.floor((side - wide) * draw.uniform()), Math.floor((side - high) * draw.uniform())];
    return { box: [left, top, left + wide, top + high] as const, label: object % classes };
  });

function build(engine: Engine, name: Name): Detector {
  const builder = engine.builder(1);
  const recipe = encoders.get(network);
  const options = v.parse(recipe.options, { width, stem: 'imagenet' });
  const encoder = recipe.build(builder.at('encoder'), options, { channels: 3 });
  const { sizes, proposals } = detectors[name];
  const shared = { classes, sizes, proposals, findings: { ...usualFindings, most } };
  const sample = { count: regions, mostPositive: regions / 4 };
  if (name === 'detection-c4') return fasterRcnnC4(builder, encoder, { ...shared, sample });
  return maskRcnnFpn(builder, encoder, { ...shared, ...widths, norm: true, sample });
}

function batchOf(): HostBatch {
  const images = new Float32Array(pictures * side * side * 3);
  keyed(1, 'images').fillNormal(images);
  const all = Array.from({ length: pictures }, (_, picture) => objectsOf(picture)).flat();
  const words = Math.ceil(side / 32);
  const masks = new Int32Array(all.length * side * words);
  all.forEach(({ box: [left, top, right, bottom] }, object) => {
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) masks[(object * side + y) * words + (x >> 5)]! |= 1 << (x & 31);
  });
  return {
    views: [{ shape: [pictures, side, side, 3], values: images }],
    index: Int32Array.from({ length: pictures }, (_, picture) => picture),
    targets: {
      sizes: { shape: [pictures, 2], values: new Float32Array(2 * pictures).fill(side) },
      boxes: { shape: [pictures, objects, 4], values: Float32Array.from(all.flatMap(({ box }) => box)) },
      present: { shape: [pictures, objects], values: new Float32Array(all.length).fill(1) },
      classes: { shape: [pictures, objects], values: Int32Array.from(all, ({ label }) => label) },
      masks: { shape: [pictures, objects, side, words], values: masks },
    },
  };
}

async function timed<T>(run: () => Promise<T>): Promise<readonly [number, T]> {
  const began = performance.now();
  const result = await run();
  return [performance.now() - began, result];
}

/** This program as one side: answers until its input ends; 0 asks for the time of each operation of a step. */
async function beSide(name: Name): Promise<void> {
  const engine = await openEngine(v.parse(Execution, { engine: 'traced', threads }));
  const detector = build(engine, name);
  const optimizer = { recipe: optimizers.get('sgd'), options: { rate, weightDecay: 1e-4 } };
  const stepper = engine.stepper(detectorLearner(detector, 1), optimizer, 1);
  const find = engine.inferAll(([images, sizes], at) => {
    const found = detector.find({ images: images!, sizes: sizes! }, at);
    return [found.boxes, found.scores, found.classes, ...(found.masks ? [found.masks] : [])];
  });
  const batch = batchOf();
  console.log(JSON.stringify({ versions: engine.facts.versions }));
  let step = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '0') {
      console.log(JSON.stringify(await stepper.profile!(batch, { step: step++, lr: rate })));
      continue;
    }
    const [steps, finds]: [number[], number[]] = [[], []];
    let [loss, found] = [0, 0];
    for (let count = Number(line); count > 0; count--) {
      const [milliseconds, result] = await timed(() =>
        stepper.run(batch, { step: step++, lr: rate }, { metrics: false }),
      );
      steps.push(milliseconds);
      loss = result.loss;
    }
    for (let count = Number(line); count > 0; count--) {
      const [milliseconds, [, scores]] = await timed(() => find(batch.views[0]!, batch.targets['sizes']!));
      finds.push(milliseconds);
      found = scores!.values.filter((score) => score > 0).length;
    }
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
    console.log(JSON.stringify({ steps, finds, loss, found, peakMemoryBytes } satisfies Answer));
  }
}

/** The kinds of operations that take most of a step. */
function printProfile(timings: readonly Timing[]): void {
  const kinds = new Map<string, { count: number; milliseconds: number }>();
  for (const { kind, microseconds } of timings) {
    const sum = kinds.get(kind) ?? { count: 0, milliseconds: 0 };
    kinds.set(kind, { count: sum.count + 1, milliseconds: sum.milliseconds + microseconds / 1000 });
  }
  const rows = [...kinds].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
  const total = rows.reduce((sum, [, { milliseconds }]) => sum + milliseconds, 0);
  console.log(`operations of one step, all threads together: ${total.toFixed(0)} ms`);
  for (const [kind, { count, milliseconds }] of rows.slice(0, 14))
    console.log(`${milliseconds.toFixed(1).padStart(9)} ms  ${String(count).padStart(5)}  ${kind}`);
}

function theirsOf(name: Name, compiled: boolean): Variant {
  const { sizes, proposals, strides } = detectors[name];
  const anchors = strides.map((stride) => Math.ceil(side / stride) ** 2 * ((3 * sizes.length) / strides.length));
  const all = Array.from({ length: pictures }, (_, picture) => objectsOf(picture));
  const countsOf = ({ before, after }: { before: number; after: number }) => [before, after];
  const configuration = {
    detector: name,
    compiled,
    rate,
    threads,
    side,
    pictures,
    anchors: anchors.reduce((sum, count) => sum + count, 0),
    boxes: all.map((own) => own.map(({ box }) => box)),
    labels: all.map((own) => own.map(({ label }) => label)),
    options: {
      network,
      width,
      frozen: false,
      norm: true,
      classes,
      sizes,
      regions,
      findings: most,
      ...widths,
      proposals: { training: countsOf(proposals.training), finding: countsOf(proposals.finding) },
    },
  };
  return { name: `PyTorch ${compiled ? 'torch.compile' : 'eager'}`, ...peer('detection.py', configuration) };
}

async function compare(name: Name, rounds: number): Promise<void> {
  console.log(`\n${name}, ${network}, ${pictures} pictures of ${side} px, ${threads} threads`);
  const ours: Variant = {
    name: 'Reprise traced',
    program: process.execPath,
    words: [process.argv[1]!, 'side', name, sideWord, network],
  };
  const variants = [ours, ...(alone ? [] : [theirsOf(name, false), theirsOf(name, true)])];
  const sides: Side<Answer>[] = [];
  const answers = new Map<Side<Answer>, Answer[]>();
  try {
    for (const variant of variants) sides.push(await openSide<Answer>(variant));
    for (const one of sides) await one.ask(3);
    await takeTurns(sides, rounds, 2, (one, answer) => answers.set(one, [...(answers.get(one) ?? []), answer]));
    console.log(versionsOf(sides));
    printSides(sides, answers);
    const timings = (await sides[0]!.ask(0)) as unknown as readonly Timing[];
    printProfile(timings);
    printPeak(timings);
  } finally {
    for (const one of sides) await one.close();
  }
}

function printSides(sides: readonly Side<Answer>[], answers: ReadonlyMap<Side<Answer>, readonly Answer[]>): void {
  const medianOf = (one: Side<Answer>, what: 'steps' | 'finds') =>
    median(answers.get(one)!.flatMap((answer) => answer[what]));
  const theirs = sides.filter(({ name }) => name.startsWith('PyTorch'));
  for (const one of sides) {
    const { found, loss, peakMemoryBytes } = answers.get(one)!.at(-1)!;
    const times = (['steps', 'finds'] as const).map((what) => {
      const own = medianOf(one, what);
      const best = Math.min(...theirs.map((other) => medianOf(other, what)));
      const factor = theirs.includes(one) || theirs.length === 0 ? '' : ` (${(best / own).toFixed(2)} x)`;
      return `${what === 'steps' ? 'step' : 'search'} ${own.toFixed(0)} ms${factor}`;
    });
    const memory = `${(peakMemoryBytes / 2 ** 30).toFixed(2)} GiB`;
    console.log([one.name.padEnd(22), ...times, memory, `loss ${loss.toFixed(3)}`, `${found} found`].join('  '));
  }
}

if (first === 'side') await beSide(chosen as Name);
else
  for (const name of Object.keys(detectors) as Name[])
    if (chosen === undefined || chosen === name) await compare(name, Number(first));
