/** Both detectors whole: the same mathematics on both engines, gradients that reach every weight, and they learn. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../engine/engine.ts';
import { openEngine } from '../../engine/steps/open.ts';
import type { HostBatch } from '../../host-batch.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { Detector, Encoder } from '../../recipe.ts';
import { encoders, optimizers } from '../../registry.ts';
import { detectorLearner } from './detector-learner.ts';
import { fasterRcnnC4 } from './faster-rcnn-c4.ts';
import { maskRcnnFpn } from './mask-rcnn-fpn.ts';

const side = 64;
const classes = 2;
const objects = 3;
const sample = { count: 32, mostPositive: 8 };
const counts = { before: 200, after: 40 };
const proposals = { training: counts, finding: counts };

const open = (engine: 'eager' | 'traced') => openEngine(v.parse(Execution, { engine, threads: 2 }));

function encoderOn(engine: Engine): Encoder {
  const recipe = encoders.get('resnet-18');
  const options = v.parse(recipe.options, { width: 8, stem: 'imagenet' });
  return recipe.build(engine.builder(1).at('encoder'), options, { channels: 3 });
}

/** Steps after which it has learned these pictures, whatever the processor's rounding. */
const enough: Readonly<Record<string, number>> = { 'Faster R-CNN C4': 200, 'Mask R-CNN FPN': 700 };

const detectors: Readonly<Record<string, (engine: Engine) => Detector>> = {
  'Faster R-CNN C4': (engine) =>
    fasterRcnnC4(engine.builder(1), encoderOn(engine), { classes, sizes: [12, 24, 48], sample, proposals }),
  'Mask R-CNN FPN': (engine) =>
    maskRcnnFpn(engine.builder(1), encoderOn(engine), {
      classes,
      sizes: [8, 16, 32, 64, 128],
      channels: 16,
      boxWidth: 32,
      maskWidth: 16,
      norm: true,
      sample,
      proposals,
    }),
};

/** Bright squares and dark discs on noise. */
function pictures(count: number, seed: number): HostBatch {
  const images = new Float32Array(count * side * side * 3);
  const boxes = new Float32Array(count * objects * 4);
  const present = new Float32Array(count * objects);
  const labels = new Int32Array(count * objects);
  const words = side / 32;
  const masks = new Int32Array(count * objects * side * words);
  const stream = keyed(seed, 'pictures');
  const noise = new Float32Array(images.length);
  stream.fillNormal(noise);
  images.forEach((_, at) => (images[at] = 0.1 * noise[at]!));
  for (let picture = 0; picture < count; picture++)
    for (let object = 0; object < objects - 1; object++) {
      const draw = keyed(seed, 'object', picture, object);
      const size = 12 + Math.floor(16 * draw.uniform());
      // One in each half, so that neither hides the other.
      const left = object * (side / 2) + Math.floor((side / 2 - size) * draw.uniform());
      const top = Math.floor((side - size) * draw.uniform());
      const label = draw.uniform() < 0.5 ? 0 : 1;
      const at = picture * objects + object;
      boxes.set([left, top, left + size, top + size], 4 * at);
      present[at] = 1;
      labels[at] = label;
      for (let y = top; y < top + size; y++)
        for (let x = left; x < left + size; x++) {
          const away = (x + 0.5 - left - size / 2) ** 2 + (y + 0.5 - top - size / 2) ** 2;
          if (label === 1 && away > (size / 2) ** 2) continue;
          masks[(at * side + y) * words + (x >> 5)]! |= 1 << (x & 31);
          images.fill(
            label === 0 ? 1 : -1,
            3 * ((picture * side + y) * side + x),
            3 * ((picture * side + y) * side + x + 1),
          );
        }
    }
  return {
    views: [{ shape: [count, side, side, 3], values: images }],
    index: Int32Array.from({ length: count }, (_, index) => index),
    targets: {
      sizes: { shape: [count, 2], values: new Float32Array(2 * count).fill(side) },
      boxes: { shape: [count, objects, 4], values: boxes },
      present: { shape: [count, objects], values: present },
      classes: { shape: [count, objects], values: labels },
      masks: { shape: [count, objects, side, words], values: masks },
    },
  };
}

const sgd = () => ({ recipe: optimizers.get('sgd'), options: { rate: 0.02, weightDecay: 1e-4 } });

describe.each(Object.entries(detectors))('%s', (name, build) => {
  it('is the same mathematics on both engines', async () => {
    const results = [];
    for (const kind of ['eager', 'traced'] as const) {
      const engine = await open(kind);
      const stepper = engine.stepper(detectorLearner(build(engine), 1), sgd(), 1);
      const result = await stepper.run(pictures(2, 1), { step: 0, lr: 0.02 }, { metrics: true });
      results.push({ ...result, state: stepper.state.map((entry) => [entry.name, entry.read()] as const) });
      stepper.dispose();
    }
    const [eager, traced] = results as [(typeof results)[0], (typeof results)[0]];
    expect(traced.loss).toBeCloseTo(eager.loss, 4);
    for (const [name, value] of Object.entries(eager.metrics)) expect(traced.metrics[name], name).toBeCloseTo(value, 3);
    const others = new Map(traced.state);
    for (const [name, values] of eager.state) {
      const other = others.get(name)!;
      const largest = Math.max(...Array.from(values, Math.abs), 1e-3);
      const apart = Math.max(...Array.from(values, (value, at) => Math.abs(value - other[at]!)));
      expect(apart / largest, name).toBeLessThan(1e-3);
    }
  });

  it.each([
    ['a picture that is not finite', ({ views }: HostBatch) => views[0]!.values],
    ['a picture whose objects are not finite', ({ targets }: HostBatch) => targets['boxes']!.values],
  ])('goes past a batch with %s', async (_what, valuesOf) => {
    const engine = await open('traced');
    const stepper = engine.stepper(detectorLearner(build(engine), 1), sgd(), 1);
    const read = () => stepper.state.map((entry) => entry.read());
    const broken = pictures(2, 1);
    valuesOf(broken).fill(Number.NaN, 0, 4);
    const before = read();
    const bad = await stepper.run(broken, { step: 0, lr: 0.02 }, { metrics: true });
    expect(bad.loss).toBeNaN();
    expect(read()).toEqual(before);
    const good = await stepper.run(pictures(2, 1), { step: 1, lr: 0.02 }, { metrics: true });
    expect(Number.isFinite(good.loss)).toBe(true);
    expect(read()).not.toEqual(before);
    stepper.dispose();
  });

  it('learns squares and discs, and finds them', async () => {
    const engine = await open('traced');
    const detector = build(engine);
    const stepper = engine.stepper(detectorLearner(detector, 1), sgd(), 1);
    const data = pictures(4, 2);
    for (let step = 0; step < enough[name]!; step++) await stepper.run(data, { step, lr: 0.03 }, { metrics: false });
    const find = engine.inferAll(([images, sizes], at) => {
      const { boxes, scores, classes: labels } = detector.find({ images: images!, sizes: sizes! }, at);
      return [boxes, scores, labels];
    });
    const [boxes, scores, labels] = await find(data.views[0]!, data.targets['sizes']!);
    const truths = data.targets['boxes']!.values;
    let found = 0;
    for (let object = 0; object < 4 * objects; object++) {
      if (data.targets['present']!.values[object] === 0) continue;
      const picture = Math.floor(object / objects);
      const count = scores!.shape[1]!;
      const isFound = Array.from({ length: count }, (_, at) => picture * count + at).some((at) => {
        const far = [0, 1, 2, 3].map((one) => Math.abs(boxes!.values[4 * at + one]! - truths[4 * object + one]!));
        const isClass = labels!.values[at] === data.targets['classes']!.values[object];
        return isClass && scores!.values[at]! > 0.5 && Math.max(...far) < 5;
      });
      if (isFound) found++;
    }
    expect(found).toBeGreaterThanOrEqual(6);
    stepper.dispose();
  });
});
