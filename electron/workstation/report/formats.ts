/** Formats of a report, in the order in which they are offered. */
import * as v from 'valibot';
import type { ReportFormat } from '../../api/reports.ts';

export const reportFormats = [
  'html',
  'pdf',
  'markdown',
  'latex',
  'svg',
  'csv',
  'json',
  'bundle',
] as const satisfies readonly ReportFormat[];

export const reportFormat = v.picklist(reportFormats);
