/**
 * Reads pickled dicts with NumPy arrays, as data sets were published from Python 2 and are saved again from Python 3.
 * Nothing is executed: the calls by which NumPy pickles its arrays have a meaning here, any other is refused.
 * https://numpy.org/doc/stable/reference/generated/numpy.ndarray.__reduce__.html
 */
import { Dictionary, Instance, Named, PickleError, type Value } from '../../weights/pickle-values.ts';
import { readPickle } from '../../weights/pickle.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

/** An array as pickled: its state is (version, shape, type, whether the first axis changes fastest, bytes). */
class PickledArray extends Instance {}

/** A type of numbers, such as "u1"; its state begins with a version and the order of bytes. */
class NumberType extends Instance {
  readonly code: string;
  constructor(code: string) {
    super(new Named('numpy', 'dtype'));
    this.code = code;
  }
}

export interface NumpyArray {
  readonly shape: readonly number[];
  /** Kind and bytes per value: "u1" are bytes, "i8" whole numbers of 8 bytes. */
  readonly type: string;
  readonly bigEndian: boolean;
  /** Whether the first axis changes fastest. */
  readonly byColumns: boolean;
  readonly bytes: Buffer;
}

/** Python 2's strings arrive as text of one byte a character. */
function bytesOf(value: Value | undefined): Buffer | null {
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : null;
}

const textOf = (value: Value | undefined): string | null =>
  typeof value === 'string' ? value : (bytesOf(value)?.toString('utf8') ?? null);

function typeOf(values: readonly Value[]): NumberType {
  const code = textOf(values[0]);
  if (code === null) throw new PickleError('a NumPy type without a name');
  return new NumberType(code);
}

/** `bytes` in Python 3, written for Python 2. */
function encoded([text, encoding]: readonly Value[]): Buffer {
  if (typeof text !== 'string' || encoding !== 'latin1') throw new PickleError('bytes in an unknown encoding');
  return Buffer.from(text, 'latin1');
}

/** A single number of NumPy's. */
function scalar([type, contents]: readonly Value[]): number {
  const bytes = bytesOf(contents);
  if (!(type instanceof NumberType) || bytes === null) throw new PickleError('a NumPy number without a type');
  return numbersIn({ ...layoutOf(type), bytes })[0] ?? NaN;
}

const array = (): Instance => new PickledArray(new Named('numpy', 'ndarray'));

const calls: ReadonlyMap<string, (values: readonly Value[]) => Value> = new Map([
  ['_codecs.encode', encoded],
  ['__builtin__.bytes', () => Buffer.alloc(0)],
  ['numpy.dtype', typeOf],
  // NumPy 2 moved its core.
  ...['numpy.core', 'numpy._core'].flatMap((core): [string, (values: readonly Value[]) => Value][] => [
    [`${core}.multiarray._reconstruct`, array],
    [`${core}.multiarray.scalar`, scalar],
  ]),
]);

function layoutOf({ code, state }: NumberType): Pick<NumpyArray, 'type' | 'bigEndian'> {
  const order = Array.isArray(state) ? textOf(state[1]) : null;
  return { type: code.replace(/^[<>|=]/, ''), bigEndian: order === '>' || code.startsWith('>') };
}

/** @throws UnusableImage if the value is not an array, or its bytes do not fill its shape */
export function arrayOf(value: Value | undefined, name: string): NumpyArray {
  if (value === undefined) throw new UnusableImage(said`it has no "${name}"`);
  const state = value instanceof PickledArray && Array.isArray(value.state) ? value.state : [];
  const [, shape, type, byColumns, contents] = state;
  const bytes = bytesOf(contents);
  if (!Array.isArray(shape) || !(type instanceof NumberType) || bytes === null)
    throw new UnusableImage(said`its "${name}" is not a NumPy array`);
  const sizes = shape.map(Number);
  const width = Number(/^[a-z](\d+)$/.exec(layoutOf(type).type)?.[1] ?? NaN);
  if (sizes.reduce((product, size) => product * size, width) !== bytes.length)
    throw new UnusableImage(said`its "${name}" has ${bytes.length} bytes, which do not fill ${sizes.join(' x ')}`);
  return { ...layoutOf(type), shape: sizes, byColumns: byColumns === true, bytes };
}

function numbersIn({ type, bigEndian, bytes }: Pick<NumpyArray, 'type' | 'bigEndian' | 'bytes'>): readonly number[] {
  const [, kind, digits] = /^([iu])([1248])$/.exec(type) ?? [];
  if (kind === undefined || digits === undefined)
    throw new UnusableImage(said`numbers of the type "${type}" are not read`);
  const width = Number(digits);
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, at) => {
    const own = Buffer.from(bytes.subarray(at * width, (at + 1) * width));
    const value = BigInt(`0x${(bigEndian ? own : own.reverse()).toString('hex')}`);
    return Number(kind === 'i' ? BigInt.asIntN(8 * width, value) : value);
  });
}

/** A list of whole numbers, or an array of them. */
export function integersOf(value: Value | undefined, name: string): readonly number[] {
  if (!Array.isArray(value)) return numbersIn(arrayOf(value, name));
  return value.map((each) => {
    if (typeof each === 'number') return each;
    throw new UnusableImage(said`its "${name}" holds something that is not a number`);
  });
}

/** A list of texts; null if it is something else. */
export function textsOf(value: Value | undefined): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.flatMap((each) => textOf(each) ?? []);
  return texts.length === value.length ? texts : null;
}

/** The items of a pickled dict. @throws UnusableImage if the file is something else */
export function readPickledDict(pickle: Buffer): ReadonlyMap<string, Value> {
  try {
    const value = readPickle(pickle, {
      calls,
      persistent: () => {
        throw new PickleError('a reference to something outside of it');
      },
    });
    if (!(value instanceof Dictionary)) throw new PickleError('it is not a dict');
    return new Map(
      value.entries.flatMap(([key, item]): [string, Value][] => {
        const name = textOf(key);
        return name === null ? [] : [[name, item]];
      }),
    );
  } catch (error) {
    if (error instanceof PickleError)
      throw new UnusableImage(said`not a pickled batch that can be read: ${error.message}`);
    throw error;
  }
}
