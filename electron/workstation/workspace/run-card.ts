/** `run.json` next to a run's config.json: the workstation's own knowledge of the run, which is in no event. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, writeJson } from '../../../trainer/durable/files.ts';
import { Fault } from '../../../trainer/protocol/fault.ts';
import { RunId, RunStatus } from '../../../trainer/protocol/run.ts';

export const RunCard = v.strictObject({
  version: v.literal(1),
  id: RunId,
  createdAt: v.number(),
  plan: v.nullable(v.string()),
  planKey: v.nullable(v.string()),
  status: RunStatus,
  title: v.string(),
  note: v.string(),
  archived: v.boolean(),
  fault: v.nullable(Fault),
  attempts: v.array(
    v.strictObject({
      attempt: v.pipe(v.number(), v.integer(), v.minValue(1)),
      fromStep: v.number(),
      startedAt: v.number(),
      lastSeenAt: v.nullable(v.number()),
      ended: v.nullable(v.picklist(['done', 'asked', 'failed', 'lost'])),
      fault: v.nullable(Fault),
      /** The process id while it may be alive; 0 afterwards. */
      pid: v.number(),
      pidStartedAt: v.number(),
    }),
  ),
});
export type RunCard = v.InferOutput<typeof RunCard>;

const fileName = 'run.json';
const limit = 4 << 20;

export async function writeRunCard(folder: string, card: RunCard): Promise<void> {
  await writeJson(join(folder, fileName), card);
}

/** Null if there is none, as in a folder from elsewhere. */
export async function readRunCard(folder: string): Promise<RunCard | null> {
  const card = await readJson(join(folder, fileName), limit);
  return card === null ? null : v.parse(RunCard, card);
}
