/** A workstation of made-up records, for the preview and the tests. Figures are invented; nothing here reaches a build. */
import type { Answer, Workstation } from '../../../electron/api/bridge.ts';
import type { Requests } from '../../../electron/api/requests.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { comparisonAnswers } from './comparison.ts';
import { referenceAnswers } from './curves.ts';
import { datasetAnswers, weightsAnswers } from './data.ts';
import { detectionAnswers } from './detections.ts';
import { draftAnswers } from './drafts.ts';
import { machineAnswers } from './machine.ts';
import { predictionAnswers } from './predictions.ts';
import { mapAnswers } from './maps.ts';
import { planAnswers } from './plan.ts';
import { keepTraining, runAnswers } from './runs.ts';
import { type FakeAnswers, type FakeOptions, FakeWorld } from './world.ts';

/** Answers one request as the bridge does: copies in and out, and a fault for everything thrown. */
async function answer(name: string, request: unknown, args: readonly unknown[]): Promise<Answer<unknown>> {
  try {
    const value = await (request as (...all: readonly unknown[]) => unknown)(...structuredClone(args));
    return { ok: true, value: structuredClone(value) };
  } catch (error) {
    const fault: Fault = { code: 'internal', message: String(error), values: { request: name } };
    return { ok: false, fault };
  }
}

export function createFake(options: FakeOptions = {}): Workstation {
  const world = new FakeWorld(options);
  if (!world.empty && options.still !== true) keepTraining(world);
  const requests: FakeAnswers<keyof Requests> = {
    ...machineAnswers(world),
    ...draftAnswers(world),
    ...runAnswers(world),
    ...detectionAnswers(world),
    ...predictionAnswers(),
    ...mapAnswers(world),
    ...weightsAnswers(world),
    ...referenceAnswers(world),
    ...planAnswers(world),
    ...datasetAnswers(world),
    ...comparisonAnswers(world),
  };
  const answered = Object.fromEntries(
    Object.entries(requests).map(([name, request]) => [
      name,
      (...args: readonly unknown[]) => answer(name, request, args),
    ]),
  );
  return {
    ...(answered as Omit<Workstation, 'on' | 'pathOf'>),
    on: (name, listener) => world.on(name, listener),
    pathOf: () => '/data/fashion-mnist',
  };
}
