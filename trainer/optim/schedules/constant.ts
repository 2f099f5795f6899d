import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/** The peak rate at every step. */
export const schedule = defineSchedule({
  id: 'constant',
  title: 'Constant',
  options: v.object({}),
  rate: (_step, { peak }) => peak,
});
