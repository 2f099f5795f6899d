/** One picture of the sample set: a background, clutter, an object or two, light, shadow, lens and sensor noise. */
import type { Generator } from '../../random.ts';
import { keyed } from '../../random.ts';
import { gaussianBlur } from '../pixels/colour.ts';
import { pixelsOf } from '../pixels/kernels.ts';
import { resample } from '../pixels/resample.ts';
import { sampleClasses, type SampleClass, type Style } from './sample-objects.ts';

export interface ObjectBox {
  /** Pixels, right and bottom exclusive. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly truncated: boolean;
}

export interface Scene {
  /** RGB, `size` squared. */
  readonly pixels: Uint8Array;
  /** 0 background, else class number + 1. */
  readonly mask: Uint8Array;
  readonly boxes: readonly ObjectBox[];
}

type Rgb = readonly [number, number, number];

/** Drawn at twice the size, then shrunk: smooth edges. */
const oversampling = 2;

const mix = (a: number, b: number, t: number) => a + (b - a) * t;
const smooth = (t: number) => t * t * (3 - 2 * t);

/** Value noise on a 32 x 32 lattice that repeats, in octaves; 0 to 1. */
function createNoise(stream: Generator) {
  const lattice = new Float32Array(32 * 32);
  stream.fillUniform(lattice);
  const single = (x: number, y: number) => {
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    const tx = smooth(x - x0);
    const ty = smooth(y - y0);
    const at = (column: number, row: number) => lattice[(row & 31) * 32 + (column & 31)]!;
    return mix(mix(at(x0, y0), at(x0 + 1, y0), tx), mix(at(x0, y0 + 1), at(x0 + 1, y0 + 1), tx), ty);
  };
  return (x: number, y: number, octaves: number) => {
    let sum = 0;
    let weight = 0;
    for (let octave = 0, scale = 1, part = 1; octave < octaves; octave++, scale *= 2, part /= 2) {
      sum += single(x * scale + octave * 7.3, y * scale + octave * 3.1) * part;
      weight += part;
    }
    return sum / weight;
  };
}
type Noise = ReturnType<typeof createNoise>;

function pick<T>(stream: Generator, list: readonly T[]): T {
  return list[stream.integer(list.length)]!;
}
const between = (stream: Generator, low: number, high: number) => mix(low, high, stream.uniform());

interface Light {
  /** Towards the light; z towards the viewer. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly ambient: number;
  readonly strength: number;
  readonly tint: Rgb;
}

function drawLight(stream: Generator): Light {
  const angle = between(stream, 0.15, 0.85) * Math.PI;
  const height = between(stream, 0.35, 0.8);
  const flat = Math.sqrt(1 - height * height);
  const warmth = between(stream, -1, 1);
  return {
    x: Math.cos(angle) * flat,
    y: Math.sin(angle) * flat,
    z: height,
    ambient: between(stream, 0.3, 0.55),
    strength: between(stream, 0.55, 0.95),
    tint: [1 + 0.1 * warmth, 1 + 0.02 * warmth, 1 - 0.1 * warmth],
  };
}

const skies: readonly (readonly [Rgb, Rgb])[] = [
  [
    [96, 150, 215],
    [205, 225, 240],
  ],
  [
    [150, 160, 172],
    [205, 208, 210],
  ],
  [
    [70, 80, 130],
    [240, 170, 120],
  ],
];
const grounds: readonly Rgb[] = [
  [92, 122, 62],
  [176, 155, 112],
  [120, 114, 108],
  [224, 226, 230],
];
const walls: readonly Rgb[] = [
  [206, 196, 178],
  [150, 172, 182],
  [186, 148, 132],
  [128, 138, 112],
  [214, 212, 214],
  [110, 104, 122],
];
const floors: readonly Rgb[] = [
  [140, 100, 66],
  [100, 92, 88],
  [182, 168, 148],
  [84, 98, 112],
];

type Background = (x: number, y: number) => Rgb;

/** Outdoors: sky with clouds, a line of hills, textured ground. x and y run from 0 to 1, y downwards. */
function outdoors(stream: Generator, noise: Noise, horizon: number): Background {
  const [high, low] = pick(stream, skies);
  const ground = pick(stream, grounds);
  const clouds = between(stream, 0.3, 0.75);
  const grain = between(stream, 10, 26);
  const hill = between(stream, 0.02, 0.16);
  return (x, y) => {
    const ridge = horizon - hill * noise(x * 4, 9.7, 3);
    if (y < ridge) {
      const t = y / horizon;
      const cloud = Math.max(0, noise(x * 3, y * 6, 4) - clouds) * 2.2;
      const cover = Math.min(1, cloud);
      return [
        mix(mix(high[0], low[0], t), 245, cover),
        mix(mix(high[1], low[1], t), 245, cover),
        mix(mix(high[2], low[2], t), 245, cover),
      ];
    }
    if (y < horizon) {
      const shade = 0.55 + 0.35 * noise(x * 12, y * 20, 3);
      return [mix(ground[0], 120, 0.4) * shade, mix(ground[1], 140, 0.4) * shade, mix(ground[2], 150, 0.4) * shade];
    }
    // Texture is finer towards the horizon.
    const depth = 1 / (y - horizon + 0.12);
    const shade = 0.68 + 0.55 * noise(x * grain * 0.35 * depth, depth * grain * 0.5, 4);
    return [ground[0] * shade, ground[1] * shade, ground[2] * shade];
  };
}

/** Indoors: a wall (plain, striped, tiled or papered) over a floor of planks or tiles, with a skirting board. */
function indoors(stream: Generator, noise: Noise, horizon: number): Background {
  const wall = pick(stream, walls);
  const floor = pick(stream, floors);
  const pattern = stream.integer(4);
  const scale = between(stream, 5, 12);
  const planks = between(stream, 4, 9);
  return (x, y) => {
    if (y < horizon) {
      let shade = 0.86 + 0.2 * noise(x * 5, y * 5, 4);
      if (pattern === 1) shade *= Math.sin(x * scale * 6.28) > 0 ? 1 : 0.86;
      if (pattern === 2) {
        const row = Math.floor(y * scale * 1.6);
        const u = x * scale + (row % 2) * 0.5;
        if (u - Math.floor(u) < 0.07 || y * scale * 1.6 - row < 0.1) shade *= 0.72;
      }
      if (pattern === 3) shade *= 0.9 + 0.16 * Math.sin(x * scale * 5) * Math.sin(y * scale * 5);
      if (y > horizon - 0.035) shade *= 1.15;
      return [wall[0] * shade, wall[1] * shade, wall[2] * shade];
    }
    const depth = 1 / (y - horizon + 0.25);
    const across = (x - 0.5) * depth * planks;
    const plank = Math.floor(across);
    let shade = 0.75 + 0.3 * noise(across * 2 + plank * 5.1, depth * 6, 3) + 0.12 * Math.sin(plank * 12.9);
    if (across - plank < 0.06) shade *= 0.6;
    return [floor[0] * shade, floor[1] * shade, floor[2] * shade];
  };
}

interface Canvas {
  readonly side: number;
  /** Linear in display levels, 0 to 255 and above. */
  readonly rgb: Float32Array;
  readonly mask: Uint8Array;
}

function blendPixel({ rgb }: Canvas, i: number, red: number, green: number, blue: number, opacity: number): void {
  rgb[i * 3] = mix(rgb[i * 3]!, red, opacity);
  rgb[i * 3 + 1] = mix(rgb[i * 3 + 1]!, green, opacity);
  rgb[i * 3 + 2] = mix(rgb[i * 3 + 2]!, blue, opacity);
}

/** Things that are no class: slabs, discs and rods, shaded, some half out of the picture. */
function addClutter(canvas: Canvas, stream: Generator, light: Light, horizon: number): void {
  const { side } = canvas;
  for (let n = 2 + stream.integer(5); n > 0; n--) {
    const kind = stream.integer(3);
    const centreX = stream.uniform() * side;
    const centreY = mix(horizon - 0.05, 1, stream.uniform()) * side;
    const half = between(stream, 0.03, 0.13) * side;
    const aspect = between(stream, 0.3, 1.2);
    const turn = between(stream, -0.6, 0.6);
    const colour: Rgb = [between(stream, 30, 215), between(stream, 30, 215), between(stream, 30, 215)];
    const reach = Math.ceil(half * 1.5);
    for (let y = Math.max(0, Math.floor(centreY - reach)); y < Math.min(side, centreY + reach); y++) {
      for (let x = Math.max(0, Math.floor(centreX - reach)); x < Math.min(side, centreX + reach); x++) {
        const dx = (x - centreX) / half;
        const dy = (y - centreY) / half;
        const u = dx * Math.cos(turn) + dy * Math.sin(turn);
        const w = (dy * Math.cos(turn) - dx * Math.sin(turn)) / aspect;
        const inside =
          kind === 0
            ? Math.max(Math.abs(u), Math.abs(w)) < 0.8
            : kind === 1
              ? u * u + w * w < 0.8
              : Math.abs(w) < 0.15 && Math.abs(u) < 1;
        if (!inside) continue;
        const slope = kind === 1 ? u * light.x - w * light.y : -w * light.y * 0.5;
        const shade = light.ambient + light.strength * Math.max(0, 0.55 + 0.45 * slope);
        blendPixel(canvas, y * side + x, colour[0] * shade, colour[1] * shade, colour[2] * shade, 1);
      }
    }
  }
}

interface Placement {
  readonly centreX: number;
  readonly centreY: number;
  /** Half the object's square. */
  readonly half: number;
  readonly lean: number;
  readonly mirrored: boolean;
}

function addShadow(canvas: Canvas, { centreX, centreY, half }: Placement, light: Light): void {
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

function addObject(
  canvas: Canvas,
  thing: SampleClass,
  label: number,
  placement: Placement,
  stream: Generator,
  light: Light,
  noise: Noise,
): ObjectBox | null {
  const { side, mask } = canvas;
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
      // The slope back in the picture's own directions.
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
      box.left = Math.min(box.left, x);
      box.top = Math.min(box.top, y);
      box.right = Math.max(box.right, x + 1);
      box.bottom = Math.max(box.bottom, y + 1);
    }
  }
  return box.right === 0 ? null : { ...box, truncated };
}

function place(stream: Generator, thing: SampleClass, side: number, horizon: number, scale: number): Placement {
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
  const canvas: Canvas = { side, rgb: new Float32Array(side * side * 3), mask: new Uint8Array(side * side) };
  const light = drawLight(stream);
  const horizon = between(stream, 0.3, 0.66);
  const background = (stream.uniform() < 0.5 ? outdoors : indoors)(stream, noise, horizon);
  // The background has no edges worth the oversampling: one colour for each pixel of the final picture.
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
    const box = addObject(canvas, thing, label, placement, stream, light, noise);
    if (box) boxes.push(box);
  }
  const large = develop(canvas, stream, light);
  const whole = { left: 0, top: 0, width: side, height: side };
  const frame = resample({ pixels: large, width: side, channels: 3 }, whole, size, size, 'bilinear');
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
  return { pixels, mask: shrinkMask(canvas.mask, size), boxes: boxes.map(shrink) };
}
