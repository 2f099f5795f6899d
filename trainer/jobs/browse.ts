/** Shows the pictures of a data set: holds its listing and answers questions until it is stopped. */
import { faultOf } from '../durable/fault-of.ts';
import { answerQuestion } from '../data/browsing/answer-question.ts';
import { Gallery } from '../data/browsing/gallery.ts';
import type { PictureQuestion } from '../protocol/browse.ts';
import { StopAsked, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

/** The first question of a split may wait for its listing: minutes for a large archive on a hard disk. */
const quietMs = 3_600_000;

export async function run(job: JobOf<'browse'>, { port }: JobContext): Promise<Ending> {
  port.send({ type: 'phase', phase: 'scanning', quietForMs: quietMs });
  const gallery = await Gallery.open(job);
  const reply = async (id: number, question: PictureQuestion): Promise<void> => {
    const answer = await answerQuestion(gallery, job.data.path, question).catch((error: unknown) => ({
      kind: 'fault' as const,
      fault: faultOf(error),
    }));
    port.send({ type: 'result', outcome: { kind: 'browsed', id, answer } });
  };
  try {
    for (;;) {
      await port.wait(quietMs);
      for (let ask = port.take(); ask; ask = port.take()) {
        if (ask.type === 'stop' || ask.type === 'disconnect') throw new StopAsked();
        if (ask.type === 'browse') await reply(ask.id, ask.question);
      }
    }
  } finally {
    await gallery.close();
  }
}
