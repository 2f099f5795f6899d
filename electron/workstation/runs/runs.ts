/** Runs for the window and the terminal: reading, control, naming, deletion and import. */
import type { Pictures } from '../data/pictures.ts';
import type { Estimates } from '../drafts/estimate.ts';
import type { RequestHandler } from '../request-types.ts';
import { createRunControl, type RunControl } from './control-runs.ts';
import { createDetectionReading, type DetectionReading } from './detections.ts';
import { createRunDeletion, type RunDeletion } from './delete-runs.ts';
import { createPredictionReading, type PredictionReading } from './predictions.ts';
import { createQueuedRuns, type QueuedRuns } from './queued-runs.ts';
import { createRunReading, type RunReading } from './read-runs.ts';
import { changeRun, type RunsContext } from './runs-context.ts';

export interface Runs extends RunReading, RunControl, RunDeletion, QueuedRuns {
  readonly rename: RequestHandler<'renameRun'>;
  readonly note: RequestHandler<'noteRun'>;
  readonly archive: RequestHandler<'archiveRun'>;
  readonly tag: RequestHandler<'tagRun'>;
  readonly import: RequestHandler<'importRun'>;
  readonly detections: DetectionReading;
  readonly predictions: PredictionReading;
}

/** A tag once, however it is spaced. */
function distinctTags(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.map((tag) => tag.trim().replaceAll(/\s+/g, ' ')).filter((tag) => tag !== ''))];
}

export function createRuns(context: RunsContext, estimates: Estimates, pictures: Pictures): Runs {
  const { store, push } = context;
  return {
    ...createRunReading(context),
    ...createRunControl(context),
    ...createRunDeletion(context),
    ...createQueuedRuns(context, estimates),
    detections: createDetectionReading(store),
    predictions: createPredictionReading(store, pictures),
    rename: (id, title) => changeRun(context, id, () => store.rename(id, title)),
    note: (id, note) => changeRun(context, id, () => store.note(id, note)),
    archive: (id, archived) => changeRun(context, id, () => store.archive(id, archived)),
    tag: (id, tags) => changeRun(context, id, () => store.tag(id, distinctTags(tags))),
    import: async (folder) => {
      const id = await context.importFolder(folder);
      push('runsChanged', [id]);
      return id;
    },
  };
}
