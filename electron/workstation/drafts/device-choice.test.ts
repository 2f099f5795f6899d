/** The precision of a new run, from what was measured. */
import { expect, test } from 'vitest';
import { preferredPrecision } from './device-choice.ts';

const preferred = (float32: number, bfloat16: number | null, float16: number | null) =>
  preferredPrecision({
    device: 'gpu:0',
    timings: [
      { precision: 'float32', milliseconds: float32, refusal: null },
      { precision: 'bfloat16', milliseconds: bfloat16, refusal: bfloat16 === null ? 'no kernel' : null },
      { precision: 'float16', milliseconds: float16, refusal: float16 === null ? 'no kernel' : null },
    ],
  });

test('a narrower type must be worth its rounding, and float16 its loss scale', () => {
  expect(preferred(100, 90, 90)).toBe('float32');
  expect(preferred(100, 50, 45)).toBe('bfloat16');
  expect(preferred(100, 50, 40)).toBe('float16');
  expect(preferred(100, 90, 80)).toBe('float16');
  expect(preferred(100, null, 50)).toBe('float16');
  expect(preferred(100, null, null)).toBe('float32');
});
