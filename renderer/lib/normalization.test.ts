import { expect, test } from 'vitest';
import { pixelScalings } from '../../trainer/protocol/weights.ts';
import { normalizationOf, scalingNames, scalingOf, scalings } from './normalization.ts';

test('the values offered are those of the protocol', () => {
  expect(scalings).toEqual(pixelScalings);
  expect(scalingNames).toEqual(Object.keys(pixelScalings));
});

test.each([1, 3])('each is known by its values, of %i channels, and other values are a person’s own', (channels) => {
  for (const name of scalingNames) {
    const given = normalizationOf(name, channels);
    expect(given.mean).toHaveLength(channels);
    expect(scalingOf(given)).toBe(name);
    expect(scalingOf({ ...given, mean: given.mean.map((value) => value + 0.001) })).toBeNull();
  }
});
