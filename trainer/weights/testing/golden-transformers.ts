/** Small vision transformers of other programs (golden/vision_transformers.py): names, shapes and features. */
import { readFileSync } from 'node:fs';
import { formula } from '../../nn/testing/golden.ts';
import type { Layer } from '../../protocol/run.ts';
import type { Shape } from '../../recipe.ts';
import type { WrittenTensor } from '../safetensors.ts';

export interface GoldenTransformer {
  readonly name: string;
  /** Programs with fixed positions: these have no formula of their names. */
  readonly fixed?: string;
  readonly tensors: readonly (readonly [string, Shape])[];
  /** Other layers on images of 24 x 24: every eighth channel. */
  readonly layers?: Readonly<Partial<Record<Layer, readonly number[]>>>;
  readonly features: readonly { readonly height: number; readonly width: number; readonly y: readonly number[] }[];
}

export const golden = JSON.parse(
  readFileSync(new URL('../golden/vision-transformers.json', import.meta.url), 'utf8'),
) as { readonly patch: number; readonly side: number; readonly cases: readonly GoldenTransformer[] };

/** Sines and cosines of the frequencies of one place. */
function waves(place: number, width: number): readonly number[] {
  const angles = Array.from({ length: width / 4 }, (_, at) => place * 10_000 ** (-at / (width / 4)));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

/** MoCo v3 has the row first, MAE the column. */
function fixedPositions(program: string, [, , width]: Shape): Float32Array {
  const values = new Array<number>(width!).fill(0);
  for (let row = 0; row < golden.side; row++)
    for (let column = 0; column < golden.side; column++)
      for (const place of program === 'MAE' ? [column, row] : [row, column]) values.push(...waves(place, width!));
  return Float32Array.from(values);
}

/** The file of a case: every tensor by formula from its name. */
export function stateOf({ tensors, fixed }: GoldenTransformer): readonly WrittenTensor[] {
  return tensors.map(([name, shape]) => {
    const isFixed = fixed !== undefined && name.endsWith('pos_embed') && !name.includes('decoder');
    const offset = shape.length === 1 && name.endsWith('weight') ? 1 : 0;
    const values = isFixed ? fixedPositions(fixed, shape) : formula(name, shape, shape.length > 1 ? 0.1 : 0.5, offset);
    return { name, shape, values };
  });
}
