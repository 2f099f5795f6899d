import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Paper } from '../../../trainer/protocol/paper.ts';
import { evaluate, pretrain } from '../testing/comparison-fixture.ts';
import { fitsOf } from './memory-fit.ts';

const file = new URL('../../../resources/papers/vicreg.json', import.meta.url);
const papers = [v.parse(Paper, JSON.parse(readFileSync(file, 'utf8')))];
const gibibyte = 2 ** 30;
const config = pretrain(1, {}, { batch: 2048, dropLast: true, optimizer: { id: 'lars', options: { baseRate: 0.3 } } });
/** 1.5 GiB of weights and momenta: 2.75 GiB before the first sample. */
const measured = { memoryBytes: 34.75 * gibibyte, checkpointBytes: 1.5 * gibibyte };

test('half the samples take half of what grows with them; the batch comes with the paper’s rate for it', () => {
  expect(fitsOf(config, { ...measured, freeBytes: 12 * gibibyte }, papers)).toEqual([
    { kind: 'chunk', value: 512, memoryBytes: 10.75 * gibibyte },
    { kind: 'batch', value: 512, baseRate: 0.4, where: 'appendix C.4', memoryBytes: 10.75 * gibibyte },
  ]);
  const [chunk, batch] = fitsOf(config, { ...measured, freeBytes: 3 * gibibyte }, papers);
  expect(chunk).toMatchObject({ kind: 'chunk', value: 16 });
  // The paper has no batch this small.
  expect(batch).toBeUndefined();
});

test('nothing is proposed if it fits, if nothing would fit, or if nothing is trained', () => {
  expect(fitsOf(config, { ...measured, freeBytes: 40 * gibibyte }, papers)).toEqual([]);
  expect(fitsOf(config, { ...measured, freeBytes: gibibyte }, papers)).toEqual([]);
  expect(fitsOf(evaluate({ kind: 'pixels' }), { ...measured, freeBytes: gibibyte }, papers)).toEqual([]);
});

test('parts need whole batches and the traced engine; a rate is of an optimizer whose rate grows with the batch', () => {
  const kinds = (given: Parameters<typeof fitsOf>[0]) =>
    fitsOf(given, { ...measured, freeBytes: 12 * gibibyte }, papers).map(({ kind }) => kind);
  expect(kinds({ ...config, dropLast: false })).toEqual(['batch']);
  expect(kinds({ ...config, execution: { ...config.execution, engine: 'eager' } })).toEqual(['batch']);
  expect(kinds({ ...config, optimizer: { id: 'adamw', options: { rate: 0.003 } } })).toEqual(['chunk']);
});

test('any proposal fits, and is smaller than the original', () => {
  const bytes = fc.integer({ min: 1, max: 2 ** 40 });
  fc.assert(
    fc.property(
      bytes,
      bytes,
      bytes,
      fc.integer({ min: 2, max: 4096 }),
      (memoryBytes, checkpointBytes, freeBytes, batch) => {
        for (const fit of fitsOf({ ...config, batch }, { memoryBytes, checkpointBytes, freeBytes }, papers)) {
          expect(fit.memoryBytes).toBeLessThanOrEqual(freeBytes);
          expect(fit.value).toBeLessThan(batch);
          if (fit.kind === 'chunk') expect(batch % fit.value).toBe(0);
        }
      },
    ),
  );
});
