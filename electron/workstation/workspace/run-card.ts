/** `run.json` next to a run's config.json: the workstation's own knowledge of the run, which is in no event. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readSealedAs, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { Fault } from '../../../trainer/protocol/fault.ts';
import { Integer, Natural, Ordinal } from '../../../trainer/protocol/numbers.ts';
import { RunId, RunStatus } from '../../../trainer/protocol/run.ts';

export const RunCard = v.strictObject({
  version: v.literal(1),
  id: RunId,
  createdAt: Integer,
  plan: v.nullable(v.string()),
  planKey: v.nullable(v.string()),
  status: RunStatus,
  title: v.string(),
  note: v.string(),
  archived: v.boolean(),
  tags: v.optional(v.array(v.string()), []),
  fault: v.nullable(Fault),
  /** The newest checkpoint the run has had: without its folder and its event, the run must not begin at step 0 unasked. */
  newestCheckpoint: v.optional(
    v.nullable(
      v.strictObject({
        attempt: Ordinal,
        step: Natural,
        epoch: v.number(),
        folder: v.string(),
        bytes: Natural,
        at: Integer,
        manifestSha256: v.string(),
      }),
    ),
    null,
  ),
  /** Bytes of events.ndjson when this was written: a file that is shorter has lost some. */
  eventBytes: v.optional(Natural, 0),
  attempts: v.array(
    v.strictObject({
      attempt: Ordinal,
      fromStep: Natural,
      startedAt: Integer,
      lastSeenAt: v.nullable(Integer),
      ended: v.nullable(v.picklist(['done', 'asked', 'failed', 'lost'])),
      fault: v.nullable(Fault),
      /** The process id while it may be alive; 0 afterwards. */
      pid: Natural,
      pidStartedAt: Natural,
    }),
  ),
});
export type RunCard = v.InferOutput<typeof RunCard>;

const fileName = 'run.json';
const limit = 4 << 20;

export async function writeRunCard(folder: string, card: RunCard): Promise<void> {
  await writeSealedJson(join(folder, fileName), card);
}

/** Null if there is none, as in a folder from elsewhere. */
export async function readRunCard(folder: string): Promise<RunCard | null> {
  return readSealedAs(join(folder, fileName), limit, RunCard);
}
