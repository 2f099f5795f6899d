/** The arithmetic of the sample set's pictures: draws from a stream, mixtures, and noise for textures. */
import type { Generator } from '../../random.ts';

export const mix = (a: number, b: number, t: number) => a + (b - a) * t;
export const smooth = (t: number) => t * t * (3 - 2 * t);

/** Value noise on a 32 x 32 lattice that repeats, in octaves; 0 to 1. */
export function createNoise(stream: Generator) {
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
export type Noise = ReturnType<typeof createNoise>;

/** Draws an element of a list, uniformly. */
export function pick<T>(stream: Generator, list: readonly T[]): T {
  return list[stream.integer(list.length)]!;
}
/** Draws a number between two, uniformly. */
export const between = (stream: Generator, low: number, high: number) => mix(low, high, stream.uniform());
