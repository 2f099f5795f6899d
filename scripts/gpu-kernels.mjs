/**
 * Lists the kernels that TensorFlow's build for NVIDIA GPUs registers for a GPU, and keeps the list in
 * `trainer/testing/gpu-kernels.json`, so that a test on any machine can say whether a graph would run on one. The build
 * registers them when it is loaded: no GPU is needed.
 *
 *   node scripts/gpu-kernels.mjs [FOLDER]            after a change of TensorFlow's version
 *   node scripts/gpu-kernels.mjs [FOLDER] --check    fails if the stored list is not that of the build
 *
 * FOLDER holds the two libraries of the build; without it, set-up installs the whole build first (4.1 GB).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import koffi from 'koffi';
import { prepareGpuBuild } from './gpu-build.mjs';
import { root } from './runtime.mjs';

const kept = join(root, 'trainer/testing/gpu-kernels.json');

/** By number: tensorflow/core/framework/types.proto. */
const types = [
  ...['', 'float32', 'float64', 'int32', 'uint8', 'int16', 'int8', 'string', 'complex64', 'int64', 'bool', 'qint8'],
  ...['quint8', 'qint32', 'bfloat16', 'qint16', 'quint16', 'uint16', 'complex128', 'float16', 'resource', 'variant'],
  ...['uint32', 'uint64', 'float8_e5m2', 'float8_e4m3fn'],
];

/**
 * Fields of an encoded protocol buffer message.
 * @param {Buffer} message
 * @returns {Generator<readonly [number, number, Buffer]>} number, value of a varint, bytes of a delimited field
 */
function* fieldsOf(message) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const value = varint();
    const isDelimited = (key & 7) === 2;
    yield [key >> 3, value, isDelimited ? message.subarray(at, at + value) : Buffer.alloc(0)];
    if (isDelimited) at += value;
  }
}

/** @param {Buffer} message @param {number} number */
const within = (message, number) => [...fieldsOf(message)].filter((field) => field[0] === number);
/** @param {Buffer} message @param {number} number */
const textOf = (message, number) => within(message, number)[0]?.[2].toString() ?? '';

/**
 * Types that an attribute may have: AttrValue.ListValue.type, packed or not.
 * @param {Buffer} constraint
 */
function typesIn(constraint) {
  const lists = within(constraint, 2).flatMap(([, , allowed]) => within(allowed, 1));
  const numbers = lists.flatMap(([, , list]) =>
    within(list, 6).flatMap(([, value, bytes]) => (bytes.length > 0 ? [...bytes] : [value])),
  );
  return numbers.map((number) => types[number] ?? `type ${number}`).sort();
}

/**
 * A kernel: the types that its operation's attributes may have.
 * @typedef {Readonly<Record<string, readonly string[]>>} Kernel
 */

/** @param {string} folder @returns {{ readonly version: string, readonly kernels: Map<string, Kernel[]> }} */
function registeredIn(folder) {
  const system = koffi.load('libc.so.6');
  const dlopen = system.func('int64_t dlopen(const char*, int)');
  const load = (/** @type {string} */ file) => {
    const loaded = koffi.load(join(folder, file), { global: true, lazy: true });
    // RTLD_LAZY | RTLD_NODELETE: closed by koffi before its exit handlers have run, it would end this process with SIGSEGV.
    dlopen(join(folder, file), 0x1 | 0x1000);
    return loaded;
  };
  const framework = load('libtensorflow_framework.so.2');
  const library = load('libtensorflow_cc.so.2');
  const status = framework.func('int64_t TF_NewStatus()')();
  const buffer = library.func('void* TF_GetAllRegisteredKernels(int64_t)')(status);
  const [address, length] = koffi.decode(buffer, koffi.array('int64_t', 2));
  const list = Buffer.alloc(Number(length));
  system.func('void* memcpy(void*, int64_t, size_t)')(list, address, list.length);
  /** @type {Map<string, Kernel[]>} */
  const kernels = new Map();
  for (const [, , kernel] of within(list, 1)) {
    // A kernel with a label is taken by name alone; one of the default device serves every device.
    if (!['GPU', 'DEFAULT'].includes(textOf(kernel, 2)) || textOf(kernel, 5) !== '') continue;
    const constraints = within(kernel, 3).map(([, , one]) => /** @type {const} */ ([textOf(one, 1), typesIn(one)]));
    const operation = textOf(kernel, 1);
    const own = Object.fromEntries(constraints.sort(([a], [b]) => (a < b ? -1 : 1)));
    kernels.set(operation, [...(kernels.get(operation) ?? []), own]);
  }
  return { version: library.func('const char* TF_Version()')(), kernels };
}

/**
 * Kernels of an operation that differ in one attribute alone, as one.
 * @param {readonly Kernel[]} all
 * @returns {readonly Kernel[]}
 */
function merged(all) {
  const attributes = [...new Set(all.flatMap((kernel) => Object.keys(kernel)))].sort();
  let found = [...all];
  for (const attribute of attributes) {
    /** @type {Map<string, Kernel>} */
    const alike = new Map();
    for (const kernel of found) {
      const { [attribute]: own, ...others } = kernel;
      const key = JSON.stringify([others, own === undefined]);
      const together = [...new Set([...(alike.get(key)?.[attribute] ?? []), ...(own ?? [])])].sort();
      const ordered = Object.keys(kernel).map((name) => [name, name === attribute ? together : others[name]]);
      alike.set(key, Object.fromEntries(ordered));
    }
    found = [...alike.values()];
  }
  return found.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith('-')) ?? join(await prepareGpuBuild(), 'tensorflow');
const { version, kernels } = registeredIn(folder);
const rows = [...kernels]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, own]) => `    ${JSON.stringify(name)}: ${JSON.stringify(merged(own))}`);
const text = [
  '{',
  `  "tensorflow": ${JSON.stringify(version)},`,
  '  "madeBy": "node scripts/gpu-kernels.mjs",',
  '  "kernels": {',
  rows.join(',\n'),
  '  }',
  '}',
  '',
].join('\n');
if (!words.includes('--check')) writeFileSync(kept, text);
else if (readFileSync(kept, 'utf8') !== text) {
  console.error(`${kept} is not the list of TensorFlow ${version}: run "node scripts/gpu-kernels.mjs".`);
  process.exit(1);
}
console.log(`TensorFlow ${version}: kernels of ${kernels.size} operations for a GPU`);
