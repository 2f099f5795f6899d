/** From 8-bit pixels to what the encoder sees: (x / 255 - mean) / std in float32, one table a channel. */
import { FaultError } from '../fault.ts';
import type { Normalization } from '../protocol/run.ts';

export interface Normalizer {
  /** Channels of the result: as many as the normalization names. */
  readonly channels: number;
  /** Writes `pixels` at `offset` of `target`; one channel becomes three where three are named. */
  write(pixels: Uint8Array, target: Float32Array, offset: number): void;
}

export function normalizer({ mean, std }: Normalization, dataChannels: number): Normalizer {
  const channels = mean.length;
  if (std.length !== channels || (channels !== dataChannels && !(dataChannels === 1 && channels === 3))) {
    throw new FaultError(
      'bad-argument',
      `The normalization has ${mean.length} means and ${std.length} deviations, but the images have ${dataChannels} ` +
        `channel${dataChannels === 1 ? '' : 's'}. Give one of each for every channel (three also do for grey images).`,
      { means: mean.length, deviations: std.length, channels: dataChannels },
    );
  }
  const wrong = std.find((value) => !(value > 0));
  if (wrong !== undefined) {
    throw new FaultError('bad-argument', `A standard deviation of the normalization is ${wrong}; it must be above 0.`);
  }
  const { fround } = Math;
  const tables = mean.map((average, channel) =>
    Float32Array.from({ length: 256 }, (_, value) =>
      fround(fround(fround(value / 255) - fround(average)) / fround(std[channel]!)),
    ),
  );
  const [first, second, third] = tables as [Float32Array, Float32Array, Float32Array];
  return {
    channels,
    write(pixels, target, offset) {
      if (channels === 1) {
        for (let i = 0; i < pixels.length; i++) target[offset + i] = first[pixels[i]!]!;
        return;
      }
      const step = dataChannels === 1 ? 0 : 1;
      const stride = dataChannels;
      for (let from = 0, to = offset; from < pixels.length; from += stride, to += 3) {
        target[to] = first[pixels[from]!]!;
        target[to + 1] = second[pixels[from + step]!]!;
        target[to + 2] = third[pixels[from + 2 * step]!]!;
      }
    },
  };
}
