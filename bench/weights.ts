/**
 * How long it takes to read a ResNet-50 from a file, as an import does: open it, find the encoder, read its values. In
 * both formats, as this program writes them; the file is in the system's cache after the first turn.
 *
 *   npm run bench -- weights [rounds]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { keyed } from '../trainer/random.ts';
import { encoders } from '../trainer/registry.ts';
import { median } from '../trainer/training/pace.ts';
import { openWeights } from '../trainer/weights/open.ts';
import { writePth } from '../trainer/weights/pth-writer.ts';
import { writeSafetensors, type WrittenTensor } from '../trainer/weights/safetensors.ts';
import { matchEncoder, nameOf, readEncoder, torchShape, variablesOf } from '../trainer/weights/torchvision-names.ts';

const rounds = Number(process.argv[2] ?? 5);

function resnet50(): readonly WrittenTensor[] {
  const shapes = variablesOf(encoders.get('resnet-50'), { stem: 'imagenet', width: 64 }, 3);
  return [...shapes].map(([path, own]) => {
    const shape = torchShape(own);
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    keyed(1, path).fillNormal(values);
    // A variance is not negative.
    return { name: nameOf(path), shape, values: values.map(Math.abs) };
  });
}

const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
try {
  const network = resnet50();
  for (const [format, write] of [
    ['pth', writePth],
    ['safetensors', writeSafetensors],
  ] as const) {
    const path = join(folder, `resnet50.${format}`);
    await write(path, network, {});
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      const file = await openWeights(path);
      const values = await readEncoder(file, matchEncoder(file, encoders.all));
      await file.close();
      if (values.size !== network.length) throw new Error(`${values.size} of ${network.length} tensors were read.`);
      seconds.push((performance.now() - began) / 1000);
    }
    const mebibytes = (statSync(path).size / 2 ** 20).toFixed(0);
    console.log(
      `${format.padEnd(12)} ${median(seconds).toFixed(2)} s (${Math.min(...seconds).toFixed(2)}–` +
        `${Math.max(...seconds).toFixed(2)}) for ${mebibytes} MiB, median of ${rounds}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
