/** Arrays of NumPy as its pickles describe them: an empty array whose state, set later, holds everything. */
import { elementsOf, mostDimensions, rowMajor, sizeOf, type ElementType } from './file.ts';
import { Foreign, Instance, Named, PickleError, type Value } from './pickle-values.ts';

const types: Readonly<Record<string, ElementType>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u1: 'U8',
  b1: 'BOOL',
};

class NumpyType extends Foreign {
  readonly name: string;
  isBigEndian = false;
  constructor(name: string) {
    super();
    this.name = name;
  }
  override setState(state: Value): void {
    if (Array.isArray(state)) this.isBigEndian = state[1] === '>';
  }
}

export class NumpyArray extends Foreign {
  type: ElementType | null = null;
  /** What it is called where it holds no numbers that can be read. */
  of = 'numpy.ndarray';
  shape: readonly number[] = [];
  strides: readonly number[] = [];
  elements: Uint8Array = new Uint8Array();
  readonly #path: string;
  constructor(path: string) {
    super();
    this.#path = path;
  }
  /** The version of the state (absent in the oldest), the shape, the type, whether Fortran's order, the elements. */
  override setState(state: Value): void {
    const parts = Array.isArray(state) ? state : [];
    const [shape, type, isFortran, elements] = parts.length === 5 ? parts.slice(1) : parts;
    this.fill(shape, type, isFortran === true || isFortran === 1, elements);
  }
  fill(shape: Value | undefined, type: Value | undefined, isFortran: boolean, elements: Value | undefined): void {
    if (!Array.isArray(shape) || shape.length > mostDimensions || !(type instanceof NumpyType)) return;
    this.of = `numpy.ndarray<${type.name}>`;
    const own = types[type.name];
    // Python 2's strings are bytes; the elements of an array of objects are a list.
    const bytes = typeof elements === 'string' ? Buffer.from(elements, 'latin1') : elements;
    if (own === undefined || type.isBigEndian || !(bytes instanceof Uint8Array)) return;
    const sizes = shape.filter((size) => typeof size === 'number');
    if (sizes.length !== shape.length) return;
    const count = elementsOf(this.#path, 'an array', sizes);
    if (bytes.length !== count * sizeOf(own))
      throw new PickleError(`an array [${sizes.join(', ')}] of ${own} with ${bytes.length} bytes`);
    this.type = own;
    this.shape = sizes;
    this.strides = isFortran ? [...rowMajor([...sizes].reverse())].reverse() : rowMajor(sizes);
    this.elements = bytes;
  }
}

/** The functions of NumPy 1 and 2 that make arrays. */
export function numpyCalls(path: string): ReadonlyMap<string, (values: readonly Value[]) => Value> {
  const empty = () => new NumpyArray(path);
  const buffered = ([bytes, type, shape, order]: readonly Value[]): Value => {
    const made = new NumpyArray(path);
    made.fill(shape, type, order === 'F', bytes);
    return made;
  };
  return new Map<string, (values: readonly Value[]) => Value>([
    ['numpy.core.multiarray._reconstruct', empty],
    ['numpy._core.multiarray._reconstruct', empty],
    ['numpy.core.numeric._frombuffer', buffered],
    ['numpy._core.numeric._frombuffer', buffered],
    ['numpy.dtype', ([name]) => new NumpyType(typeof name === 'string' ? name.replace(/^[<|=]/, '') : '?')],
    // Bytes in the pickles of Python 2 and of protocol 2: a text of characters up to 255.
    [
      '_codecs.encode',
      ([text, encoding]) =>
        typeof text === 'string' && (encoding === 'latin1' || encoding === 'latin-1')
          ? Buffer.from(text, 'latin1')
          : new Instance(new Named('_codecs', 'encode')),
    ],
  ]);
}
