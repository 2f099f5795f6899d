/** Kinds of options that several methods have. */
import * as v from 'valibot';

/** A whole number. */
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
/** Outputs of a layer. */
export const width = whole(1, 65536);
/** Outputs of one layer after the other. */
export const widths = v.pipe(v.array(width), v.minLength(1));
/** What a term counts for. */
export const weight = v.pipe(v.number(), v.minValue(0));
/** A share of what was: of a teacher's weights. */
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Of a softmax. */
export const temperature = v.pipe(v.number(), v.minValue(1e-3));
/** How many there are of something, or none. */
export const count = whole(0, 2 ** 22);
