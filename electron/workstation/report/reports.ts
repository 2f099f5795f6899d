/** Comparisons and reports: gathered from the records, written to separate folders, and listed from those folders. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { writeError } from '../../../trainer/durable/disk-fault.ts';
import { readBounded, sha256, syncFolder } from '../../../trainer/durable/files.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { readSealedAs, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Execution } from '../../../trainer/protocol/run.ts';
import type { Selection } from '../../api/comparison.ts';
import type { ReportFormat, ReportRow } from '../../api/reports.ts';
import type { Requests } from '../../api/requests.ts';
import type { Language } from '../../api/settings.ts';
import type { RequestHandler, Push } from '../request-types.ts';
import { gatherComparison, gatherPalette, gatherReport, type Sources } from './gather-records.ts';
import { buildReport } from './model.ts';
import { reportFile, writeReport, type WriteReport } from './write.ts';
import type { Desktop } from '../machine/desktop.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { reportFormat } from './formats.ts';

export interface Reports {
  readonly compare: (selection: Selection) => Promise<ReturnType<Requests['compare']>>;
  readonly palette: RequestHandler<'runPalette'>;
  readonly export: (selection: Selection, formats: readonly ReportFormat[], language: Language) => Promise<ReportRow>;
  readonly rows: RequestHandler<'reports'>;
  /** The page of a report, as it was written. @throws FaultError if it is gone or was changed */
  readonly page: (id: string) => Promise<Uint8Array>;
  readonly check: RequestHandler<'checkReport'>;
  readonly open: RequestHandler<'openReport'>;
  readonly showInFolder: RequestHandler<'showInFolder'>;
}

export interface ReportsOptions {
  readonly workspace: Workspace;
  readonly sources: Sources;
  /** Device and precision of new runs, where they are known. */
  readonly execution: () => Execution | null;
  readonly desktop: Desktop;
  readonly push: Push;
  readonly now: () => number;
  readonly complain: (line: string) => void;
}

const StoredReportRow = v.strictObject({
  id: v.string(),
  title: v.string(),
  language: v.picklist(['en', 'zh']),
  createdAt: v.number(),
  folder: v.string(),
  files: v.array(v.strictObject({ format: reportFormat, path: v.string(), bytes: v.number(), sha256: v.string() })),
  missing: v.array(v.strictObject({ format: reportFormat, reason: v.string() })),
});
const rowFile = 'row.json';
const rowLimit = 1 << 20;
/** A report of a thousand runs has a page of some MB. */
const pageLimit = 1 << 26;

/**
 * Writes a report and, last, its row: without that a folder is not listed.
 *
 * @throws FaultError the disk's fault; then nothing of the report stays
 */
export async function keepReport(request: WriteReport): Promise<ReportRow> {
  const { folder } = request;
  try {
    const row = await writeReport(request);
    await writeSealedJson(join(folder, rowFile), row);
    await syncFolder(dirname(folder));
    return row;
  } catch (error) {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, folder);
  }
}

/** A report's file of a format. @throws FaultError if it was not written as that, or the file is gone */
function fileOf({ id, files }: ReportRow, wanted: ReportFormat): ReportRow['files'][number] {
  const file = files.find(({ format }) => format === wanted);
  if (file === undefined) throw new FaultError('not-found', `The report "${id}" was not written as ${wanted}.`, { id });
  if (existsSync(file.path)) return file;
  throw new FaultError('not-found', `${file.path} is gone. Export the report again.`, { path: file.path });
}

/** The page of a report. @throws FaultError also if it is not as it was written */
async function pageOf(row: ReportRow): Promise<Uint8Array> {
  const { path, sha256: written } = fileOf(row, 'html');
  const bytes = await readBounded(path, pageLimit);
  if (bytes !== null && sha256(bytes) === written) return bytes;
  const text = `${path} is not as it was written: its checksum differs. Export the report again.`;
  throw new FaultError('damaged-files', text, { path });
}

/** An entry of a folder. @throws 'unknown-id' if there is none of that name */
async function expectEntry(folder: string, id: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const found = names.find((name) => name === id);
  if (found !== undefined) return found;
  throw new FaultError('unknown-id', `There are no weights "${id}" in this workspace.`, { weights: id });
}

export function createReports(options: ReportsOptions): Reports {
  const { workspace, sources, desktop, push, now } = options;
  const { store } = sources;

  /** Lists every report in the folder, written by this program or by the terminal, with the app open or not. */
  async function rows(): Promise<readonly ReportRow[]> {
    const names = await readdir(workspace.reports).catch(() => []);
    const found: ReportRow[] = [];
    for (const name of names.filter((entry) => /^report-[a-z0-9-]+$/.test(entry))) {
      const file = join(workspace.reports, name, rowFile);
      // A folder without a row is still being written, or was interrupted.
      const row = await readSealedAs(file, rowLimit, StoredReportRow).catch((error: unknown) => {
        options.complain(faultOf(error).message);
        return null;
      });
      if (row !== null) found.push(here(row, name));
    }
    return found.sort((one, other) => other.createdAt - one.createdAt);
  }

  /** Where a report lies follows from its name: a workspace is moved, and what a file says of other places is not followed. */
  function here(row: ReportRow, name: string): ReportRow {
    const folder = join(workspace.reports, name);
    const files = row.files.map((file) => ({ ...file, path: reportFile(folder, file.format) }));
    return { ...row, id: name, folder, files };
  }

  async function get(id: string): Promise<ReportRow> {
    const found = (await rows()).find((row) => row.id === id);
    if (found !== undefined) return found;
    throw new FaultError('unknown-id', `There is no report "${id}".`, { id });
  }

  async function folderOf(kind: Parameters<Requests['showInFolder']>[0]['kind'], id: string): Promise<string> {
    if (kind === 'home') return workspace.home;
    if (kind === 'report') return (await get(id)).folder;
    if (kind === 'run') {
      const run = await store.run(id);
      if (run !== null) return run.folder;
      throw new FaultError('unknown-id', `There is no run "${id}".`, { id });
    }
    if (kind === 'weights') return join(workspace.weights, await expectEntry(workspace.weights, id));
    const dataset = (await store.datasets()).find((row) => row.fingerprint === id);
    if (dataset !== undefined) return dataset.path;
    throw new FaultError('unknown-id', `There is no data set with the fingerprint ${id}.`, { id });
  }

  return {
    compare: (selection) => gatherComparison(sources, selection, options.execution()),
    palette: (runs) => gatherPalette(sources, runs),
    export: async (selection, formats, language) => {
      const tell = (phase: string, ended: boolean) =>
        push('job', { kind: 'report', phase, fraction: null, secondsLeft: null, ended });
      tell('reading', false);
      try {
        const model = buildReport(await gatherReport(sources, selection));
        const stamp = new Date(now()).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
        const id = `report-${stamp}-${randomBytes(2).toString('hex')}`;
        const folder = join(workspace.reports, id);
        await mkdir(workspace.reports, { recursive: true });
        tell('writing', false);
        const request = { model, formats: [...new Set(formats)], language, folder, id, createdAt: now() };
        return await keepReport({ ...request, htmlToPdf: desktop.htmlToPdf });
      } finally {
        tell('writing', true);
      }
    },
    rows,
    page: async (id) => pageOf(await get(id)),
    check: async (id) => {
      await pageOf(await get(id));
    },
    open: async (id, wanted) => {
      await desktop.openPath(fileOf(await get(id), wanted).path);
    },
    showInFolder: async ({ kind, id }) => desktop.showItem(await folderOf(kind, id)),
  };
}
