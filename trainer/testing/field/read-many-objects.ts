/** For tests: reads a file of annotations in a process of its own and says what it took. */
import process from 'node:process';
import { readCocoJson } from '../../detection/annotations/coco-json.ts';
import { annotatedImage, objectTable } from '../../detection/object-table.ts';

const path = process.argv[2]!;
const began = performance.now();
let slices = 0;
const { images, columns, blocks, problems } = await readCocoJson(path, {
  due: () => true,
  next: () => {
    slices++;
    return Promise.resolve();
  },
});
const table = objectTable(columns, images, blocks, []);
const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
const first = annotatedImage(table, 0, images[0]!.name);
const processor = process.cpuUsage();
console.log(
  JSON.stringify({
    slices,
    objects: table.classes.length,
    problems,
    maskBytes: bytes,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (processor.user + processor.system) / 1e6,
    firstObjects: first.objects.length,
    mebibytes: process.resourceUsage().maxRSS / 1024,
  }),
);
