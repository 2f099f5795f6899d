/**
 * Both detectors beside PyTorch with torchvision's operations (bench/peers/detectors.py): what they find and what one training
 * step does to every weight, from equal weights and with the same random draws. PyTorch answers in float64 and takes the step
 * in float32 too, which shows what rounding alone does.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stepper } from '../../engine/engine.ts';
import { openEngine } from '../../engine/steps/open.ts';
import type { HostBatch, HostTensor } from '../../host-batch.ts';
import { Execution } from '../../protocol/run.ts';
import { optimizers } from '../../registry.ts';
import { distance } from '../../testing/distance.ts';
import { handOver, openPeer, type Peer } from '../../testing/peer.ts';
import { detectorLearner } from './detector-learner.ts';
import { usualFindings, type FindingOptions } from './findings.ts';
import {
  batchOf,
  cases,
  detectorOf,
  drawsOf,
  everything,
  farthest,
  most,
  optionsOf,
  rate,
  seed,
  setWeights,
  weightDecay,
  type Answer,
  type Case,
} from './testing/parity-case.ts';

const open = () => openEngine(v.parse(Execution, { engine: 'traced', threads: 2 }));

async function foundBy(given: Case, findings: FindingOptions, batch: HostBatch): Promise<readonly HostTensor[]> {
  const engine = await open();
  const detector = detectorOf(engine, given, findings);
  setWeights(engine.entries([detector]));
  const find = engine.inferAll(([images, sizes], at) => {
    const { boxes, scores, classes, masks } = detector.find({ images: images!, sizes: sizes! }, at);
    return [boxes, scores, classes, ...(masks ? [masks] : [])];
  });
  return find(batch.views[0]!, batch.targets['sizes']!);
}

type State = ReadonlyMap<string, Float32Array>;
const stateOf = ({ state }: Stepper): State => new Map(state.map(({ name, read }) => [name, read() as Float32Array]));

/**
 * Compares every tensor of the state with the peer's in float64: weights, running statistics, and momentum, which after one step
 * is the gradient with the decay. @returns the largest distance of a gradient, relative to its length
 */
function compareStates(before: State, after: State, folder: string): number {
  const bytes = (file: string) => new Uint8Array(readFileSync(join(folder, file))).buffer;
  const [rounded, exact] = [new Float32Array(bytes('out.bin')), new Float64Array(bytes('exact.bin'))];
  let at = 0;
  let gradient = 0;
  for (const [name, old] of before) {
    const [from, to] = [at, (at += old.length)];
    const truth = exact.subarray(from, to);
    const [moved, own] = [distance(old, truth), distance(after.get(name)!, truth)];
    const theirs = distance(rounded.subarray(from, to), truth);
    // The last is what float32 may be off by in values of this size.
    expect(own, name).toBeLessThanOrEqual(theirs + 1e-3 * moved + 2 ** -23 * Math.hypot(...truth));
    if (name.startsWith('optimizer/')) gradient = Math.max(gradient, own / moved);
  }
  expect(at).toBe(exact.length);
  return gradient;
}

let peer: Peer;
beforeAll(() => (peer = openPeer('detection-parity.py')));
afterAll(() => peer.close());

describe.each(cases)('$detector, frozen norm $frozen', (given) => {
  const folder = mkdtempSync(join(tmpdir(), 'detection-parity-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('finds and learns as PyTorch does', { timeout: 10 * 60_000 }, async () => {
    const { batch, handed } = batchOf();
    const engine = await open();
    const learner = detectorLearner(detectorOf(engine, given, usualFindings), given.proposalWeight);
    const optimizer = { recipe: optimizers.get('sgd'), options: { rate, weightDecay } };
    const stepper = engine.stepper(learner, optimizer, seed);
    setWeights(stepper.state);
    const before = stateOf(stepper);
    const state = stepper.state.map(({ name, shape }) => ({ name, shape, values: before.get(name)! }));
    const inputs = handed.filter(({ name }) => name !== 'batch/masks' || given.detector === 'detection-fpn');
    handOver(folder, [...state, ...inputs, ...drawsOf(given)], {
      detector: given.detector,
      lr: rate,
      weightDecay,
      options: optionsOf(given),
    });
    const wanted = await peer.ask<Answer>(JSON.stringify({ kind: 'detector', folder }));

    const { loss, metrics } = await stepper.run(batch, { step: 0, lr: rate }, { metrics: true });
    let term = 0;
    for (const [name, value] of Object.entries(wanted.losses)) {
      // The case is made so that every term has something to say.
      expect(value, name).toBeGreaterThan(0);
      const apart = Math.abs((name === 'loss' ? loss : metrics[name]!) - value) / value;
      expect(apart, name).toBeLessThan(1e-5);
      term = Math.max(term, apart);
    }
    const gradient = compareStates(before, stateOf(stepper), folder);
    stepper.dispose();

    const usual = farthest(await foundBy(given, { ...usualFindings, most }, batch), wanted.usual);
    const every = farthest(await foundBy(given, everything, batch), wanted.every);
    for (const far of [usual, every]) {
      expect(far.boxes).toBeLessThan(2e-3);
      expect(far.scores).toBeLessThan(2e-5);
      expect(far.masks).toBeLessThan(1e-4);
    }
    const counts = [...wanted.usual, ...wanted.every].map(({ scores }) => scores.length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    const figures = { 'a term': term, 'a gradient': gradient, ...every };
    const said = Object.entries(figures).map(([name, value]) => `${name} ${value.toExponential(1)}`);
    console.log(`${given.detector}: off at most by ${said.join(', ')} (findings: ${counts.join(', ')})`);
  });
});
