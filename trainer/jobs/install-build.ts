/** Installs a build of TensorFlow, and tells how far it is. */
import { progressOf, type Ending, type JobContext, type JobOf, type Pace } from '../channel/job.ts';
import { installBuild } from '../wheels/install-build.ts';
import type { Stage, WorkLeft } from '../wheels/work-left.ts';

/** A quarter of a minute in all: a network that is changed over comes back, and a person is not kept waiting for a lost one. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
const silentMs = 60_000;
/** A slow disk takes that long to flush a library of a gigabyte. */
const quietMs = 120_000;

function paceOf({ secondsLeft, rate }: WorkLeft): Pace {
  return rate === null ? { secondsLeft } : { secondsLeft, bytesPerSecond: rate };
}

export async function run(job: JobOf<'installBuild'>, context: JobContext): Promise<Ending> {
  const { wheels, folder, index, from } = job;
  const { port, clock } = context;
  let pace: Pace = { secondsLeft: null };
  const progress = progressOf(context, { pace: () => pace });
  let told: Stage | null = null;
  await installBuild({
    wheels,
    folder,
    index: new URL(index),
    from,
    pausesMs,
    silentMs,
    clock,
    progress: async (stage, left) => {
      pace = paceOf(left);
      if (stage !== told) port.send({ type: 'phase', phase: stage, quietForMs: quietMs });
      told = stage;
      await progress(left.fraction);
    },
  });
  port.send({ type: 'result', outcome: { kind: 'installedBuild', folder } });
  return { why: 'done', step: 0, safeStep: null };
}
