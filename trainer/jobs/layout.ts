/** The layout of a map by UMAP. It needs the map's file alone: neither features nor TensorFlow. */
import { FaultError } from '../durable/fault-error.ts';
import { readMap, writeLayout } from '../durable/map-file.ts';
import { layOut } from '../maps/umap.ts';
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';

const quietMs = 60_000;

export async function run({ map, seed, file }: JobOf<'layout'>, context: JobContext): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'layout', quietForMs: quietMs });
  const found = await readMap(map);
  if (found === null) throw new FaultError('not-found', `The map ${map} is gone. Open it again.`, { path: map });
  const { neighbours: indexes, similarities, principal } = found.arrays;
  const neighbours = { count: found.summary.neighbours, indexes, similarities };
  await writeLayout(file, await layOut(neighbours, principal, seed, progressOf(context)));
  port.send({ type: 'result', outcome: { kind: 'map', file } });
  return { why: 'done', step: 0, safeStep: null };
}
