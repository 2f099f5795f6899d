/** Vision transformers of other programs: features of files in their names, against the programs themselves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { buildEncoder, encodeWith } from '../evaluation/evaluated-encoder.ts';
import { deviation, formula } from '../nn/testing/golden.ts';
import { Execution, type Layer } from '../protocol/run.ts';
import { encoders } from '../registry.ts';
import { findEncoder } from './find-encoder.ts';
import { openWeights } from './open.ts';
import { writePth } from './pth-writer.ts';
import { golden, stateOf, type GoldenTransformer } from './testing/golden-transformers.ts';

const folder = mkdtempSync(join(tmpdir(), 'transformers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

async function taken(one: GoldenTransformer) {
  const path = join(folder, `${one.name}.pth`);
  await writePth(path, stateOf(one));
  const file = await openWeights(path);
  try {
    const found = await findEncoder(file, encoders.all, { heads: one.fixed === 'MoCo v3' ? undefined : 2 });
    return { found, read: await found.read() };
  } finally {
    await file.close();
  }
}

const everyEighth = (values: ArrayLike<number>): Float32Array =>
  Float32Array.from(values).filter((_, index) => index % 8 === 0);

describe.each(golden.cases.map((one) => [one.name, one] as const))('%s', (name, one) => {
  it('gives the features of the program, also on images of other sizes', async () => {
    const { found, read } = await taken(one);
    const builder = engine.builder(1).at(name);
    const encoder = buildEncoder(builder, found.encoder, found.channels);
    for (const { name: of, write } of engine.entries([encoder])) write(read.get(of.slice(name.length + 1))!.values);
    const encode = encodeWith(engine, encoder);
    for (const { height, width, y } of one.features) {
      const shape = [1, height, width, found.channels];
      const { values } = await encode({ shape, values: formula('x', shape, 1) });
      expect(deviation(values.slice(0, y.length) as Float32Array, y), `${height} x ${width}`).toBeLessThan(1e-5);
    }
    for (const [layer, y] of Object.entries(one.layers ?? {})) {
      const shape = [1, 24, 24, found.channels];
      const { values } = await encodeWith(engine, encoder, layer as Layer)({ shape, values: formula('x', shape, 1) });
      expect(deviation(everyEighth(values), y), layer).toBeLessThan(1e-5);
    }
  });
});
