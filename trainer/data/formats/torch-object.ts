/**
 * Objects without tensors that `torch.save` wrote, such as torchvision's `meta.bin`: a zip archive whose first entry is their
 * pickle, or before PyTorch 1.6 three pickles about the file and then theirs. Read as data; nothing is called.
 */
import { PickleBytes } from '../../weights/pickle-bytes.ts';
import { PickleError, type Value } from '../../weights/pickle-values.ts';
import { readPickleAt } from '../../weights/pickle.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

const zipHeader = { signature: 0x04034b50, bytes: 30, name: 26, extra: 28, method: 8 } as const;
/** Pickles before that of the object: a magic number, the version of the format, facts about the machine. */
const pickledBefore = 3;

/** Where the pickle begins in an archive. A pickle says itself where it ends. */
function pickleIn(bytes: Buffer): Buffer {
  const nameBytes = bytes.readUInt16LE(zipHeader.name);
  const name = bytes.toString('utf8', zipHeader.bytes, zipHeader.bytes + nameBytes);
  if (!/(^|\/)data\.pkl$/.test(name) || bytes.readUInt16LE(zipHeader.method) !== 0)
    throw new UnusableImage(said`an archive that torch.save has not written`);
  return bytes.subarray(zipHeader.bytes + nameBytes + bytes.readUInt16LE(zipHeader.extra));
}

/** @throws UnusableImage if the file is something else */
export function readTorchObject(bytes: Buffer): Value {
  try {
    const isArchive = bytes.length > zipHeader.bytes && bytes.readUInt32LE() === zipHeader.signature;
    const pickles = new PickleBytes(isArchive ? pickleIn(bytes) : bytes);
    const next = (): Value => readPickleAt(pickles, { calls: new Map(), persistent: () => null });
    if (!isArchive) for (let before = 0; before < pickledBefore; before++) next();
    return next();
  } catch (error) {
    if (error instanceof PickleError) throw new UnusableImage(said`not a file of torch.save: ${error.message}`, error);
    throw error;
  }
}
