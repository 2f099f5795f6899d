/** The workstation without a window: opens a workspace, answers requests, runs the queue. Plain Node. */
import { faultOf } from '../../trainer/durable/fault-of.ts';
import type { EvaluatedDetections } from '../../trainer/protocol/results.ts';
import { createAnswers } from './answers.ts';
import { createComputing } from './computing.ts';
import { exportCurves, type ExportedCurves } from './curves/export-events.ts';
import { evaluateDetections, type ResultFileRequest } from './data/evaluate-detections.ts';
import { openRecords } from './records.ts';
import { readersOnly } from './readers-only.ts';
import { createHandlers, type Handlers } from './requests.ts';
import { writeDetections, type WrittenDetections } from './runs/detection-files.ts';
import { extractFeatures, type ExtractedFeatures, type FeaturesRequest } from './runs/features.ts';
import { takeUp } from './take-up.ts';
import type { StopReason } from './trainer/session-end.ts';
import type { ExportedEncoder, ExportRequest } from './weights/export-encoder.ts';
import type { WorkstationOptions } from './workstation-options.ts';

export interface Workstation {
  readonly handlers: Handlers;
  /** Writes the features of an encoder to a file; used only by the terminal. */
  readonly features: (request: FeaturesRequest) => Promise<ExtractedFeatures>;
  /** Writes a run's encoder to any file; the window's own request writes into the run's folder. */
  readonly exportWeights: (request: ExportRequest) => Promise<ExportedEncoder>;
  /** Writes the curves of a run into any folder; the window's own request writes into the run's folder. */
  readonly writeCurves: (run: string, folder: string) => Promise<ExportedCurves>;
  /** Writes what an evaluation found for other programs; used only by the terminal, as the next. */
  readonly writeDetections: (run: string, target: string) => Promise<WrittenDetections>;
  /** Counts what anyone's detector found; the window's own request knows the data set by its fingerprint. */
  readonly evaluateDetections: (request: ResultFileRequest) => Promise<EvaluatedDetections>;
  /** The page of a report; shown by the window in a frame of its own. */
  readonly reportPage: (id: string) => Promise<Uint8Array>;
  /** Resolves when nothing is running and no queued run can start. */
  readonly whenIdle: () => Promise<void>;
  /** Before the machine sleeps: the run that trains is saved and paused. */
  readonly sleep: () => void;
  /** After it slept: the run goes on. */
  readonly wake: () => void;
  /**
   * Stops the current run and closes the database. 'now' loses the work since the last checkpoint. After a 'session-end'
   * the run is offered again at the next start, for nobody stopped it.
   */
  readonly close: (how: 'safely' | 'now', why?: StopReason) => Promise<void>;
}

export async function openWorkstation(options: WorkstationOptions): Promise<Workstation> {
  const { write } = options;
  const now = (): number => Date.now();
  const records = await openRecords(options);
  const { workspace, store, reportDamage, complain } = records;
  const computing = createComputing(options, records, now);
  const { host, queue, jobs } = computing;
  const answers = createAnswers(options, records, computing, now);
  const handlers = createHandlers(answers);

  let closing: Promise<void> | null = null;
  const close = async (how: 'safely' | 'now', why?: StopReason): Promise<void> => {
    try {
      await computing.close(how, why);
    } finally {
      await store.close().finally(() => workspace.close());
    }
  };
  if (write) {
    // A failed start releases what it holds: the lock, the database and its process.
    const taking = { workspace, store, host, queue, push: options.push, reportDamage, complain };
    await takeUp(taking).catch(async (error: unknown) => {
      await close('now');
      throw error;
    });
    // Damaged records are named now, not when somebody looks for their weights.
    await answers.weights.rows();
    void answers.runs.emptyTrash().catch((error: unknown) => complain(`trash: ${faultOf(error).message}`));
    if (options.drain !== 'own') {
      void queue.advance();
      void answers.updates.checkDaily();
    }
  }
  return {
    handlers: write ? handlers : readersOnly(handlers, workspace.home),
    features: (request) =>
      extractFeatures(
        { workspace, store, host, jobs, weights: answers.weights, execution: () => answers.placement.chosen() },
        request,
      ),
    exportWeights: answers.weights.write,
    writeCurves: (run, folder) => exportCurves({ store }, run, folder),
    writeDetections: (run, target) => writeDetections({ store, jobs }, run, target),
    evaluateDetections: (request) => evaluateDetections(jobs, request),
    reportPage: answers.reports.page,
    whenIdle: queue.whenIdle,
    sleep: host.sleep,
    wake: host.wake,
    close: async (how, why) => {
      if (how === 'now' && closing !== null) await host.close('now');
      await (closing ??= close(how, why));
    },
  };
}
