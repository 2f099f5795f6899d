/** An object in a picture of the sample set: its placement, its shadow and its painting. */
import type { Generator } from '../../random.ts';
import { blendPixel, type Canvas, type Light, type Rgb } from './sample-canvas.ts';
import { between, pick, smooth, type Noise } from './sample-noise.ts';
import type { SampleClass, Style } from './sample-objects.ts';

export interface ObjectBox {
  /** Pixels, right and bottom exclusive. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly truncated: boolean;
}

/** In pixels of the canvas. */
export interface Placement {
  readonly centreX: number;
  readonly centreY: number;
  /** Half the object's square. */
  readonly half: number;
  readonly lean: number;
  readonly mirrored: boolean;
}

/** Darkens the ground below an object. */
export function addShadow(canvas: Canvas, { centreX, centreY, half }: Placement, light: Light): void {
  const { side } = canvas;
  const shadowX = centreX - light.x * half * 0.7;
  const shadowY = centreY + half * 0.9;
  const wide = half * 1.05;
  const low = half * 0.26;
  for (let y = Math.max(0, Math.floor(shadowY - low * 1.4)); y < Math.min(side, shadowY + low * 1.4); y++) {
    for (let x = Math.max(0, Math.floor(shadowX - wide * 1.4)); x < Math.min(side, shadowX + wide * 1.4); x++) {
      const distance = Math.hypot((x - shadowX) / wide, (y - shadowY) / low);
      if (distance < 1.4) blendPixel(canvas, y * side + x, 14, 14, 20, 0.55 * smooth(1 - distance / 1.4));
    }
  }
}

/** Paints an object into the picture and its masks, where its number is; returns its box, or null if it lies outside the picture. */
export function addObject(
  canvas: Canvas,
  thing: SampleClass,
  label: number,
  number: number,
  placement: Placement,
  stream: Generator,
  light: Light,
  noise: Noise,
): ObjectBox | null {
  const { side, mask, objects } = canvas;
  const { centreX, centreY, half, lean, mirrored } = placement;
  const style: Style = { variant: stream.uniform(), stripes: stream.uniform(), slant: stream.uniform() };
  const shift = () => between(stream, -22, 22);
  const scheme = pick(stream, thing.schemes).map(([red, green, blue]): Rgb => [
    red + shift(),
    green + shift(),
    blue + shift(),
  ]);
  const gloss = between(stream, 0, 0.7);
  const grain = between(stream, 0.04, 0.22);
  const [cos, sin] = [Math.cos(lean), Math.sin(lean)];
  const reach = half * 1.45;
  const box = { left: side, top: side, right: 0, bottom: 0 };
  let truncated = false;
  for (let y = Math.floor(centreY - reach); y < centreY + reach; y++) {
    for (let x = Math.floor(centreX - reach); x < centreX + reach; x++) {
      const dx = ((x + 0.5 - centreX) / half) * (mirrored ? -1 : 1);
      const dy = (centreY - y - 0.5) / half;
      const u = dx * cos + dy * sin;
      const v = dy * cos - dx * sin;
      if (Math.abs(u) > 1 || Math.abs(v) > 1) continue;
      const surface = thing.at(u, v, style);
      if (!surface) continue;
      if (x < 0 || y < 0 || x >= side || y >= side) {
        truncated = true;
        continue;
      }
      // The slope, rotated back to the picture's axes.
      const nx = (surface.nx * cos - surface.ny * sin) * (mirrored ? -1 : 1);
      const ny = surface.nx * sin + surface.ny * cos;
      const nz = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
      const facing = nx * light.x + ny * light.y + nz * light.z;
      const shine = gloss * Math.max(0, facing * 1.6 - 0.72) ** 6 * 160;
      const texture = 1 - grain + 2 * grain * noise(u * 6 + 3, v * 6 + 5, 3);
      const shade = (light.ambient + light.strength * Math.max(0, facing)) * texture;
      const colour = scheme[Math.min(surface.part, scheme.length - 1)]!;
      const i = y * side + x;
      blendPixel(canvas, i, colour[0] * shade + shine, colour[1] * shade + shine, colour[2] * shade + shine, 1);
      mask[i] = label + 1;
      objects[i] = number;
      box.left = Math.min(box.left, x);
      box.top = Math.min(box.top, y);
      box.right = Math.max(box.right, x + 1);
      box.bottom = Math.max(box.bottom, y + 1);
    }
  }
  return box.right === 0 ? null : { ...box, truncated };
}

/** Draws the placement of an object. `scale`: half its square, as a fraction of the picture's side. */
export function place(stream: Generator, thing: SampleClass, side: number, horizon: number, scale: number): Placement {
  const half = scale * side;
  // The foot stands on the ground, and at least most of the object is in the picture.
  const foot = between(stream, horizon + 0.12, 0.98) * side;
  return {
    centreX: between(stream, 0.22, 0.78) * side,
    centreY: Math.max(half * 0.75, foot - half * 0.92),
    half,
    lean: between(stream, -thing.lean, thing.lean),
    mirrored: stream.uniform() < 0.5,
  };
}
