/**
 * Colour operations on 8-bit pixels in place, by PIL's and torchvision's definitions (`ImageEnhance`, `adjust_hue`,
 * `ImageOps.solarize`, `ImageFilter.GaussianBlur`), including their rounding: float32 where PIL computes in float.
 */
import { luma } from './decode.ts';

/** `Image.blend(degenerate, image, factor)` of one value: truncated inside [0, 1], clipped outside. */
function blend(degenerate: number, value: number, factor: number): number {
  const mixed = Math.fround(degenerate + Math.fround(factor * (value - degenerate)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed);
}

const table = new Uint8Array(256);

function applyTable(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]!]!;
}

/** Towards black. */
export function brightness(pixels: Uint8Array, factor: number): void {
  const f = Math.fround(factor);
  for (let value = 0; value < 256; value++) table[value] = blend(0, value, f);
  applyTable(pixels);
}

/** Towards the mean grey of the whole picture, rounded to a whole level. */
export function contrast(pixels: Uint8Array, channels: number, factor: number): void {
  let sum = 0;
  if (channels === 3) {
    for (let i = 0; i < pixels.length; i += 3) sum += luma(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!);
  } else {
    for (let i = 0; i < pixels.length; i++) sum += pixels[i]!;
  }
  const mean = Math.trunc(sum / (pixels.length / channels) + 0.5);
  const f = Math.fround(factor);
  for (let value = 0; value < 256; value++) table[value] = blend(mean, value, f);
  applyTable(pixels);
}

/** Towards each pixel's own grey. */
export function saturation(pixels: Uint8Array, factor: number): void {
  const f = Math.fround(factor);
  for (let i = 0; i < pixels.length; i += 3) {
    const grey = luma(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!);
    pixels[i] = blend(grey, pixels[i]!, f);
    pixels[i + 1] = blend(grey, pixels[i + 1]!, f);
    pixels[i + 2] = blend(grey, pixels[i + 2]!, f);
  }
}

const { fround } = Math;

/** Rounds halves away from zero like C's `round`; arguments are never negative here. */
function roundHalfUp(x: number): number {
  return Math.floor(x + 0.5);
}

/** Turns the hue by `turn` of the circle (-0.5 to 0.5): to 8-bit HSV, add, back, as torchvision does on PIL images. */
export function hue(pixels: Uint8Array, turn: number): void {
  const shift = Math.trunc(turn * 255) & 255;
  for (let i = 0; i < pixels.length; i += 3) {
    const red = pixels[i]!;
    const green = pixels[i + 1]!;
    const blue = pixels[i + 2]!;
    const most = Math.max(red, green, blue);
    const least = Math.min(red, green, blue);
    // Grey has hue 0 and saturation 0, and no hue changes it.
    if (most === least) continue;
    const range = most - least;
    const redPart = fround((most - red) / range);
    const greenPart = fround((most - green) / range);
    const bluePart = fround((most - blue) / range);
    let angle: number;
    if (red === most) angle = fround(bluePart - greenPart);
    else if (green === most) angle = fround(2 + redPart - bluePart);
    else angle = fround(4 + greenPart - redPart);
    angle = fround((angle / 6 + 1) % 1);
    const hueByte = (Math.trunc(angle * 255) + shift) & 255;
    const saturationByte = Math.trunc(fround(range / most) * 255);
    if (saturationByte === 0) {
      pixels[i] = most;
      pixels[i + 1] = most;
      pixels[i + 2] = most;
      continue;
    }
    const sector = Math.floor((hueByte * 6) / 255);
    const rest = fround((hueByte * 6) / 255 - sector);
    const strength = fround(saturationByte / 255);
    const p = roundHalfUp(most * (1 - strength));
    const q = roundHalfUp(most * (1 - fround(strength * rest)));
    const t = roundHalfUp(most * (1 - fround(strength * (1 - rest))));
    const which = sector % 6;
    pixels[i] = which === 0 || which === 5 ? most : which === 1 ? q : which === 4 ? t : p;
    pixels[i + 1] = which === 1 || which === 2 ? most : which === 0 ? t : which === 3 ? q : p;
    pixels[i + 2] = which === 3 || which === 4 ? most : which === 2 ? t : which === 5 ? q : p;
  }
}

/** All three channels become the luma. */
export function grayscale(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const grey = luma(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!);
    pixels[i] = grey;
    pixels[i + 1] = grey;
    pixels[i + 2] = grey;
  }
}

/** Inverts what is at the threshold or above. */
export function solarize(pixels: Uint8Array, threshold: number): void {
  for (let value = 0; value < 256; value++) table[value] = value < threshold ? value : 255 - value;
  applyTable(pixels);
}

/**
 * Radius of the box that, applied three times, has the variance of the Gaussian: Gwosdek et al., "Theoretical
 * foundations of Gaussian convolution by extended box filtering" (SSVM 2011), equations 7, 11 and 14, in float32 as PIL.
 */
function boxRadius(sigma: number): number {
  const variance = fround(fround(sigma * sigma) / 3);
  const length = Math.sqrt(fround(12 * variance) + 1);
  const whole = Math.floor((length - 1) / 2);
  const top = fround((2 * whole + 1) * fround(whole * (whole + 1) - fround(3 * variance)));
  const part = fround(top / fround(6 * fround(variance - (whole + 1) * (whole + 1))));
  return fround(whole + part);
}

let blurLine = new Uint8Array(0);
let blurOut = new Uint8Array(0);

/** Three box passes along one line of `n` pixels, `step` apart, edges repeated. Weights are 24-bit fixed point. */
function blurLineThrice(pixels: Uint8Array, start: number, step: number, n: number, radius: number): void {
  const reach = Math.trunc(radius);
  const weight = Math.trunc(fround(0x100_0000 / fround(radius * 2 + 1)));
  const edgeWeight = Math.trunc((0x100_0000 - (reach * 2 + 1) * weight) / 2);
  const last = n - 1;
  let from = blurLine;
  let to = blurOut;
  for (let x = 0; x < n; x++) from[x] = pixels[start + x * step]!;
  for (let pass = 0; pass < 3; pass++) {
    let sum = 0;
    for (let x = -reach; x <= reach; x++) sum += from[x < 0 ? 0 : x > last ? last : x]!;
    for (let x = 0; x < n; x++) {
      const before = x - reach - 1;
      const after = x + reach + 1;
      const far = from[before < 0 ? 0 : before]! + from[after > last ? last : after]!;
      to[x] = (Math.imul(sum, weight) + Math.imul(far, edgeWeight) + 0x80_0000) >>> 24;
      const leaving = x - reach;
      sum += from[after > last ? last : after]! - from[leaving < 0 ? 0 : leaving]!;
    }
    [from, to] = [to, from];
  }
  for (let x = 0; x < n; x++) pixels[start + x * step] = from[x]!;
}

/** PIL's GaussianBlur(radius): `radius` is the standard deviation, approximated by three extended box blurs an axis. */
export function gaussianBlur(pixels: Uint8Array, width: number, height: number, channels: number, sigma: number): void {
  const radius = boxRadius(fround(sigma));
  if (radius === 0) return;
  const longest = Math.max(width, height);
  if (blurLine.length < longest) {
    blurLine = new Uint8Array(longest);
    blurOut = new Uint8Array(longest);
  }
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) blurLineThrice(pixels, y * width * channels + c, channels, width, radius);
  }
  for (let x = 0; x < width * channels; x++) blurLineThrice(pixels, x, width * channels, height, radius);
}
