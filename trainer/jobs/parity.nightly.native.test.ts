/**
 * The same mathematics as the official algorithm in PyTorch: many times, both take one step from the peer's state and
 * batch. (Free-running trajectories of two float32 implementations diverge within a few steps.)
 *
 * Rounding limits how closely float32 steps can agree: an activation near zero falls on either side of a ReLU, and a
 * gradient moves by a thousandth. PyTorch therefore also takes each step in float64, and our distance from it is
 * compared with that of PyTorch's own float32.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { encoder as resnet18 } from '../encoders/resnet-18.ts';
import type { StateEntry } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { optimizer as lars } from '../optim/optimizers/lars.ts';
import { median } from '../training/pace.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { methods } from '../registry.ts';
import { timedRun } from './step-timing.ts';
import { distance } from '../testing/distance.ts';
import { handOver, openPeer } from '../testing/peer.ts';

const [rows, size, stemStride, lr] = [32, 16, 2, 0.3];
/** BYOL's initial momentum, raised by half a cosine. */
const base = 0.9;
const cases = [
  { id: 'vicreg', steps: 200, options: { expander: [64, 64, 64] } },
  { id: 'barlow-twins', steps: 50, options: { expander: [64, 64, 64], lambda: 0.0051 } },
  { id: 'simclr', steps: 50, options: { projector: [64, 64], temperature: 0.5 } },
  { id: 'byol', steps: 50, options: { projector: [64, 64], predictor: [64], momentum: base } },
];

function batchOf(step: number) {
  const views = ['x', 'y'].map((name) => {
    const values = new Float32Array(rows * size * size);
    keyed(9, name, step).fillNormal(values);
    // Two views of one picture must be similar, or the invariance term has nothing to learn.
    keyed(9, 'picture', step).fillNormal(values.subarray(0, values.length / 2));
    return { shape: [rows, size, size, 1], values };
  });
  return { views, index: new Int32Array(rows), targets: {} };
}

it.each(cases)(
  '$id takes $steps single steps as PyTorch does',
  async ({ id, steps, options: given }) => {
    const folder = mkdtempSync(join(tmpdir(), 'parity-'));
    const peer = openPeer('parity.py');
    const engine = await openEngine(v.parse(Execution, { engine: 'traced', threads: 2 }));
    const builder = engine.builder(1);
    const options = v.parse(resnet18.options, { stem: 'small', stemStride, width: 16 });
    const encoder = resnet18.build(builder.at('encoder'), options, { channels: 1 });
    const method = methods.get(id);
    const learner = method.build([encoder, encoder], v.parse(method.options, given), builder, {
      ...timedRun,
      steps,
      batch: rows,
      encoder: (below) => resnet18.build(below.at('encoder'), options, { channels: 1 }),
    });
    const stepper = engine.stepper(learner, { recipe: lars, options: {} }, 1);
    const read = (entries: readonly StateEntry[]) =>
      new Map(entries.map((entry) => [entry.name, entry.read() as Float32Array]));

    let [term, relative] = [0, 0];
    const ratios: number[] = [];
    /** Distances of every tensor from float64, one entry per step. */
    const byTensor = new Map<string, readonly { readonly own: number; readonly theirs: number }[]>();
    try {
      for (let step = 0; step < steps; step++) {
        const batch = batchOf(step);
        const before = read(stepper.state);
        const tensors = [
          ...stepper.state.map(({ name, shape }) => ({ name, shape, values: before.get(name)! })),
          ...batch.views.map(({ shape, values }, view) => ({ name: `view/${view}`, shape, values })),
        ];
        const momentum = 1 - ((1 - base) * (Math.cos((Math.PI * step) / steps) + 1)) / 2;
        handOver(folder, tensors, { method: id, options: given, stemStride, lr, momentum });
        const wanted = await peer.ask<Readonly<Record<string, number>>>(folder);
        const { loss, metrics } = await stepper.run(batch, { step, lr }, { metrics: true });
        for (const [name, value] of Object.entries(wanted)) {
          const found = name === 'loss' ? loss : metrics[name]!;
          // A vanishing term is measured relative to the total loss.
          const apart = Math.abs(found - value) / Math.max(Math.abs(value), 1e-3 * Math.abs(wanted['loss']!));
          term = Math.max(term, apart);
          expect(apart, `${name} of step ${step}`).toBeLessThan(1e-5);
        }

        const bytes = (file: string) => new Uint8Array(readFileSync(join(folder, file))).buffer;
        const [rounded, exact] = [new Float32Array(bytes('out.bin')), new Float64Array(bytes('exact.bin'))];
        const ours = read(stepper.state);
        const distances: { name: string; moved: number; own: number; theirs: number }[] = [];
        let at = 0;
        for (const entry of stepper.state) {
          const old = before.get(entry.name)!;
          const [from, to] = [at, (at += old.length)];
          const truth = exact.subarray(from, to);
          const peers = rounded.slice(from, to);
          distances.push({
            name: entry.name,
            moved: distance(old, truth),
            own: distance(ours.get(entry.name)!, truth),
            theirs: distance(peers, truth),
          });
          // The next step starts from the peer's state.
          entry.write(peers);
        }
        for (const { name, moved, own, theirs } of distances) {
          // In a single step, any of the three may fall on the other side of a ReLU; a mistake is farther away.
          expect(own, `${name} of step ${step}`).toBeLessThan(theirs + 0.05 * moved + 1e-7);
          const known = byTensor.get(name) ?? [];
          byTensor.set(name, [...known, { own, theirs }]);
        }
        const whole = (pick: (one: (typeof distances)[number]) => number) => Math.hypot(...distances.map(pick));
        const [own, theirs] = [whole((one) => one.own), whole((one) => one.theirs)];
        ratios.push(own / theirs);
        relative = Math.max(relative, own / whole((one) => one.moved));
      }
      // Over all steps we are no farther from the truth than PyTorch, overall and for each tensor.
      expect(median(ratios)).toBeLessThan(1.2);
      for (const [name, found] of byTensor) {
        const middle = (pick: (one: (typeof found)[number]) => number) => median(found.map(pick));
        expect(
          middle(({ own }) => own),
          name,
        ).toBeLessThan(2 * middle(({ theirs }) => theirs) + 1e-7);
      }
    } finally {
      peer.close();
      rmSync(folder, { recursive: true, force: true });
      const middle = ratios.length > 0 ? median(ratios).toFixed(2) : '–';
      console.log(
        `${id}, ${ratios.length} steps: a term off by ${term.toExponential(1)} at most, all updates together by ` +
          `${relative.toExponential(1)}, ${middle} of PyTorch's own distance from float64 (median)`,
      );
    }
  },
  60 * 60_000,
);
