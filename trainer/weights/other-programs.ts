/**
 * Files of weights that other programs wrote and that are not read here: each is named for what it is, with a way to a
 * copy that is read. Signatures are from the formats' own documents.
 */
import { basename } from 'node:path';

const converted = 'look for a copy for PyTorch (.pth, .safetensors), or save one with the program that wrote it';
const ways = {
  tensorflow:
    'for SimCLR, tonylins/simclr-converter and Separius/SimCLRv2-Pytorch on GitHub convert it to a .pth file; otherwise ' +
    converted,
  jax: 'for BYOL, linusericsson/ssl-transfer on GitHub converts it to a .pth file; otherwise ' + converted,
  keras: `load it in Keras with the torch backend and save its weights with safetensors, or ${converted}`,
  onnx: `take the checkpoint that it was exported from, or ${converted}`,
} as const;

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

interface Signature {
  readonly what: string;
  /** What to do; continues a sentence. */
  readonly how: string;
  /** Bytes at an offset, from the end if it is negative. */
  readonly bytes?: readonly [number, Buffer];
  readonly name?: RegExp;
}

/** One of `bytes` and `name` suffices. */
const signatures: readonly Signature[] = [
  // The magic number of a table of LevelDB.
  { what: 'the index of a TensorFlow checkpoint', how: ways.tensorflow, bytes: [-8, hex('57fb808b247547db')] },
  { what: 'a part of a TensorFlow checkpoint', how: ways.tensorflow, name: /\.data-\d{5}-of-\d{5}$|\.ckpt-\d+\.\w+$/ },
  { what: 'the list of TensorFlow checkpoints', how: ways.tensorflow, bytes: [0, ascii('model_checkpoint_path:')] },
  { what: 'a TensorFlow Lite model', how: ways.tensorflow, bytes: [4, ascii('TFL3')] },
  { what: 'a TensorFlow model', how: ways.tensorflow, name: /\.pb$/ },
  { what: 'an HDF5 file, as Keras writes it', how: ways.keras, bytes: [0, hex('894844460d0a1a0a')] },
  { what: 'an ONNX model', how: ways.onnx, name: /\.onnx$/ },
  { what: 'a Flax (JAX) checkpoint', how: ways.jax, name: /\.msgpack$/ },
  { what: 'an array of NumPy', how: converted, bytes: [0, hex('934e554d5059')] },
  { what: 'a GGUF file, which holds a language model', how: converted, bytes: [0, ascii('GGUF')] },
  { what: 'the index of a model in several files', how: 'choose one of those files', name: /\.index\.json$/ },
  { what: 'a Caffe model', how: converted, name: /\.caffemodel$/ },
  { what: 'an MXNet model', how: converted, bytes: [0, hex('1201000000000000')] },
  {
    what: 'a pointer of Git LFS in place of the file',
    how: 'fetch the file with "git lfs pull"',
    bytes: [0, ascii('version https://git-lfs')],
  },
  { what: 'a web page', how: 'download the file that the page links to', bytes: [0, ascii('<!DOCTYPE')] },
  { what: 'a web page', how: 'download the file that the page links to', bytes: [0, ascii('<html')] },
  { what: 'a compressed file', how: 'unpack it first', bytes: [0, hex('1f8b')] },
  { what: 'a compressed file', how: 'unpack it first', bytes: [0, hex('fd377a585a00')] },
  { what: 'a compressed file', how: 'unpack it first', bytes: [0, hex('28b52ffd')] },
];

const isAt = (head: Buffer, tail: Buffer, [offset, bytes]: readonly [number, Buffer]): boolean => {
  const part = offset < 0 ? tail.subarray(offset) : head.subarray(offset, offset + bytes.length);
  return part.subarray(0, bytes.length).equals(bytes);
};

/** What a file is that is not read here, by its first and last bytes and its name; null if it is not known. */
export function fileOfOthers(path: string, head: Buffer, tail: Buffer): string | null {
  const name = basename(path);
  const found =
    signatures.find(({ bytes }) => bytes !== undefined && isAt(head, tail, bytes)) ??
    signatures.find((one) => one.name?.test(name));
  return found ? `it is ${found.what}; ${found.how}` : null;
}

/** What an archive is that PyTorch did not write, by the names of its files. */
export function archiveOfOthers(names: readonly string[]): string {
  const has = (name: RegExp): boolean => names.some((one) => name.test(one));
  if (has(/\.weights\.h5$/)) return `it is a Keras model; ${ways.keras}`;
  if (has(/Transformer\/encoderblock/))
    return `it is a vision transformer in JAX's names (.npz, google-research/vision_transformer); timm has converted copies, such as timm/vit_base_patch16_224.augreg_in21k on Hugging Face`;
  if (has(/\.npy$/)) return `it is an archive of NumPy arrays (.npz), as Flax and Big Transfer use; ${ways.jax}`;
  if (has(/(^|\/)saved_model\.pb$|\.data-\d{5}-of-\d{5}$/))
    return `it is an archive of a TensorFlow model; unpack it, and ${ways.tensorflow}`;
  const inside = names.find((name) => /\.(pth|pt|ckpt|safetensors|bin)$/.test(name));
  if (inside !== undefined) return `it is an archive; unpack it and choose ${inside}`;
  const why = names.length === 0 ? 'it is an empty archive' : 'it is an archive without data.pkl';
  return `${why}; PyTorch's checkpoints have one`;
}

/** What a pickle of arrays is that PyTorch does not use, by the names of its arrays; null if it is not known. */
export function treeOfOthers(names: readonly string[]): string | null {
  const has = (name: RegExp): boolean => names.some((one) => name.test(one));
  if (has(/\/~\/|\/~$/)) return `it is a pickle of a Haiku (JAX) network; ${ways.jax}`;
  if (has(/\.kernel$/) && has(/\.scale$/)) return `it is a pickle of a Flax (JAX) network; ${ways.jax}`;
  if (has(/\/kernel:0$/)) return `it is a pickle of a TensorFlow network; ${ways.tensorflow}`;
  return null;
}

/** What a folder holds; continues a sentence. */
export function folderOfOthers(names: readonly string[]): string {
  if (names.includes('saved_model.pb')) return `it is a TensorFlow model; ${ways.tensorflow}`;
  if (names.includes('_CHECKPOINT_METADATA') || names.includes('_METADATA'))
    return `it is a checkpoint of Orbax (JAX); ${ways.jax}`;
  const inside = names.find((name) => /\.(pth|pt|ckpt|safetensors|bin|tar|pkl)$/.test(name));
  return `it is a folder; choose ${inside === undefined ? 'a file of weights' : `a file in it, such as ${inside}`}`;
}
