/** Data shipped with the program: papers, presets, plans, and the catalogue written by the build. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { Paper } from '../../../trainer/protocol/paper.ts';
import { PlanFile, type Plan } from '../../../trainer/protocol/plan.ts';
import { PresetFile, type Preset } from '../../../trainer/protocol/preset.ts';
import { RecordedCurves } from '../../../trainer/protocol/reference-curves.ts';
import { TensorFlowPins } from '../../../trainer/protocol/wheels.ts';
import { PresetSources } from '../../../trainer/protocol/preset-origins.ts';
import { presetOf } from '../../words/preset-origins.ts';

export interface Resources {
  readonly catalogue: Catalogue;
  readonly papers: readonly Paper[];
  readonly presets: readonly Preset[];
  readonly plans: readonly Plan[];
  /** Runs of presets that this project made, to be drawn under one's own. */
  readonly curves: readonly RecordedCurves[];
  /** Where TensorFlow's builds come from. */
  readonly tensorflow: TensorFlowPins;
}

const limit = 64 << 20;

export async function readResources(appRoot: string): Promise<Resources> {
  const folder = join(appRoot, 'resources');
  const [catalogue, papers, presets, plans, curves, tensorflow] = await Promise.all([
    readChecked(join(appRoot, 'out', 'catalogue.json'), Catalogue),
    readAll(join(folder, 'papers'), Paper),
    readPresets(join(folder, 'presets')),
    readAll(join(folder, 'plans'), PlanFile),
    readAll(join(folder, 'curves'), RecordedCurves),
    readChecked(join(folder, 'tensorflow.json'), TensorFlowPins),
  ]);
  // The plan that is ready after set-up comes first.
  const ordered = plans.toSorted((one, other) => Number(other.id === 'first') - Number(one.id === 'first'));
  return { catalogue, papers, presets, plans: ordered, curves, tensorflow };
}

/** The values of each preset with their origins, which stand in a file of the same name. */
async function readPresets(folder: string): Promise<readonly Preset[]> {
  const files = await readAll(folder, PresetFile);
  return Promise.all(
    files.map(async (file) =>
      presetOf(file, await readChecked(join(folder, 'sources', `${file.id}.json`), PresetSources)),
    ),
  );
}

async function readAll<S extends v.GenericSchema>(folder: string, schema: S): Promise<readonly v.InferOutput<S>[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(names.map((name) => readChecked(join(folder, name), schema)));
}

/** Reads a JSON file that must exist and match the schema. */
export async function readChecked<S extends v.GenericSchema>(file: string, schema: S): Promise<v.InferOutput<S>> {
  const value = await readJson(file, limit);
  if (value === null) throw new FaultError('not-found', `${file} is missing.`, { path: file });
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? '';
  throw new FaultError('unreadable-file', `${file} is not as expected at "${where}": ${issue.message}`, { path: file });
}
