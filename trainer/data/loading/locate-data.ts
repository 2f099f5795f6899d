/** Data of a run, with its images located once. */
import type { Located } from '../listing/image-table.ts';
import { locate } from './index-file.ts';
import { whenThere } from './when-reached.ts';
import type { JobContext } from '../../channel/job.ts';
import type { DataSource } from '../../protocol/run.ts';

/** Time for listing an archive of a million pictures on a hard disk for the first time. */
const scanQuietMs = 3_600_000;

/** `cacheFolder`: null to keep nothing for the next run. Without `reach` data that is not there is a fault. */
export async function located(
  data: DataSource,
  { port, reach }: Pick<JobContext, 'port' | 'reach'>,
  cacheFolder: string | null,
): Promise<Located> {
  port.send({ type: 'phase', phase: 'scanning', quietForMs: scanQuietMs, detail: data.split });
  const notice = (code: string, text: string, values: Record<string, string | number>): void =>
    port.log('attention', code, text, values);
  const found = await whenThere(() => locate(data, { cacheFolder, notice }), data.path, reach);
  return { data, found };
}
