/** Pictures of the built-in sample set in memory, to look at a network whose own data is not here. */
import { frameOf } from '../data/pixels/kernels.ts';
import { normalizer } from '../data/pixels/normalize.ts';
import { withChannels } from '../data/pixels/decode.ts';
import { sampleClasses } from '../data/sample/sample-objects.ts';
import { renderScene } from '../data/sample/sample-scene.ts';
import type { HostTensor } from '../host-batch.ts';
import type { Normalization } from '../protocol/run.ts';

export interface Pictures {
  readonly count: number;
  readonly channels: 1 | 3;
  /** The pictures as an encoder takes them, [count, size, size, channels]. */
  normalized(normalization: Normalization): HostTensor;
}

const seed = 1;

/** Draws pictures, `size` squared. A picture of 224 pixels takes about 0.1 s. */
export async function samplePictures(
  { count, size, channels }: { readonly count: number; readonly size: number; readonly channels: 1 | 3 },
  progress: (fraction: number) => Promise<void>,
): Promise<Pictures> {
  const drawn: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const { pixels } = renderScene(seed, 'train', index, index % sampleClasses.length, size);
    drawn.push(withChannels({ pixels, width: size, height: size, channels: 3 }, channels).pixels);
    await progress((index + 1) / count);
  }
  return {
    count,
    channels,
    normalized(normalization) {
      const { write } = normalizer(normalization, channels);
      const floats = channels * size ** 2;
      const values = new Float32Array(count * floats);
      drawn.forEach((pixels, index) => write(frameOf(pixels, size, size, channels), values, index * floats));
      return { shape: [count, size, size, channels], values };
    },
  };
}
