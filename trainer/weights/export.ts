/**
 * Exports the encoder of a checkpoint for other programs: a residual network with torchvision's names and layout, a
 * vision transformer with timm's and DINO's.
 */
import { FaultError } from '../durable/fault-error.ts';
import type { Loaded } from '../checkpoints/read-checkpoint.ts';
import type { WeightsFormat } from '../protocol/weights.ts';
import { writePth } from './pth-writer.ts';
import { writeSafetensors, type WrittenTensor } from './safetensors.ts';
import { nameOf, torchShape, toTorch } from './torchvision-names.ts';

/** Tensors below a path of a checkpoint, by PyTorch's names. */
function exported({ tensors, manifest, folder }: Loaded, path: string): readonly WrittenTensor[] {
  const before = `${path}/`;
  const found = manifest.tensors.filter(({ name }) => name.startsWith(before));
  if (found.length === 0)
    throw new FaultError('config-mismatch', `The checkpoint ${folder} has no encoder at "${path}".`, { folder });
  return found.map(({ name, shape }) => {
    const values = tensors.get(name) as Float32Array;
    return {
      name: nameOf(name.slice(before.length)),
      shape: torchShape(shape),
      values: toTorch(values, shape),
    };
  });
}

/**
 * Writes the encoder at `path` of a checkpoint. A `pth` file also has batch norm's counters, set to the checkpoint's
 * step, so that PyTorch's network without its classifier loads it with strict=True.
 */
export async function exportEncoder(
  checkpoint: Loaded,
  path: string,
  file: string,
  format: WeightsFormat,
  metadata: Readonly<Record<string, string>>,
): Promise<number> {
  const tensors = exported(checkpoint, path);
  if (format === 'safetensors') await writeSafetensors(file, tensors, metadata);
  else {
    const counted = tensors.flatMap((tensor) =>
      tensor.name.endsWith('running_var')
        ? [
            tensor,
            { name: tensor.name.replace(/running_var$/, 'num_batches_tracked'), value: checkpoint.manifest.step },
          ]
        : [tensor],
    );
    await writePth(file, counted);
  }
  return tensors.length;
}
