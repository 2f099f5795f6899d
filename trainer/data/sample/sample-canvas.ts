/** The canvas and the light of a picture of the sample set. */
import type { Generator } from '../../random.ts';
import { between, mix } from './sample-noise.ts';

/** Red, green and blue in display levels, 0 to 255. */
export type Rgb = readonly [number, number, number];

export interface Light {
  /** Towards the light; z towards the viewer. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly ambient: number;
  readonly strength: number;
  readonly tint: Rgb;
}

export function drawLight(stream: Generator): Light {
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

export interface Canvas {
  /** Width and height in pixels. */
  readonly side: number;
  /** Linear in display levels, 0 to 255 and above. */
  readonly rgb: Float32Array;
  /** 0 background, else class number + 1. */
  readonly mask: Uint8Array;
  /** 0 background, else the number of the object seen there, from 1. */
  readonly objects: Uint8Array;
}

/** Paints over pixel `i`, counted row by row; opacity 0 to 1. */
export function blendPixel(
  { rgb }: Canvas,
  i: number,
  red: number,
  green: number,
  blue: number,
  opacity: number,
): void {
  rgb[i * 3] = mix(rgb[i * 3]!, red, opacity);
  rgb[i * 3 + 1] = mix(rgb[i * 3 + 1]!, green, opacity);
  rgb[i * 3 + 2] = mix(rgb[i * 3 + 2]!, blue, opacity);
}
