/** Writes a report of a selection, and says where it is. */
import type { Selection } from '../../../electron/api/comparison.ts';
import type { ReportFormat, ReportRow } from '../../../electron/api/reports.ts';
import { ask } from '../../lib/client.ts';
import { f, t } from '../../lib/language/i18n.svelte.ts';
import { router } from '../../lib/route.svelte.ts';
import type { Task } from '../../lib/task.svelte.ts';
import type { Workspace } from '../../lib/workspace.svelte.ts';

export const reportFormats: readonly ReportFormat[] = [
  ...(['html', 'pdf', 'markdown', 'latex', 'svg', 'csv', 'json', 'bundle'] as const),
];

export async function exportReport(
  workspace: Workspace,
  report: Task<ReportRow>,
  selection: Selection,
  formats: readonly ReportFormat[],
): Promise<void> {
  const made = await report.run(() => ask('exportReport', selection, formats, f().language));
  if (made === null) return;
  workspace.refreshReports();
  const [first] = made.files;
  const show = { label: t('reports.read'), run: () => router.go({ view: 'reports', report: made.id }) };
  const open = {
    label: t('action.open'),
    run: () => void workspace.attempt(() => ask('openReport', made.id, first!.format)),
  };
  const isReadable = made.files.some(({ format }) => format === 'html');
  workspace.say(t('report.written', { title: made.title }), isReadable ? show : first && open);
}
