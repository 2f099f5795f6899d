/** The curves that come with the program: of presets as they are, whole, and small. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { PresetFile } from '../../../trainer/protocol/preset.ts';
import { RecordedCurves } from '../../../trainer/protocol/reference-curves.ts';

const resources = join(import.meta.dirname, '../../../resources');
const jsonOf = (...path: readonly string[]): unknown => JSON.parse(readFileSync(join(resources, ...path), 'utf8'));
const files = readdirSync(join(resources, 'curves')).filter((name) => name.endsWith('.json'));

test.each(files)('%s is of a preset as it is, from its first step to its last', (file) => {
  const recorded = v.parse(RecordedCurves, jsonOf('curves', file));
  expect(file).toBe(`${recorded.preset}.json`);
  const preset = v.parse(PresetFile, jsonOf('presets', file));
  expect(recorded.method).toBe(preset.method);
  for (const path of ['epochs', 'batch'] as const)
    expect(preset.values.find((one) => one.path === path)?.value).toBe(recorded[path]);
  expect(recorded.steps / recorded.stepsPerEpoch).toBeCloseTo(recorded.epochs, 1);
  expect(recorded.curves.map(({ metric }) => metric)).toContain('loss');
  for (const { metric, steps, values } of recorded.curves) {
    expect(steps.length, metric).toBeLessThanOrEqual(300);
    expect(values, metric).toHaveLength(steps.length);
    expect(values, metric).not.toContain(null);
    expect(steps, metric).toEqual(steps.toSorted((one, other) => one - other));
    expect(steps.at(-1), metric).toBeGreaterThan(0.8 * recorded.steps);
  }
});
