/** Pickles of PyTorch's checkpoints: hostile and damaged ones are refused or inert, and nothing in them is run. */
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yazl from 'yazl';
import { afterAll, describe, expect, it, test } from 'vitest';
import type { WeightsFile } from './file.ts';
import { openWeights } from './open.ts';
import { numpyCalls, type NumpyArray } from './numpy-values.ts';
import type { Meanings } from './pickle-machine.ts';
import { Foreign, Named, PickleError, type Dictionary, type Instance, type Value } from './pickle-values.ts';
import { readPickle } from './pickle.ts';
import { writePth } from './pth-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'pth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function written(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.pth`);
  writeFileSync(path, bytes);
  return path;
}
/** The names and values of a file, and what was passed over. */
async function read(path: string) {
  const file = await openWeights(path);
  try {
    const values = new Map<string, Float32Array>();
    for (const tensor of file.tensors) values.set(tensor.name, await file.read(tensor));
    return { values, passedOver: file.passedOver };
  } finally {
    await file.close();
  }
}
const refusal = (path: string): Promise<string> =>
  read(path).then(
    () => 'read',
    (error: unknown) => {
      expect(error).toMatchObject({ fault: { code: 'unreadable-file', values: { path } } });
      return (error as Error).message;
    },
  );

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
/** A checkpoint with any pickle. */
async function pth(
  pickle: Buffer | string,
  { compress = false, data = Buffer.alloc(16), name = 'data.pkl', forceZip64Format = false } = {},
) {
  const zip = new yazl.ZipFile();
  zip.addBuffer(typeof pickle === 'string' ? ascii(pickle) : pickle, `archive/${name}`, { compress, forceZip64Format });
  zip.addBuffer(data, 'archive/data/0', { compress: false, forceZip64Format });
  zip.end({ forceZip64Format, comment: '' });
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream) parts.push(part as Buffer);
  return written(Buffer.concat(parts));
}
/** A pickled tensor `a` with a storage of the given number of elements. */
function pickledTensor(
  shape: readonly number[],
  strides: readonly number[],
  elements = 4,
  type = 'FloatStorage',
  start = 0,
) {
  const numbers = (values: readonly number[]) =>
    `(${values.map((value) => `K${String.fromCharCode(value)}`).join('')}t`;
  const word = (text: string) => `\x8c${String.fromCharCode(text.length)}${text}`;
  const storage = `(${word('storage')}ctorch\n${type}\n${word('0')}${word('cpu')}K${String.fromCharCode(elements)}tQ`;
  const arguments_ = `(${storage}K${String.fromCharCode(start)}${numbers(shape)}${numbers(strides)}\x89}t`;
  return `\x80\x02}${word('a')}ctorch._utils\n_rebuild_tensor_v2\n${arguments_}Rs.`;
}

/** Nested lists, each holding the previous one twice ("billion laughs"). */
function laughs(depth: number): string {
  const levels = Array.from({ length: depth }, (_, at) => {
    const [before, own] = [String.fromCharCode(at), String.fromCharCode(at + 1)];
    return `]q${own}h${before}ah${before}a`;
  });
  return `\x80\x02]q\x00${levels.join('')}.`;
}

/** Beside a tensor `a`, under the name `x`, whatever a piece of a pickle leaves on the stack. */
const beside = (piece: string): string => pickledTensor([2], [1]).replace(/Rs\.$/, `Rs\x8c\x01x${piece}s.`);

describe('beside a tensor it is inert, counted, and never run', () => {
  it.each([
    ['a call of the system', 'cposix\nsystem\n(X\x02\x00\x00\x00lstR', 'posix.system'],
    ['a call by STACK_GLOBAL', '\x8c\x08builtins\x8c\x04eval\x93(\x8c\x011tR', 'builtins.eval'],
    ['an instance made by INST', '(iposix\nsystem\n', 'posix.system'],
    ['an instance made by OBJ', '(cposix\nsystem\nK\x01o', 'posix.system'],
    ['an instance made by NEWOBJ_EX', 'cmy.net\nThing\n)}\x92', 'my.net.Thing'],
    ['an instance of the base class', 'ccopy_reg\n_reconstructor\n(cmy\nThing\nc__builtin__\nobject\nNtR', 'my.Thing'],
    ['the result of a result', 'cmy\nmaker\n)R)R', 'my.maker'],
    ['an extension', '\x82\x05', 'copyreg.extension-5'],
    ['an extension of two bytes', '\x83\x05\x01', 'copyreg.extension-261'],
    ['a buffer outside the pickle', '\x97\x98', 'pickle.PickleBuffer'],
    ['a class with a strange name', 'cos\nsystem; rm -r /\n', 'os.system??rm?-r??'],
    ['a persistent value of another program', '\x8c\x05themeQ', 'torch.persistent-id'],
    ['items of what is no dict', 'cmy\nThing\n)RK\x01K\x02s', 'my.Thing'],
    ['values of what is no list', 'cmy\nThing\n)R(K\x01K\x02e', 'my.Thing'],
    ['a state twice', 'cmy\nThing\n)R}b}b', 'my.Thing'],
    ['the state of a name', 'cmy\nThing\n}b', 'my.Thing'],
    ['quantised elements', pickledTensor([2], [1], 4, 'QInt8Storage').slice(6, -2), 'torch.QInt8Storage'],
  ] as const)('%s', async (_name, piece, what) => {
    const { values, passedOver } = await read(await pth(beside(piece)));
    expect([...values.keys()]).toEqual(['a']);
    expect(passedOver.map((kind) => [kind.what, kind.names[0]])).toEqual([[what, 'x']]);
  });
});

/** A tensor, as the piece of a pickle that leaves it on the stack. */
const tensorPiece = pickledTensor([2], [1]).slice(6, -2);

describe('a tensor is found', () => {
  it.each([
    ['in the state of an instance', `cmy\nMeter\n)\x81}\x8c\x04best${tensorPiece}sb`, 'x.best'],
    ['in slots', `cmy\nMeter\n)\x81N}\x8c\x04best${tensorPiece}s\x86b`, 'x.best'],
    ['among the items of a kind of dict', `cmy\nDict\n)\x81\x8c\x04best${tensorPiece}s`, 'x.best'],
    ['in a kind of list', `cmy\nList\n)\x81${tensorPiece}a`, 'x.0'],
    ['in what a class was called with', `cflax\nFrozenDict\n(}\x8c\x04best${tensorPiece}stR`, 'x.best'],
    ['in a dict of Python 2', `ccollections\nOrderedDict\n(((\x8c\x04best${tensorPiece}lltR`, 'x.best'],
    ['under a number', `}K\x07${tensorPiece}s`, 'x.7'],
    ['under a pair', `}K\x07K\x08\x86${tensorPiece}s`, 'x.(0)'],
    ['as a parameter', `ctorch._utils\n_rebuild_parameter\n(${tensorPiece}\x88}tR`, 'x'],
    ['as a parameter with a state', `ctorch._utils\n_rebuild_parameter_with_state\n(${tensorPiece}\x88}}tR`, 'x'],
  ] as const)('%s', async (_name, piece, at) => {
    const { values } = await read(await pth(beside(piece)));
    expect([...values.keys()]).toEqual(['a', at]);
  });
});

test.each([
  ['a stack that is empty', '\x80\x02R.', 'reads a missing value'],
  ['a value never kept', '\x80\x02h\x07.', 'a value that was never stored'],
  ['no end', '\x80\x02}', 'ends in the middle of a value'],
  ['a text longer than all of it', '\x80\x02X\xff\xff\xff\x7fa.', 'ends in the middle of a value'],
  ['an endless number', '\x80\x02\x8b\x00\x00\x00\x40\x01.', 'a whole number of 1073741824 bytes'],
  ['an operation that Python does not have', '\x80\x02\xff.', 'operation 0xff'],
  ['a newer protocol', '\x80\x09N.', 'protocol 9; the newest known is protocol 5'],
  ['a tensor beyond its storage', pickledTensor([3, 3], [3, 1]), 'reaches beyond the 4 elements'],
  ['a storage larger than its file', pickledTensor([2], [1], 9), 'the storage 0 of 9 elements, which has 16 bytes'],
  ['strides that leave the storage', pickledTensor([2, 2], [4, 1]), 'reaches beyond the 4 elements'],
  ['too few strides', pickledTensor([2, 2], [1]), 'reaches beyond'],
  ['a tensor without a storage', '\x80\x02}\x8c\x01actorch._utils\n_rebuild_tensor_v2\n)Rs.', 'invalid description'],
] as const)('%s in a pickle is refused', async (_name, pickle, reason) => {
  expect(await refusal(await pth(pickle))).toContain(reason);
});

test.each([
  ['a list that holds itself twice', '\x80\x02]q\x00h\x00ah\x00a.'],
  ['laughs by the billion', laughs(60)],
  ['lists in lists in lists', `\x80\x02${']'.repeat(200_000)}${'a'.repeat(199_999)}.`],
] as const)('%s is read soon, and holds nothing', async (_name, pickle) => {
  expect((await read(await pth(pickle))).values.size).toBe(0);
});

test('no list becomes text, which could be endless', () => {
  const calls = numpyCalls('a file');
  const bomb = `cnumpy.core.multiarray\n_reconstruct\n)R(K\x01${laughs(60).slice(2, -1)}\x85cnumpy\ndtype\n\x8c\x02f4\x85R\x89Ntb.`;
  const array = readPickle(ascii(bomb), { calls, persistent: () => null }) as NumpyArray;
  expect(array.type).toBeNull();
});

test('endless names for one tensor are refused', async () => {
  const bomb = `\x80\x02]${tensorPiece}aq\x00${laughs(60).slice(5)}`;
  expect(await refusal(await pth(bomb))).toContain('more than 200000 tensors');
});

test('an archive that PyTorch did not make is refused', async () => {
  expect(await refusal(await pth('\x80\x02}.', { compress: true }))).toContain(
    'is compressed, which PyTorch never does',
  );
  expect(await refusal(await pth('\x80\x02}.', { name: 'other.pkl' }))).toContain('without data.pkl');
});

test('an archive in the form for more than 4 GiB is read', async () => {
  const data = Buffer.from(Float32Array.of(0, 1, 2, 3).buffer);
  const { values } = await read(await pth(pickledTensor([2], [1]), { data, forceZip64Format: true }));
  expect(values.get('a')).toEqual(Float32Array.of(0, 1));
});

/** A file of two tensors, and the place of the elements of the second. */
async function twoTensors() {
  const path = join(folder, `${files++}.pth`);
  const [one, other] = [Float32Array.of(1.5, 2.5), Float32Array.of(7.25, 8.25)];
  await writePth(path, [
    { name: 'one', shape: [2], values: one },
    { name: 'other', shape: [2], values: other },
  ]);
  const bytes = readFileSync(path);
  return { bytes, at: bytes.indexOf(Buffer.from(other.buffer)) };
}

test('one changed bit is noticed, where it is read, and named', async () => {
  const { bytes, at } = await twoTensors();
  bytes[at]! ^= 1;
  const path = written(bytes);
  const file: WeightsFile = await openWeights(path);
  const [one, other] = file.tensors;
  expect(await file.read(one!)).toEqual(Float32Array.of(1.5, 2.5));
  await expect(file.read(other!)).rejects.toThrow('archive/data/1 in it is damaged (its checksum differs)');
  await expect(file.read(other!)).rejects.toThrow('archive/data/1 in it is damaged');
  await file.close();
});

test('a bit changed in the description is noticed too', async () => {
  const { bytes } = await twoTensors();
  bytes[bytes.indexOf('_rebuild_tensor_v2')]! ^= 1;
  expect(await refusal(written(bytes))).toContain('archive/data.pkl in it is damaged');
});

test.each([
  ['an entry twice', 'archive/data/1', 'archive/data/0', 'it holds archive/data/0 twice'],
  ['an entry that leads out', 'archive/data/1', '../../../other', 'its file ../../../other leads out of the archive'],
])('%s is refused', async (_name, from, to, reason) => {
  const text = (await twoTensors()).bytes.toString('latin1');
  expect(await refusal(written(ascii(text.replaceAll(from, to))))).toContain(reason);
});

test('a tensor is read by its strides and from where it begins', async () => {
  const data = Buffer.from(Float32Array.of(0, 1, 2, 3).buffer);
  const values = async (pickle: string) => [...(await read(await pth(pickle, { data }))).values.get('a')!];
  expect(await values(pickledTensor([2, 2], [1, 2]))).toEqual([0, 2, 1, 3]);
  expect(await values(pickledTensor([3], [1], 4, 'FloatStorage', 1))).toEqual([1, 2, 3]);
  expect(await values(pickledTensor([2, 2], [0, 1]))).toEqual([0, 1, 0, 1]);
  expect(await values(pickledTensor([0, 2], [2, 1]))).toEqual([]);
});

test('half, bfloat16 and double are read as the numbers they are', async () => {
  const cases = [
    // 1, -2, the smallest number, infinity.
    ['HalfStorage', Buffer.from('003c00c00100007c', 'hex'), [1, -2, 2 ** -24, Infinity]],
    ['BFloat16Storage', Buffer.from('803f00c0807fc03f', 'hex'), [1, -2, Infinity, 1.5]],
    ['DoubleStorage', Buffer.from(Float64Array.of(0.5, -3, 1e300, 0).buffer), [0.5, -3, Infinity, 0]],
  ] as const;
  for (const [type, data, wanted] of cases) {
    const found = await read(await pth(pickledTensor([4], [1], 4, type), { data }));
    expect([...found.values.get('a')!]).toEqual(wanted);
  }
});

test('an unknown class stays a name, and its state is searched', () => {
  const meanings: Meanings = { calls: new Map(), persistent: () => null };
  const value = readPickle(ascii('\x80\x02c__main__\nLARS\n)\x81}X\x01\x00\x00\x00aK\x05sb.'), meanings) as Instance;
  expect(value.of.full).toBe('__main__.LARS');
  expect((value.state as Dictionary).entries).toEqual([['a', 5]]);
  expect(readPickle(ascii('\x80\x02c__main__\nexclude_bias\n.'), meanings)).toEqual(
    new Named('__main__', 'exclude_bias'),
  );
});

test('every form of a number and of a text has its value', () => {
  const meanings: Meanings = { calls: new Map(), persistent: (id) => id };
  const value = (pickle: string): Value => readPickle(ascii(pickle), meanings);
  const cases: readonly (readonly [string, Value])[] = [
    ['I-7\n', -7],
    ['I01\n', true],
    ['I00\n', false],
    ['L12345678901234567890L\n', 12345678901234567890n],
    ['L5\n', 5],
    ['F0.5\n', 0.5],
    ['F-inf\n', -Infinity],
    ['Fnan\n', Number.NaN],
    ["S'a\\'b\\n\\xe4\\\\'\n", "a'b\nä\\"],
    ['S"it\'s"\n', "it's"],
    ['V\\u6807\\U0001f600x\xe4\n', '标😀xä'],
    ['U\x02a\xe4', 'aä'],
    ['\x8a\x02\x00\xff', -256],
    ['\x8a\x00', 0],
    ['\x96\x02\x00\x00\x00\x00\x00\x00\x00ab', Buffer.from('ab')],
    ['(I1\nI2\nl', [1, 2]],
    ['\x8f(K\x01\x90', [1]],
    ['Pname\n', 'name'],
    // PUT and GET by any number, and MEMOIZE by how many are kept.
    ['I5\np300\n0g300\n', 5],
    ['K\x01\x94K\x02\x9400h\x01', 2],
    ['K\x01q\x07K\x02\x9400h\x01', 2],
  ];
  for (const [pickle, wanted] of cases) expect(value(`${pickle}.`), pickle).toEqual(wanted);
  expect((value("(S'a'\nI1\nd.") as Dictionary).entries).toEqual([['a', 1]]);
  for (const bad of ['Iabc\n', 'I\n', 'Lx\n', 'Fabc\n', 'F\n', 'Sabc\n', "S'\n", `I${'9'.repeat(5000)}\n`])
    expect(() => value(`${bad}.`), bad).toThrow(/in place of|quotation marks/);
});

test('what a caller gives a meaning wins, by every way of calling, and takes its state', () => {
  class Counter extends Foreign {
    state: Value = null;
    readonly values: readonly Value[];
    constructor(values: readonly Value[]) {
      super();
      this.values = values;
    }
    override setState(state: Value): void {
      this.state = state;
    }
  }
  const meanings: Meanings = { calls: new Map([['a.B', (values) => new Counter(values)]]), persistent: (id) => id };
  for (const call of ['ca\nB\n(K\x01tR', 'ca\nB\n(K\x01t\x81', '(K\x01ia\nB\n', '(ca\nB\nK\x01o']) {
    const made = readPickle(ascii(`${call}K\x05b.`), meanings) as Counter;
    expect([made.values, made.state]).toEqual([[1], 5]);
  }
});

test('any pickle soon ends in a value or an error message', () => {
  const meanings: Meanings = { calls: new Map([['a.b', (): Value => []]]), persistent: (id) => id };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readPickle(Buffer.from(bytes), meanings);
      } catch (error) {
        expect(error).toBeInstanceOf(PickleError);
      }
    }),
    { numRuns: 20_000 },
  );
});
