import type { RunRow } from '../../../electron/api/runs.ts';
import { t } from '../../lib/language/i18n.svelte.ts';

/** What a queued run waits for. */
export function waitsInWords(
  waitsFor: NonNullable<RunRow['waitsFor']>,
  runById: ReadonlyMap<string, Pick<RunRow, 'title'>>,
): string {
  if (waitsFor.kind === 'plan') return t('runs.waits.plan');
  const run = runById.get(waitsFor.run)?.title;
  // The device may be held by what measures it.
  if (run === undefined) return t('runs.waits.measurement');
  return t(`runs.waits.${waitsFor.kind}`, { run });
}
