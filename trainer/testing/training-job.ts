/** A training run in this process, without a workstation: a first attempt on data that nothing is known of. */
import * as v from 'valibot';
import type { JobOf } from '../channel/job.ts';
import { openPort, type Message, type Port } from '../channel/port.ts';
import { run } from '../jobs/train.ts';
import { Result } from '../protocol/results.ts';

type TrainJob = JobOf<'train'>;

export const firstAttempt = (
  job: Pick<TrainJob, 'run' | 'runFolder' | 'cacheFolder' | 'config'> & Partial<TrainJob>,
): TrainJob => ({
  kind: 'train',
  attempt: 1,
  datasetsFolder: null,
  from: null,
  startOver: false,
  anyArithmetic: false,
  dataChanges: [],
  moreDamaged: false,
  noBetter: false,
  whenNotFinite: [],
  subject: null,
  ...job,
});

/** Runs the job to its end. @param heard called with every message */
export async function runHere(job: TrainJob, heard: (message: Message) => void): Promise<void> {
  const port = openPort({ channel: null, now: Date.now });
  const watched: Port = {
    ...port,
    send(message) {
      port.send(message);
      heard(message);
    },
  };
  await run(job, { port: watched, clock: () => performance.now() });
  await port.close();
}

/** Runs the job to its end; returns what it measured. */
export async function measuredHere(job: TrainJob): Promise<readonly Result[]> {
  let results: readonly Result[] = [];
  await runHere(job, (message) => {
    if (message.type === 'result' && message.outcome.kind === 'results')
      results = v.parse(v.array(Result), message.outcome.results);
  });
  return results;
}
