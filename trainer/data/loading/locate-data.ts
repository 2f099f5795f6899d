/** Data of a run, its images looked up once for all who open it. */
import type { Located } from '../listing/image-table.ts';
import { locate } from './index-file.ts';
import type { Port } from '../../channel/port.ts';
import type { DataSource } from '../../protocol/run.ts';

/** An archive of a million pictures on a hard disk, looked through for the first time. */
const scanQuietMs = 3_600_000;

/** `cacheFolder`: null where nothing is kept for the next run. */
export async function located(data: DataSource, port: Port, cacheFolder: string | null): Promise<Located> {
  port.send({ type: 'phase', phase: 'scanning', quietForMs: scanQuietMs, detail: data.split });
  const notice = (code: string, text: string, values: Record<string, string | number>): void =>
    port.log('attention', code, text, values);
  return { data, found: await locate(data, { cacheFolder, notice }) };
}
