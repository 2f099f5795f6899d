/**
 * In-place augmentations of a frame, by PIL's and torchvision's definitions (`ImageEnhance`, `adjust_hue`,
 * `ImageOps.solarize`, `ImageFilter.GaussianBlur`), including their rounding: float32 where PIL computes in float.
 */
import { kernels, roomBeside, type Frame } from './kernels.ts';

/** Mirrors left and right. */
export function flip({ address, width, height, channels }: Frame): void {
  kernels.flip(address, width, height, channels);
}

/** Blends towards black. */
export function brightness({ address, length }: Frame, factor: number): void {
  kernels.blend(address, length, 0, factor);
}

/** Blends towards the mean grey of the whole picture, rounded to an integer level. */
export function contrast({ address, length, channels }: Frame, factor: number): void {
  const sum = channels === 3 ? kernels.lumaSum(address, length) : kernels.sum(address, length);
  const mean = Math.trunc(sum / (length / channels) + 0.5);
  kernels.blend(address, length, mean, factor);
}

/** Blends towards each pixel's own grey. */
export function saturation({ address, length }: Frame, factor: number): void {
  kernels.saturation(address, length, factor);
}

/** Turns the hue by `turn` of the circle (-0.5 to 0.5): to 8-bit HSV, add, back, as torchvision does on PIL images. */
export function hue({ address, length }: Frame, turn: number): void {
  kernels.hue(address, length, Math.trunc(turn * 255) & 255);
}

/** Sets all three channels to the luma. */
export function grayscale({ address, length }: Frame): void {
  kernels.grayscale(address, length);
}

/** Inverts levels at or above the threshold. */
export function solarize({ address, length }: Frame, threshold: number): void {
  // Levels are integers: the threshold may lie between or above them.
  if (threshold <= 255) kernels.solarize(address, length, Math.max(0, Math.ceil(threshold)));
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

/**
 * PIL's GaussianBlur(radius): `radius` is the standard deviation, approximated by three extended box blurs per axis.
 */
export function gaussianBlur(frame: Frame, sigma: number): void {
  const radius = boxRadius(fround(sigma));
  if (radius === 0) return;
  const reach = Math.trunc(radius);
  // In 24-bit fixed point.
  const weight = Math.trunc(fround(0x100_0000 / fround(radius * 2 + 1)));
  const edgeWeight = Math.trunc((0x100_0000 - (reach * 2 + 1) * weight) / 2);
  const { address, width, height, channels } = frame;
  const [scratch] = roomBeside(frame, 32 * Math.max(width, height));
  kernels.blur(address, width, height, channels, reach, weight, edgeWeight, scratch);
}
