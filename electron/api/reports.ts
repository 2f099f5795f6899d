/** Reports and their formats. */
import type { Language } from './settings.ts';

export type ReportFormat = 'html' | 'pdf' | 'markdown' | 'latex' | 'svg' | 'csv' | 'json' | 'bundle';

/** A report that was written. */
export interface ReportRow {
  readonly id: string;
  readonly title: string;
  readonly language: Language;
  readonly createdAt: number;
  readonly folder: string;
  readonly files: readonly {
    readonly format: ReportFormat;
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  /** Formats that could not be written, with why. */
  readonly missing: readonly { readonly format: ReportFormat; readonly reason: string }[];
}
