/** Numbers in stored files that are counted, not measured: the database keeps them as integers. */
import * as v from 'valibot';

export const Integer = v.pipe(v.number(), v.safeInteger());
/** A count, a step, a size in bytes. */
export const Natural = v.pipe(Integer, v.minValue(0));
/** Counted from 1, as attempts are. */
export const Ordinal = v.pipe(Integer, v.minValue(1));
