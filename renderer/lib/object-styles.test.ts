import { expect, test } from 'vitest';
import { objectStyle } from './object-styles.ts';

test('28 classes look different, and a difficult object is dashed as no class is', () => {
  const looks = Array.from({ length: 28 }, (_, label) => objectStyle(label));
  expect(new Set(looks.map(({ colour, dash }) => `${colour} ${dash ?? ''}`)).size).toBe(28);
  expect(new Set(looks.map(({ colour }) => colour)).size).toBe(7);
  expect(objectStyle(28)).toEqual(objectStyle(0));
  const difficult = objectStyle(9, true);
  expect(difficult.colour).toBe(objectStyle(9).colour);
  expect(looks.map(({ dash }) => dash)).not.toContain(difficult.dash);
});
