/**
 * A process that trains a small learner of a method on one fixed batch, with others or on several devices; its request is its one
 * argument, and what came of it is one line of its output.
 */
import { createHash } from 'node:crypto';
import process from 'node:process';
import * as v from 'valibot';
import type { Together } from '../engine/binding/server-def.ts';
import { chunksOf } from '../engine/steps/host-chunks.ts';
import { openEngine } from '../engine/steps/open.ts';
import type { HostBatch } from '../host-batch.ts';
import { Execution } from '../protocol/run.ts';
import { methods, optimizers } from '../registry.ts';
import { smallBatch, smallLearner } from './small-learner.ts';

export interface StepsTogether {
  readonly method: string;
  /** null: one device alone. */
  readonly together: Together | null;
  /** Images of the whole batch. */
  readonly batch: number;
  readonly steps: number;
  /** Step at which an image of the last process is not finite. */
  readonly poisoned?: number;
}

export interface CameOfIt {
  /** As text, for what is not a number. */
  readonly losses: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
  /** SHA-256 of all state after the last step. */
  readonly state: string;
}

const classes = 3;

function withoutNumber(batch: HostBatch): HostBatch {
  const [first, ...others] = batch.views;
  const values = Float32Array.from(first!.values);
  values[7] = Number.NaN;
  return { ...batch, views: [{ ...first!, values }, ...others] };
}

export async function stepsTogether({
  method: id,
  together,
  batch,
  steps,
  poisoned,
}: StepsTogether): Promise<CameOfIt> {
  const method = methods.get(id);
  const engine = await openEngine(v.parse(Execution, { engine: 'traced', threads: 1 }), together);
  const [first, ...others] = engine.devices.map((device) => smallLearner(device, method, { batch, classes, steps }));
  const stepper = engine.stepperOfAll([first!, ...others], { recipe: optimizers.get('sgd'), options: {} }, 1);
  const peers = together !== null && 'peers' in together ? together.peers : null;
  const share = batch / (peers?.addresses.length ?? 1);
  const isLast = peers === null || peers.own === peers.addresses.length - 1;
  const own = chunksOf(smallBatch(method, { batch, classes, size: 12 }), share)[peers?.own ?? 0]!;
  const losses: string[] = [];
  let metrics: Readonly<Record<string, number>> = {};
  for (let step = 0; step < steps; step += 1) {
    const given = step === poisoned && isLast ? withoutNumber(own) : own;
    const result = await stepper.run(given, { step, lr: 1e-4 }, { metrics: step === steps - 1 });
    losses.push(String(result.loss));
    metrics = result.metrics;
  }
  const hash = createHash('sha256');
  for (const { name, read } of stepper.state) hash.update(name).update(read());
  return { losses, metrics, state: hash.digest('hex') };
}

const request = process.argv[2];
if (import.meta.filename === process.argv[1] && request !== undefined) {
  console.log(JSON.stringify(await stepsTogether(JSON.parse(request) as StepsTogether)));
  process.exit(0);
}
