import type { RunRow } from '../../../electron/api/runs.ts';
import { t } from '../../lib/language/i18n.svelte.ts';

/** What a queued run waits for. */
export function waitsInWords(
  waitsFor: NonNullable<RunRow['waitsFor']>,
  runById: ReadonlyMap<string, Pick<RunRow, 'title'>>,
): string {
  if (waitsFor.kind === 'plan') return t('runs.waits.plan');
  return t(`runs.waits.${waitsFor.kind}`, { run: runById.get(waitsFor.run)?.title ?? waitsFor.run });
}
