/** Converts 8-bit pixels to the encoder's input: (x / 255 - mean) / std in float32, one table per channel. */
import { FaultError } from '../../durable/fault-error.ts';
import type { Normalization } from '../../protocol/run.ts';
import { floatsAt, kernels, roomBeside, type Frame } from './kernels.ts';

export interface Normalizer {
  /** Channels of the result: as many as the normalization names. */
  readonly channels: number;
  /**
   * Writes a frame at `offset` of `target`; one channel becomes three if three are named.
   * @param line values from one row to the next; default: rows follow each other
   */
  write(frame: Frame, target: Float32Array, offset: number, line?: number): void;
}

/** @throws FaultError if it does not fit images of this many channels, or makes a level a value that float32 cannot hold */
export function checkNormalization({ mean, std }: Normalization, dataChannels: number): void {
  const channels = mean.length;
  if (std.length !== channels || (channels !== dataChannels && !(dataChannels === 1 && channels === 3))) {
    throw new FaultError(
      'bad-argument',
      `The normalization has ${mean.length} means and ${std.length} standard deviations, but the images have ${dataChannels} ` +
        `channel${dataChannels === 1 ? '' : 's'}. Give one of each for every channel (three are also accepted for greyscale images).`,
      { means: mean.length, deviations: std.length, channels: dataChannels },
    );
  }
  const wrong = std.find((value) => !(value > 0));
  if (wrong !== undefined) {
    throw new FaultError('bad-argument', `A standard deviation of the normalization is ${wrong}; it must be above 0.`);
  }
  if (!tablesOf({ mean, std }).every(Number.isFinite)) {
    throw new FaultError(
      'bad-argument',
      `The normalization by means ${mean.join(', ')} and standard deviations ${std.join(', ')} gives values that are not finite. Choose larger standard deviations.`,
    );
  }
}

/** Values of the 256 levels, channel by channel. */
function tablesOf({ mean, std }: Normalization): Float32Array {
  const { fround } = Math;
  const tables = new Float32Array(256 * mean.length);
  mean.forEach((average, channel) => {
    for (let value = 0; value < 256; value++) {
      const centred = fround(fround(value / 255) - fround(average));
      tables[256 * channel + value] = fround(centred / fround(std[channel]!));
    }
  });
  return tables;
}

/** Interleaved pictures, normalised. */
export function normalizedLevels(levels: Uint8Array, normalization: Normalization): Float32Array {
  const tables = tablesOf(normalization);
  const channels = normalization.mean.length;
  return Float32Array.from(levels, (level, at) => tables[256 * (at % channels) + level]!);
}

export function normalizer(normalization: Normalization, dataChannels: number): Normalizer {
  checkNormalization(normalization, dataChannels);
  const channels = normalization.mean.length;
  const tables = tablesOf(normalization);
  return {
    channels,
    write(frame, target, offset, line) {
      const count = frame.length / dataChannels;
      const [tablesAddress, result] = roomBeside(frame, tables.byteLength, 4 * count * channels);
      floatsAt(tablesAddress, tables.length).set(tables);
      kernels.lookUp(frame.address, count, dataChannels, tablesAddress, channels, result);
      const values = floatsAt(result, count * channels);
      const own = frame.width * channels;
      if (line === undefined || line === own) target.set(values, offset);
      else
        for (let row = 0; row < frame.height; row++)
          target.set(values.subarray(row * own, (row + 1) * own), offset + row * line);
    },
  };
}
