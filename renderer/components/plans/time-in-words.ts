import { f, t } from '../../lib/language/i18n.svelte.ts';
import type { PlanNeed } from './plan-outline.ts';

/** The time a plan takes, on this machine or, before anything was timed here, elsewhere; null where neither is known. */
export function timeInWords({ values }: PlanNeed): string | null {
  const { seconds, took, cores, rough } = values;
  if (typeof seconds === 'number') return f().about(seconds);
  if (typeof rough === 'number') return f().roughly(rough);
  if (typeof took !== 'number' || typeof cores !== 'number') return null;
  return t('plan.took', { time: f().about(took), count: cores });
}
