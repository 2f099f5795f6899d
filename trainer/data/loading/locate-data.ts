/** Data of a run, with its images located once. */
import type { Located } from '../listing/image-table.ts';
import { locate } from './index-file.ts';
import type { Port } from '../../channel/port.ts';
import type { DataSource } from '../../protocol/run.ts';

/** Time for listing an archive of a million pictures on a hard disk for the first time. */
const scanQuietMs = 3_600_000;

/** `cacheFolder`: null to keep nothing for the next run. */
export async function located(data: DataSource, port: Port, cacheFolder: string | null): Promise<Located> {
  port.send({ type: 'phase', phase: 'scanning', quietForMs: scanQuietMs, detail: data.split });
  const notice = (code: string, text: string, values: Record<string, string | number>): void =>
    port.log('attention', code, text, values);
  return { data, found: await locate(data, { cacheFolder, notice }) };
}
