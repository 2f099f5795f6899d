/** One picture of the sample set: a background, clutter, an object or two, light, shadow, lens and sensor noise. */
import type { Generator } from '../../random.ts';
import { keyed } from '../../random.ts';
import { gaussianBlur } from '../pixels/colour.ts';
import { pixelsOf } from '../pixels/kernels.ts';
import { resample } from '../pixels/resample.ts';
import { indoors, outdoors } from './sample-background.ts';
import { blendPixel, drawLight, type Canvas, type Light } from './sample-canvas.ts';
import { addClutter } from './sample-clutter.ts';
import { between, createNoise } from './sample-noise.ts';
import { sampleClasses } from './sample-objects.ts';
import { addObject, addShadow, place, type ObjectBox } from './sample-placement.ts';

export interface Scene {
  /** RGB, `size` squared. */
  readonly pixels: Uint8Array;
  /** 0 background, else class number + 1. */
  readonly mask: Uint8Array;
  /** 0 background, else the place of a box, from 1: the object that is seen there. */
  readonly objects: Uint8Array;
  readonly boxes: readonly ObjectBox[];
}

/** Drawn at twice the size, then shrunk: smooth edges. */
const oversampling = 2;
/** Stays as it is: the pictures of a seed have a fingerprint. */
const resizing = { interpolation: 'bilinear', resizing: 'pillow-12.1' } as const;

/** Light of the whole picture, fall-off to the corners, levels clipped. */
function develop(canvas: Canvas, stream: Generator, light: Light): Uint8Array {
  const { side, rgb } = canvas;
  const exposure = between(stream, 0.85, 1.15);
  const vignette = between(stream, 0, 0.35);
  const out = new Uint8Array(rgb.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const distance = ((x / side - 0.5) ** 2 + (y / side - 0.5) ** 2) * 2;
      const gain = exposure * (1 - vignette * distance);
      for (let c = 0; c < 3; c++) {
        const at = (y * side + x) * 3 + c;
        out[at] = Math.max(0, Math.min(255, Math.round(rgb[at]! * gain * light.tint[c]!)));
      }
    }
  }
  return out;
}

function addSensorNoise(pixels: Uint8Array, stream: Generator): void {
  const strength = between(stream, 1, 5);
  const noise = new Float32Array(pixels.length);
  stream.fillNormal(noise);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.max(0, Math.min(255, Math.round(pixels[i]! + strength * noise[i]!)));
  }
}

function shrinkMask(mask: Uint8Array, size: number): Uint8Array {
  const side = size * oversampling;
  return Uint8Array.from({ length: size * size }, (_, i) => {
    return mask[Math.floor(i / size) * oversampling * side + (i % size) * oversampling]!;
  });
}

/** The picture number `index` of a split: the same for the same seed on every machine. */
export function renderScene(seed: number, split: string, index: number, label: number, size: number): Scene {
  const stream = keyed(seed, 'sample-set', split, index);
  const noise = createNoise(stream);
  const side = size * oversampling;
  const canvas: Canvas = {
    side,
    rgb: new Float32Array(side * side * 3),
    mask: new Uint8Array(side * side),
    objects: new Uint8Array(side * side),
  };
  const light = drawLight(stream);
  const horizon = between(stream, 0.3, 0.66);
  const background = (stream.uniform() < 0.5 ? outdoors : indoors)(stream, noise, horizon);
  // The background has no sharp edges to oversample: one colour for each pixel of the final picture.
  for (let y = 0; y < side; y += oversampling) {
    for (let x = 0; x < side; x += oversampling) {
      const [red, green, blue] = background(x / side, y / side);
      for (let i = 0; i < oversampling * oversampling; i++) {
        const row = y + Math.floor(i / oversampling);
        blendPixel(canvas, row * side + x + (i % oversampling), red, green, blue, 1);
      }
    }
  }
  addClutter(canvas, stream, light, horizon);
  const thing = sampleClasses[label]!;
  // A second, smaller one of the class stands behind in every third picture.
  const scales =
    stream.uniform() < 0.35 ? [between(stream, 0.12, 0.2), between(stream, 0.22, 0.36)] : [between(stream, 0.24, 0.44)];
  const boxes: ObjectBox[] = [];
  for (const scale of scales) {
    const placement = place(stream, thing, side, horizon, scale);
    addShadow(canvas, placement, light);
    const box = addObject(canvas, thing, label, boxes.length + 1, placement, stream, light, noise);
    if (box) boxes.push(box);
  }
  const large = develop(canvas, stream, light);
  const whole = { left: 0, top: 0, width: side, height: side };
  const frame = resample({ pixels: large, width: side, channels: 3 }, whole, size, size, resizing);
  gaussianBlur(frame, between(stream, 0.05, 0.6));
  const pixels = pixelsOf(frame);
  addSensorNoise(pixels, stream);
  const shrink = (box: ObjectBox): ObjectBox => ({
    left: Math.floor(box.left / oversampling),
    top: Math.floor(box.top / oversampling),
    right: Math.ceil(box.right / oversampling),
    bottom: Math.ceil(box.bottom / oversampling),
    truncated: box.truncated,
  });
  const [mask, objects] = [shrinkMask(canvas.mask, size), shrinkMask(canvas.objects, size)];
  return { pixels, mask, objects, boxes: boxes.map(shrink) };
}
