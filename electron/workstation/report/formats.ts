/** What a report can be written as, in the order in which it is offered. */
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
