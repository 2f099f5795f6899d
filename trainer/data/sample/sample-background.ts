/** The backgrounds of the sample set's pictures: places outdoors and rooms. */
import type { Generator } from '../../random.ts';
import type { Rgb } from './sample-canvas.ts';
import { between, mix, pick, type Noise } from './sample-noise.ts';

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

/** The colour at a place; x and y run from 0 to 1, y downwards. */
type Background = (x: number, y: number) => Rgb;

/** Outdoors: sky with clouds, a line of hills, textured ground. x and y run from 0 to 1, y downwards. */
export function outdoors(stream: Generator, noise: Noise, horizon: number): Background {
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
export function indoors(stream: Generator, noise: Noise, horizon: number): Background {
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
