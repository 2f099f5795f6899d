/** Curves of a run folder of this program, made by anybody. Nothing is copied into the list of runs. */
import { said } from '../../../trainer/protocol/sentence.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { readConfig } from '../recovery/sweep.ts';
import { CurveCollector, type FoundCurves } from './collect.ts';
import { keptPoints, outlineOf } from './run-events.ts';

export interface FoundRunCurves extends FoundCurves {
  readonly config: RunConfig;
  readonly hello: Awaited<ReturnType<typeof outlineOf>>['hello'];
  readonly lastStep: number;
}

export async function readRunCurves(folder: string): Promise<FoundRunCurves> {
  const config = await readConfig(folder);
  const outline = await outlineOf(folder);
  const collector = new CurveCollector();
  for await (const { points } of keptPoints(folder, outline))
    for (const { name, step, value } of points) collector.add(name, step, value);
  return {
    kind: 'run',
    axis: 'step',
    stepsPerEpoch: outline.stepsPerEpoch,
    batch: config.kind === 'pretrain' ? config.batch : null,
    curves: collector.curves(),
    notes: [
      ...(outline.wrong > 0 ? [said`lines that are no events, left out: ${outline.wrong}`] : []),
      ...(outline.isTorn ? [said`the last line of its events was cut short and is left out`] : []),
      ...collector.notes(),
    ],
    config,
    hello: outline.hello,
    lastStep: outline.lastStep,
  };
}
