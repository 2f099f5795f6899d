/**
 * Colour operations on 8-bit pixels in place, by PIL's and torchvision's definitions (`ImageEnhance`, `adjust_hue`,
 * `ImageOps.solarize`, `ImageFilter.GaussianBlur`), including their rounding: float32 where PIL computes in float.
 */
import { luma } from './decode.ts';
import { bytesAt, kernels, room } from './kernels.ts';

/** Runs a kernel over a copy of the pixels in its memory, and takes the result. */
function through(pixels: Uint8Array, kernel: (address: number, scratch: number) => void, scratchBytes = 0): void {
  const [address, scratch] = room(pixels.length, scratchBytes);
  bytesAt(address, pixels.length).set(pixels);
  kernel(address, scratch);
  pixels.set(bytesAt(address, pixels.length));
}

/** Towards black. */
export function brightness(pixels: Uint8Array, factor: number): void {
  through(pixels, (address) => kernels.blend(address, pixels.length, 0, factor));
}

/** Towards the mean grey of the whole picture, rounded to a whole level. */
export function contrast(pixels: Uint8Array, channels: number, factor: number): void {
  through(pixels, (address) => {
    const sum = channels === 3 ? kernels.lumaSum(address, pixels.length) : pixels.reduce((a, b) => a + b, 0);
    const mean = Math.trunc(sum / (pixels.length / channels) + 0.5);
    kernels.blend(address, pixels.length, mean, factor);
  });
}

/** Towards each pixel's own grey. */
export function saturation(pixels: Uint8Array, factor: number): void {
  through(pixels, (address) => kernels.saturation(address, pixels.length, factor));
}

/** Turns the hue by `turn` of the circle (-0.5 to 0.5): to 8-bit HSV, add, back, as torchvision does on PIL images. */
export function hue(pixels: Uint8Array, turn: number): void {
  through(pixels, (address) => kernels.hue(address, pixels.length, Math.trunc(turn * 255) & 255));
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
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]!;
    if (value >= threshold) pixels[i] = 255 - value;
  }
}

const { fround } = Math;

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

/** PIL's GaussianBlur(radius): `radius` is the standard deviation, approximated by three extended box blurs an axis. */
export function gaussianBlur(pixels: Uint8Array, width: number, height: number, channels: number, sigma: number): void {
  const radius = boxRadius(fround(sigma));
  if (radius === 0) return;
  const reach = Math.trunc(radius);
  // In 24-bit fixed point.
  const weight = Math.trunc(fround(0x100_0000 / fround(radius * 2 + 1)));
  const edgeWeight = Math.trunc((0x100_0000 - (reach * 2 + 1) * weight) / 2);
  const blur = (address: number, scratch: number): void =>
    kernels.blur(address, width, height, channels, reach, weight, edgeWeight, scratch);
  through(pixels, blur, 32 * Math.max(width, height));
}
