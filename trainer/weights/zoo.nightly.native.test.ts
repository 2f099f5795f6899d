/** Every layout of the zoo, written by PyTorch: the imported encoder gives PyTorch's features. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { buildEncoder, encodeWith } from '../evaluation/evaluated-encoder.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { encoders } from '../registry.ts';
import { relativeDistance } from '../testing/distance.ts';
import { openWeights } from './open.ts';
import { kindsOf, layoutNames, stateOf, writtenIn } from './testing/zoo.ts';
import { matchEncoder, readEncoder } from './torchvision-names.ts';

const [images, size, channels, width] = [2, 96, 3, 8];
const folder = mkdtempSync(join(tmpdir(), 'zoo-nightly-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const depths = { 'resnet-18': 18, 'resnet-50': 50 } as const;
const cases = layoutNames.flatMap((layout) =>
  kindsOf(layout).map((kind, at) => ({ layout, kind, file: `${layoutNames.indexOf(layout)}-${at}.pth` })),
);

/** A program's names by torchvision's, of all tensors of a state dict. */
function namesOf(layout: string, kind: keyof typeof depths): Readonly<Record<string, string>> {
  const own = stateOf(kind);
  const counters = own.flatMap((tensor) =>
    tensor.name.endsWith('running_var')
      ? [{ ...tensor, name: tensor.name.replace(/running_var$/, 'num_batches_tracked') }]
      : [],
  );
  const all = [...own, ...counters];
  const named = writtenIn(layout, all);
  return Object.fromEntries(all.map(({ name }, at) => [name, named[at]!.name]));
}

/** PyTorch's layout; ours is by pixel. */
const planes = new Float32Array(images * channels * size * size);
keyed(5, 'images').fillNormal(planes);
const pixels = planes.map((_, at) => {
  const [channel, pixel] = [at % channels, Math.floor(at / channels)];
  const [image, place] = [Math.floor(pixel / size ** 2), pixel % size ** 2];
  return planes[(image * channels + channel) * size ** 2 + place]!;
});

/** One of each kind, which takes all weights in turn. */
function network(engine: Engine, kind: keyof typeof depths) {
  const encoder = buildEncoder(
    engine.builder(1).at(kind),
    { id: kind, options: { stem: 'imagenet', width } },
    channels,
  );
  return { entries: engine.entries([encoder]), encode: encodeWith(engine, encoder) };
}
let networks: Readonly<Record<keyof typeof depths, ReturnType<typeof network>>>;
beforeAll(async () => {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  writeFileSync(join(folder, 'images.bin'), new Uint8Array(planes.buffer));
  const list = cases.map(({ layout, kind, file }) => ({ file, depth: depths[kind], names: namesOf(layout, kind) }));
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(list));
  const script = join(import.meta.dirname, '../../bench/peers/zoo.py');
  execFileSync(join(peers, 'bin', 'python'), [script, folder], { stdio: 'inherit' });
  const engine = await openEngine(v.parse(Execution, { threads: 2 }));
  networks = { 'resnet-18': network(engine, 'resnet-18'), 'resnet-50': network(engine, 'resnet-50') };
}, 300_000);

describe.each(layoutNames)('%s', (layout) => {
  it.each(cases.filter((one) => one.layout === layout))(
    'gives the features of $kind',
    async ({ kind, file: name }) => {
      const file = await openWeights(join(folder, name));
      const match = matchEncoder(file, encoders.all);
      const values = await readEncoder(file, match);
      await file.close();
      expect(match).toMatchObject({ encoder: { id: kind, options: { width, stem: 'imagenet' } }, channels });
      const { entries, encode } = networks[kind];
      for (const entry of entries) entry.write(values.get(entry.name.slice(kind.length + 1))!);
      const found = await encode({ shape: [images, size, size, channels], values: pixels });
      const wanted = new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.features`))).buffer);
      expect(relativeDistance(found.values as Float32Array, wanted)).toBeLessThan(1e-5);
    },
    60_000,
  );
});
