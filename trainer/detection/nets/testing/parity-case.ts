/** Small detectors, pictures and draws for the test beside PyTorch, and what to compare of their findings. */
import * as v from 'valibot';
import { expect } from 'vitest';
import type { Engine, StateEntry } from '../../../engine/engine.ts';
import { drawUniform } from '../../../engine/steps/step-context.ts';
import type { HostBatch, HostTensor } from '../../../host-batch.ts';
import { formula } from '../../../nn/testing/golden.ts';
import { encoders } from '../../../registry.ts';
import type { NamedTensor } from '../../../testing/peer.ts';
import type { Detector } from '../../../recipe.ts';
import { fasterRcnnC4 } from '../faster-rcnn-c4.ts';
import type { FindingOptions } from '../findings.ts';
import { withFrozenNorm } from '../frozen-norm.ts';
import { maskRcnnFpn } from '../mask-rcnn-fpn.ts';

// Not divisible by the coarsest stride, and the second picture is narrower than the canvas.
const [height, width, narrow] = [80, 96, 84];
const [pictures, objects, classes] = [2, 4, 3];
const [regions, after] = [32, 60];
const counts = { before: 200, after };
export const most = after * classes;
export const [rate, weightDecay, seed] = [0.02, 1e-4, 1];
const shared = {
  classes,
  sample: { count: regions, mostPositive: regions / 4 },
  proposals: { training: counts, finding: counts },
};
/** All proposals in all classes: nothing is suppressed. */
export const everything: FindingOptions = { leastScore: 0, threshold: 1, most };

export const cases = [
  { detector: 'detection-c4', sizes: [12, 24, 48], norm: true, frozen: false, proposalWeight: 0.2 },
  { detector: 'detection-c4', sizes: [12, 24, 48], norm: true, frozen: true, proposalWeight: 1 },
  { detector: 'detection-fpn', sizes: [8, 16, 32, 64, 128], norm: true, frozen: false, proposalWeight: 1 },
  { detector: 'detection-fpn', sizes: [8, 16, 32, 64, 128], norm: false, frozen: true, proposalWeight: 1 },
] as const;
export type Case = (typeof cases)[number];
const widths = { channels: 16, boxWidth: 32, maskWidth: 16 };

export function detectorOf(
  engine: Engine,
  { detector, sizes, norm, frozen }: Case,
  findings: FindingOptions,
): Detector {
  const builder = engine.builder(1);
  const recipe = encoders.get('resnet-18');
  const options = v.parse(recipe.options, { width: 8, stem: 'imagenet' });
  const trained = recipe.build(builder.at('encoder'), options, { channels: 3 });
  const encoder = frozen ? withFrozenNorm(trained) : trained;
  if (detector === 'detection-c4') return fasterRcnnC4(builder, encoder, { ...shared, sizes, findings });
  return maskRcnnFpn(builder, encoder, { ...shared, ...widths, sizes, norm, findings });
}

/** The same for the peer. */
export const optionsOf = (given: Case) => ({
  network: 'resnet-18',
  width: 8,
  regions,
  findings: most,
  classes,
  ...given,
  ...widths,
  proposals: { training: [counts.before, counts.after], finding: [counts.before, counts.after] },
});

/** Of the scale of other weights. */
const shares = [
  ['fpn_output', 0.05],
  ['anchor_deltas/weight', 0.05],
  ['cls_score/weight', 0.1],
  ['bbox_pred/weight', 0.05],
] as const;
/** Weights that keep activations, boxes and scores within bounds. */
export function setWeights(entries: readonly StateEntry[]): void {
  for (const { name, shape, write } of entries) {
    if (name.startsWith('optimizer/')) continue;
    const inputs = shape.slice(0, -1).reduce((product, side) => product * side, 1);
    const isCentred = shape.length > 1 || !/weight$|running_var$/.test(name);
    const scale = shape.length === 1 ? (isCentred ? 0.2 : 0.5) : Math.sqrt(6 / inputs);
    write(formula(name, shape, scale * (shares.find(([part]) => name.includes(part))?.[1] ?? 1), isCentred ? 0 : 1));
  }
}

/** Ellipses in frames with broken coordinates, three in the first picture and four in the second; for the peer masks are whole. */
export function batchOf(): { readonly batch: HostBatch; readonly handed: readonly NamedTensor[] } {
  const boxes = new Float32Array(pictures * objects * 4);
  const present = new Float32Array(pictures * objects);
  const words = width / 32;
  const masks = new Int32Array(pictures * objects * height * words);
  const whole = new Float32Array(pictures * objects * height * width);
  for (let at = 1; at < pictures * objects; at++) {
    // The last place of the first picture stays empty.
    if (at === objects - 1) continue;
    const [a, b, c, d] = [...formula(`object ${at}`, [4], 0.5, 0.5)] as [number, number, number, number];
    const [wide, high] = [14 + 30 * a, 14 + 30 * b];
    const [left, top] = [(narrow - wide) * c, (height - high) * d];
    const place = at < objects ? at - 1 : at;
    boxes.set([left, top, left + wide, top + high], 4 * place);
    present[place] = 1;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const far = ((x - left - wide / 2) / wide) ** 2 + ((y - top - high / 2) / high) ** 2;
        if (far > 0.25) continue;
        whole[(place * height + y) * width + x] = 1;
        masks[(place * height + y) * words + (x >> 5)]! |= 1 << (x & 31);
      }
  }
  const labels = Int32Array.from({ length: pictures * objects }, (_, at) => at % classes);
  const targets = {
    sizes: { shape: [pictures, 2], values: Float32Array.of(height, width, height, narrow) },
    boxes: { shape: [pictures, objects, 4], values: boxes },
    present: { shape: [pictures, objects], values: present },
    classes: { shape: [pictures, objects], values: labels },
  };
  const images = { shape: [pictures, height, width, 3], values: formula('images', [pictures, height, width, 3], 2) };
  const handed = Object.entries({
    images,
    ...targets,
    masks: { shape: [pictures, objects, height, width], values: whole },
  });
  return {
    batch: {
      views: [images],
      index: Int32Array.from({ length: pictures }, (_, at) => at),
      targets: { ...targets, masks: { shape: [pictures, objects, height, words], values: masks } },
    },
    handed: handed.map(([name, { shape, values }]) => ({
      name: `batch/${name}`,
      shape,
      values: Float32Array.from(values),
    })),
  };
}

/** Random orders of a step: of all anchors, of the places of proposals, of those of objects. */
export function drawsOf({ detector, sizes }: Case) {
  const strides = detector === 'detection-c4' ? [16] : [4, 8, 16, 32, 64];
  const places = strides.map((stride) => Math.ceil(height / stride) * Math.ceil(width / stride));
  const perPlace = (3 * sizes.length) / strides.length;
  const anchors = perPlace * places.reduce((sum, count) => sum + count, 0);
  const ordered = drawUniform(seed, 0, 'regions/sample', [pictures, after + objects]);
  const part = (from: number, to: number) =>
    Float32Array.from(
      Array.from({ length: pictures }, (_, row) => [
        ...ordered.subarray(row * (after + objects) + from, row * (after + objects) + to),
      ]).flat(),
    );
  return [
    {
      name: 'batch/proposals',
      shape: [pictures, anchors],
      values: drawUniform(seed, 0, 'proposals/sample', [pictures, anchors]),
    },
    { name: 'batch/regions', shape: [pictures, after], values: part(0, after) },
    { name: 'batch/objects', shape: [pictures, objects], values: part(after, after + objects) },
  ];
}

type Table = readonly (readonly number[])[];
interface Finding {
  readonly boxes: Table;
  readonly scores: readonly number[];
  readonly classes: readonly number[];
  readonly masks?: readonly Table[];
}
export interface Answer {
  readonly losses: Readonly<Record<string, number>>;
  readonly usual: readonly Finding[];
  readonly every: readonly Finding[];
}

/** Largest distances of what was found from what the peer finds: each from the one of its class that is nearest. */
export function farthest([boxes, scores, labels, masks]: readonly HostTensor[], wanted: readonly Finding[]) {
  const rows = scores!.shape[1]!;
  const far = { boxes: 0, scores: 0, masks: 0 };
  let compared = 0;
  wanted.forEach((picture, index) => {
    const there = Array.from({ length: rows }, (_, row) => index * rows + row).filter((at) => scores!.values[at]! > 0);
    expect(there).toHaveLength(picture.scores.length);
    const others = new Set(picture.scores.keys());
    for (const at of there) {
      const distanceTo = (other: number) =>
        Math.max(...picture.boxes[other]!.map((side, one) => Math.abs(side - boxes!.values[4 * at + one]!))) +
        100 * Math.abs(picture.scores[other]! - scores!.values[at]!);
      const alike = [...others].filter((other) => picture.classes[other] === labels!.values[at]);
      const nearest = alike.reduce((best, other) => (distanceTo(other) < distanceTo(best) ? other : best), alike[0]!);
      others.delete(nearest);
      const score = Math.abs(picture.scores[nearest]! - scores!.values[at]!);
      far.scores = Math.max(far.scores, score);
      far.boxes = Math.max(far.boxes, distanceTo(nearest) - 100 * score);
      const [left = 0, top = 0, right = 0, bottom = 0] = picture.boxes[nearest]!;
      // The features of a box without extent are 0 whatever it lies on: what is nearly none may be none in float32.
      if (!masks || Math.min(right - left, bottom - top) < 0.01) continue;
      compared++;
      const pixels = picture.masks![nearest]!.flat();
      const own = masks.values.subarray(at * pixels.length, (at + 1) * pixels.length);
      far.masks = Math.max(far.masks, ...pixels.map((pixel, one) => Math.abs(pixel - own[one]!)));
    }
  });
  if (masks) expect(compared).toBeGreaterThan(40);
  return far;
}
