/** What the pickles of PyTorch name: storages of elements, and tensors that are views of them. */
import { elementsOf, mostDimensions, rowMajor, sizeOf, type ElementType } from './file.ts';
import { numpyCalls } from './numpy-values.ts';
import { Dictionary, Foreign, Instance, Named, PickleError, type Value } from './pickle-values.ts';

/** The types of storages: those whose elements can be read, and the bytes of an element of the others. */
const storageTypes: Readonly<Record<string, ElementType | number>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
  QUInt4x2Storage: 1,
  QUInt2x4Storage: 1,
  UntypedStorage: 1,
};

/** The types that PyTorch names beside an untyped storage. */
const typesByName: Readonly<Record<string, ElementType>> = {
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
};

/** Elements in a file or in memory. */
export class Storage extends Foreign {
  /** Its number in the file. */
  readonly key: string;
  readonly of: Named;
  readonly elements: number;
  /** The first element, for a view of a part of a storage. */
  readonly first: number;
  /** Its elements, where they are not in the file as they are. */
  readonly memory: Uint8Array | null;
  constructor(key: string, of: Named, elements: number, first = 0, memory: Uint8Array | null = null) {
    super();
    this.key = key;
    this.of = of;
    this.elements = elements;
    this.first = first;
    this.memory = memory;
  }
  get type(): ElementType | null {
    const type = storageTypes[this.of.name];
    return typeof type === 'string' ? type : null;
  }
  get elementBytes(): number {
    const type = storageTypes[this.of.name]!;
    return typeof type === 'string' ? sizeOf(type) : type;
  }
}

export class Tensor extends Foreign {
  readonly storage: Storage;
  readonly type: ElementType;
  /** First element, in elements of the storage. */
  readonly start: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(
    storage: Storage,
    type: ElementType,
    start: number,
    shape: readonly number[],
    strides: readonly number[] = rowMajor(shape),
  ) {
    super();
    this.storage = storage;
    this.type = type;
    this.start = start;
    this.shape = shape;
    this.strides = strides;
  }
}

export const isNatural = (value: Value | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** A persistent id in protocol 0: as Python prints it. */
const printedId = /^\('storage', <class 'torch\.([\w.]*?)(\w+)'>, '?(\w+)'?, '[^']*', (\d+)(?:, None)?\)$/;

const longestId = 1000;

function storageParts(id: Value): readonly Value[] {
  const printed = typeof id === 'string' && id.length <= longestId ? printedId.exec(id) : null;
  if (printed) return ['storage', new Named('torch', printed[2]!), printed[3]!, '', Number(printed[4])];
  return Array.isArray(id) ? id : [];
}

/** The storage of a persistent id; an inert value for any other id, and for a storage of a type unknown here. */
export function storageOf(id: Value): Value {
  const [word, of, key, , elements, view = null] = storageParts(id);
  // Before PyTorch 1.6, a module was kept beside its source text.
  if (word === 'module' && of instanceof Named) return of;
  if (word !== 'storage' || !(of instanceof Named)) return new Instance(new Named('torch', 'persistent-id'));
  if (!Object.hasOwn(storageTypes, of.name)) return new Instance(of);
  if ((typeof key !== 'string' && typeof key !== 'number') || !isNatural(elements))
    throw new PickleError('a storage with an invalid description');
  if (view === null) return new Storage(String(key), of, elements);
  const [, first, count] = Array.isArray(view) ? view : [];
  if (!isNatural(first) || !isNatural(count) || first + count > elements)
    throw new PickleError(`a view that reaches beyond the ${elements} elements of its storage`);
  return new Storage(String(key), of, count, first);
}

const mostRepeated = 2 ** 24;
/** Sizes or strides; longer lists are none, and are not looked through. */
const isNaturals = (value: Value | undefined): value is number[] =>
  Array.isArray(value) && value.length <= mostDimensions && value.every(isNatural);

function tensor(path: string, values: readonly Value[], type: ElementType | null): Value {
  const [storage, start, shape, strides] = values;
  // Of what is no storage of numbers (quantised, complex, on no device) there is no tensor either.
  if (storage instanceof Instance) return storage;
  if (!(storage instanceof Storage) || !isNatural(start) || !isNaturals(shape) || !isNaturals(strides))
    throw new PickleError('a tensor with an invalid description');
  if (type === null) return new Instance(storage.of);
  const elements = elementsOf(path, 'a tensor', shape);
  const last = shape.reduce((at, size, dimension) => at + (size - 1) * (strides[dimension] ?? Infinity), start);
  const room = (storage.elements * storage.elementBytes) / sizeOf(type);
  if (strides.length !== shape.length || (elements > 0 && last + 1 > room))
    throw new PickleError(
      `a tensor [${shape.join(', ')}] that reaches beyond the ${storage.elements} elements of its storage`,
    );
  // An expanded tensor repeats its elements. None of this size is a weight, and a short file could ask for any memory.
  if (elements > Math.max(room, mostRepeated)) return new Instance(new Named('torch', 'expanded-tensor'));
  return new Tensor(storage, type, start, shape, strides);
}

/** Python 2 made an OrderedDict from a list of pairs. */
function ordered([pairs]: readonly Value[]): Value {
  const made = new Dictionary();
  if (Array.isArray(pairs))
    for (const pair of pairs) if (Array.isArray(pair) && pair.length === 2) made.entries.push([pair[0]!, pair[1]!]);
  return made;
}

type Call = (values: readonly Value[]) => Value;

/** Functions that have a meaning in the pickles of PyTorch. They may name anything else, but nothing else is run. */
export function torchCalls(path: string): ReadonlyMap<string, Call> {
  const typed: Call = (values) => tensor(path, values, values[0] instanceof Storage ? values[0].type : null);
  const untyped: Call = (values) => {
    const of = values[6];
    if (!(of instanceof Named) || !(values[0] instanceof Storage)) return typed(values);
    const type = typesByName[of.full];
    return type === undefined ? new Instance(of) : tensor(path, values, type);
  };
  const first: Call = ([value = null]) => value;
  const calls = new Map<string, Call>([
    ...numpyCalls(path),
    ['collections.OrderedDict', ordered],
    ['torch._utils._rebuild_tensor', typed],
    ['torch._utils._rebuild_tensor_v2', typed],
    ['torch._utils._rebuild_tensor_v3', untyped],
    // Parameters, with attributes or without; tensors of another device.
    ['torch._utils._rebuild_parameter', first],
    ['torch._utils._rebuild_parameter_with_state', first],
    ['torch._utils._rebuild_device_tensor_from_cpu_tensor', first],
    ['torch._utils._rebuild_device_tensor_from_numpy', first],
    ['torch._utils._rebuild_xla_tensor', first],
    ['torch.nn.parameter.Parameter', first],
    ['torch.autograd.variable.Variable', first],
    ['torch.Size', ([sizes]) => sizes ?? []],
    ['torch.device', first],
  ]);
  // A tensor of a subclass: the function that makes the tensor, the subclass, what the function is called with.
  const subclass: Call = ([function_ = null, of = null, values = null]) => {
    const known = function_ instanceof Named ? calls.get(function_.full) : undefined;
    if (known && Array.isArray(values)) return known(values);
    return new Instance(of instanceof Named ? of : new Named('torch', 'Tensor'));
  };
  calls.set('torch._tensor._rebuild_from_type_v2', subclass);
  calls.set('torch._tensor._rebuild_from_type', ([function_ = null, of = null, values = null]) =>
    subclass([function_, of, values]),
  );
  return calls;
}
