/**
 * TensorFlow operations that compute wrong results for some shapes, and their replacements: the only such list. Both
 * bindings check it before they run an operation or add it to a graph; `npm run test:nightly` sweeps all other
 * operations over small and odd shapes for the next entry.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { saidBy } from './attributes.ts';
import { dtypes } from './tensors.ts';

interface Asked {
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Values of an input that holds a shape; null where they are not known yet. */
  readonly integers: (input: number) => readonly number[] | null;
  readonly attributes: readonly TFEOpAttr[];
}

interface AvoidedOperation {
  readonly kinds: readonly string[];
  readonly isWrong: (asked: Asked) => boolean;
  readonly why: string;
  readonly instead: string;
}

const lowTypes: readonly unknown[] = [dtypes.bfloat16, dtypes.half];

const stridesOf = ({ attributes }: Asked): readonly [down: number, across: number] => {
  const [, down = 1, across = 1] = (saidBy(attributes)('strides') ?? []) as readonly number[];
  return [down, across];
};

const avoidedOperations: readonly AvoidedOperation[] = [
  {
    kinds: ['Conv2DBackpropFilter'],
    /** Inputs: images [n, height, width, in], the kernel's shape [k, k, in, out], dy [n, height', width', out]. */
    isWrong(asked) {
      const [height = 0, width = 0] = asked.integers(1) ?? [];
      const channels = Math.min(asked.shapes[0]?.[3] ?? 0, asked.shapes[2]?.[3] ?? 0);
      return height === 1 && width === 1 && Math.max(...stridesOf(asked)) > 1 && channels < 8;
    },
    why:
      'With oneDNN and AVX2 alone (TensorFlow 2.21) the gradient of a 1 x 1 kernel at a stride above 1 with fewer than 8 channels ' +
      'is off by 20 to 400 %, and the operation writes outside its memory.',
    instead: 'Use conv2d of trainer/nn, which drops the skipped pixels first.',
  },
  {
    kinds: ['Conv2D', 'Conv2DBackpropFilter'],
    /** Inputs: images [n, height, width, in], then the kernel [k, k, in, out] or its shape. */
    isWrong(asked) {
      const said = saidBy(asked.attributes);
      const [down, across] = stridesOf(asked);
      if (!lowTypes.includes(said('T')) || across === 1) return false;
      const [, height = 0, width = 0] = asked.shapes[0] ?? [];
      const kernel = asked.integers(1) ?? asked.shapes[1] ?? [];
      const isSame = said('padding') === 'SAME';
      const extent = (size: number, window: number, stride: number) =>
        isSame ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
      const isColumn = extent(width, kernel[1] ?? 1, across) === 1;
      return isColumn && (isSame || extent(height, kernel[0] ?? 1, down) > 1);
    },
    why:
      'In bfloat16 (oneDNN of TensorFlow 2.21, AVX-512) a convolution at a stride above 1 whose result is one column wide, and ' +
      'its gradient in the kernel, read outside the images: off by 30 % up to infinity. Right are single pixels, their zeros ' +
      'written out.',
    instead: 'Use conv2d of trainer/nn, and square images.',
  },
];

const entryFor = (kind: string, ask: () => Asked): AvoidedOperation | undefined =>
  avoidedOperations.find(({ kinds, isWrong }) => kinds.includes(kind) && isWrong(ask()));

/** True where the operation would compute wrongly. `ask` is called for kinds that are wrong for some shapes only. */
export const isAvoided = (kind: string, ask: () => Asked): boolean => entryFor(kind, ask) !== undefined;

/** @throws where the operation would compute wrongly for these shapes; `ask` as in `isAvoided` */
export function refuseAvoided(kind: string, ask: () => Asked): void {
  const found = entryFor(kind, ask);
  if (!found) return;
  const shapes = ask()
    .shapes.map((shape) => `[${shape.join(', ')}]`)
    .join(', ');
  throw new Error(`TensorFlow's "${kind}" is wrong for inputs of shapes ${shapes}. ${found.why} ${found.instead}`);
}
