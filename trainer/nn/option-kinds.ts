/** Kinds of options that several methods have. */
import * as v from 'valibot';

/** Outputs of a layer. */
export const width = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65536));
/** What a term counts for. */
export const weight = v.pipe(v.number(), v.minValue(0));
/** A share of what was: of a teacher's weights. */
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Of a softmax. */
export const temperature = v.pipe(v.number(), v.minValue(1e-3));
/** How many there are of something, or none. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 22));
