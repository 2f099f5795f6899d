/** Opens a weights file, detecting its format from its first bytes rather than its name. */
import { open } from 'node:fs/promises';
import { unreadable, type WeightsFile } from './file.ts';
import { openPth } from './pth.ts';
import { openSafetensors } from './safetensors.ts';

const zip = Buffer.from('PK\x03\x04', 'latin1');
/** `torch.save` before 1.6 begins with a pickled magic number. */
const legacy = Buffer.from('8002' + '8a0a6cfc9c46f9206aa85019', 'hex');

export async function openWeights(path: string): Promise<WeightsFile> {
  const file = await open(path, 'r');
  const head = Buffer.alloc(legacy.length);
  try {
    await file.read(head, 0, head.length, 0);
  } finally {
    await file.close();
  }
  if (head.subarray(0, zip.length).equals(zip)) return openPth(path);
  if (head.equals(legacy)) {
    const how = 'open it in PyTorch 1.6 or later and save it again';
    throw unreadable(path, `it is in the format of PyTorch before 1.6: ${how}`);
  }
  // The header's length comes first: in any sensible file its upper four bytes are 0; then follows a brace.
  if (head.readUInt32LE(4) === 0 && head[8] === 0x7b) return openSafetensors(path);
  throw unreadable(path, 'it is neither a safetensors file nor a PyTorch checkpoint');
}
