/** Schemas of options that several methods share. */
import * as v from 'valibot';

/** An integer between two bounds. */
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
/** Number of outputs of a layer. */
export const width = whole(1, 65536);
/** Numbers of outputs of successive layers. */
export const widths = v.pipe(v.array(width), v.minLength(1));
/** Weight of a term of the loss. */
export const weight = v.pipe(v.number(), v.minValue(0));
/** Fraction of the old value kept (teacher momentum). */
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Temperature of a softmax. */
export const temperature = v.pipe(v.number(), v.minValue(1e-3));
/** A count; 0 for none. */
export const count = whole(0, 2 ** 22);
