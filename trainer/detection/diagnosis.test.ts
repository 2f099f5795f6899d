/** What is found to be the cause when a detector learns nothing. */
import { describe, expect, it } from 'vitest';
import { BoxCensus, causesOf, type DetectorFacts } from './diagnosis.ts';

const sound: DetectorFacts = {
  shareBelowPixel: 0,
  shareMisplaced: 0,
  unseenClasses: [],
  lossFirst: 3,
  lossLast: 1,
  recall: 0.8,
};

/** Boxes of a picture of 100 x 80, as a file with that fault would give them. */
function shares(fault: (box: readonly [number, number, number, number]) => readonly [number, number, number, number]) {
  const census = new BoxCensus();
  for (const box of [
    [10, 10, 60, 50],
    [60, 40, 95, 75],
    [30, 5, 90, 20],
  ] as const)
    census.add(fault(box), 100, 80);
  return census.shares;
}

describe('causes', () => {
  it('are none where all is sound', () => {
    expect(causesOf({ ...sound, ...shares((box) => box) })).toEqual([]);
  });

  it('boxes as shares of the picture', () => {
    const found = shares(([a, b, c, d]) => [a / 100, b / 80, c / 100, d / 80]);
    expect(causesOf({ ...sound, ...found })).toEqual(['detector-boxes-below-pixel']);
  });

  it('corners read as a corner with width and height, and the reverse', () => {
    const outside = shares(([a, b, c, d]) => [a, b, a + c, b + d]);
    const reversed = shares(([a, b, c, d]) => [a, b, c - a, d - b]);
    expect(causesOf({ ...sound, ...outside })).toEqual(['detector-boxes-misplaced']);
    expect(causesOf({ ...sound, ...reversed })).toEqual(['detector-boxes-misplaced']);
  });

  it('classes of another numbering, a loss that rises, objects that are not proposed', () => {
    expect(causesOf({ ...sound, unseenClasses: ['cat'] })).toEqual(['detector-classes-unseen']);
    expect(causesOf({ ...sound, lossLast: 5 })).toEqual(['detector-rate']);
    expect(causesOf({ ...sound, recall: 0.02 })).toEqual(['detector-proposals']);
  });
});
