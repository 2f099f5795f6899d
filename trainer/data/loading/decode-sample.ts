/** The picture of a sample, or the fault of its file. */
import type { Sample } from '../../recipe.ts';
import { imageFault } from '../damaged-image.ts';
import { decode } from '../pixels/decode.ts';
import type { Pixels } from '../pixels/rows.ts';

export interface DecodedSample extends Pixels {
  readonly name: string;
}

/** @throws DamagedImageError, and FaultError for a file that cannot be reached */
export async function decodeSample({ image, name }: Sample, channels: number): Promise<DecodedSample> {
  try {
    return { ...(await decode(image, channels)), name };
  } catch (error) {
    throw imageFault(name, error, image.kind === 'encoded' ? image.bytes : null);
  }
}
