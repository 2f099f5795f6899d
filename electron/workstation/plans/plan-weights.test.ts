/** A plan that starts from weights: its runs wait for them, and begin from those imported last of the method and encoder it names. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { PlanFile } from '../../../trainer/protocol/plan.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { ensureData, foundHere } from './plan-data.ts';
import { possibleRuns } from './plan-order.ts';
import { withWeights } from './planned-config.ts';
import type { PlansContext } from './plans-context.ts';

const plan = v.parse(PlanFile, JSON.parse(readFileSync('resources/plans/vicreg-15.json', 'utf8')));
const weights = (id: string, method: string | null, encoder = 'resnet-50') =>
  ({
    id: id.repeat(16),
    name: id,
    encoder: { id: encoder, options: {} },
    origin: { method, pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
    networks: [],
    network: '',
    why: 'only',
    norms: null,
  }) as unknown as ImportedWeights;

/** A workspace that has VOC07+12 and these weights, the newest first. */
const workspace = (rows: readonly ImportedWeights[]) =>
  ({
    store: { datasets: () => Promise.resolve([{ name: 'VOC07+12', path: '/voc', inspection: { dataset: 'voc' } }]) },
    datasets: { known: () => Promise.resolve([]), ensure: () => Promise.resolve({ fingerprint: 'f' }) },
    weights: { rows: () => Promise.resolve(rows) },
  }) as unknown as PlansContext;

test('weights of another method or encoder are not those that it names', async () => {
  const others = [weights('a', 'byol'), weights('b', 'vicreg', 'resnet-18'), weights('c', null)];
  const here = await foundHere(workspace(others), plan);
  expect([...here.weights]).toEqual([]);
  expect(possibleRuns(plan, here).size).toBe(0);
  await expect(ensureData(workspace(others), plan)).rejects.toThrow(/needs VICReg ResNet-50.*state "vicreg"/);
});

test('the last imported ones become the subject of every run', async () => {
  const rows = [weights('a', 'byol'), weights('d', 'vicreg'), weights('e', 'vicreg')];
  const here = await foundHere(workspace(rows), plan);
  expect(possibleRuns(plan, here).size).toBe(plan.runs.length);
  for (const { config } of plan.runs)
    expect(withWeights(config, here.weights)).toMatchObject({ subject: { kind: 'weights', weights: 'd'.repeat(16) } });
  await ensureData(workspace(rows), plan);
});
