import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/** Cosine to 0, changed once an epoch: PyTorch's CosineAnnealingLR stepped by epoch, as evaluate.py does. */
export const schedule = defineSchedule({
  id: 'cosine-per-epoch',
  title: 'Cosine, per epoch',
  options: v.object({}),
  rate(step, { peak, steps, stepsPerEpoch }) {
    const epochs = steps / stepsPerEpoch;
    const epoch = Math.floor(step / stepsPerEpoch);
    return peak * 0.5 * (1 + Math.cos((Math.PI * epoch) / epochs));
  },
});
