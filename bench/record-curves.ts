/**
 * `npm run bench -- record-curves RUN_FOLDER DATA`: the curves of a finished run of a preset as `resources/curves/<preset>.json`, which
 * are drawn under everybody's runs of that preset. Means of equal parts, so that the file stays small.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { readRunCurves, type FoundRunCurves } from '../electron/workstation/curves/read-run.ts';
import { PresetFile } from '../trainer/protocol/preset.ts';
import { RecordedCurves } from '../trainer/protocol/reference-curves.ts';

const pointsOfCurve = 200;
/** More than anybody reads off a curve. */
const digits = 6;

const [given, data] = process.argv.slice(2);
if (given === undefined || data === undefined) {
  console.error('npm run bench -- record-curves RUN_FOLDER DATA, where DATA is the name of its data: "Fashion-MNIST"');
  process.exit(2);
}
/** Values that a draft takes from the data. */
const ofData = ['normalization'];

const folder = resolve(process.env['INIT_CWD'] ?? process.cwd(), given);
const found = await readRunCurves(folder);
const recorded = v.parse(RecordedCurves, recordOf(found));
await expectPreset(recorded.preset, found.config);
const target = join('resources', 'curves', `${recorded.preset}.json`);
const wasThere = existsSync(target);
await mkdir(join('resources', 'curves'), { recursive: true });
await writeFile(target, `${textOf(recorded)}\n`);
console.log(
  `${target}: ${recorded.curves.length} curves of ${recorded.steps} steps${wasThere ? ', in place of those before' : ''}`,
);

function recordOf({ config, hello, lastStep, stepsPerEpoch, curves }: FoundRunCurves): RecordedCurves {
  if (config.kind !== 'pretrain' || config.preset === undefined)
    throw new Error(`${folder} is not a pretraining by a preset.`);
  if (stepsPerEpoch === null || hello === null) throw new Error(`${folder} has no checkpoint, or was never begun.`);
  const planned = Math.round(config.epochs * stepsPerEpoch);
  if (lastStep < planned) throw new Error(`${folder} is at step ${lastStep} of ${planned}: wait until it is done.`);
  return {
    version: 1,
    preset: config.preset,
    method: config.method.id,
    data: data!,
    seed: config.seed,
    epochs: config.epochs,
    batch: config.batch,
    steps: lastStep,
    stepsPerEpoch,
    device: hello.device,
    versions: hello.versions,
    curves: curves.map(({ source, positions, values }) => ({ metric: source, ...thinned(positions, values) })),
  };
}

/** A run that changed a value of its preset is no run to compare the preset's with. */
async function expectPreset(id: string, config: unknown): Promise<void> {
  const preset = v.parse(PresetFile, JSON.parse(await readFile(join('resources', 'presets', `${id}.json`), 'utf8')));
  const changed = preset.values.filter(({ path, value }) => !ofData.includes(path) && !holds(at(config, path), value));
  if (changed.length === 0) return;
  throw new Error(`${folder} is not a run of "${id}" as it is: ${changed.map(({ path }) => path).join(', ')} differ.`);
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], value);
}

/** A configuration has the defaults that a preset leaves out. */
function holds(own: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return own === wanted;
  if (typeof own !== 'object' || own === null || Array.isArray(own) !== Array.isArray(wanted)) return false;
  if (Array.isArray(wanted) && (own as readonly unknown[]).length !== wanted.length) return false;
  return Object.entries(wanted).every(([key, value]) => holds((own as Readonly<Record<string, unknown>>)[key], value));
}

/** Each part as the mean of its points, at its last step. */
function thinned(positions: readonly number[], values: readonly (number | null)[]) {
  const size = Math.max(1, Math.ceil(positions.length / pointsOfCurve));
  const steps: number[] = [];
  const means: (number | null)[] = [];
  for (let from = 0; from < positions.length; from += size) {
    const part = values.slice(from, from + size);
    const finite = part.filter((value) => value !== null);
    steps.push(positions[Math.min(from + size, positions.length) - 1]!);
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    means.push(finite.length < part.length ? null : Number(mean.toPrecision(digits)));
  }
  return { steps, values: means };
}

/** A list of numbers a line. */
function textOf(value: RecordedCurves): string {
  const lists: string[] = [];
  const json = JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (!Array.isArray(inner) || !inner.every((one) => typeof one === 'number' || one === null)) return inner;
      lists.push(JSON.stringify(inner).replaceAll(',', ', '));
      return `@${lists.length - 1}`;
    },
    2,
  );
  return json.replaceAll(/"@(\d+)"/g, (_whole, at: string) => lists[Number(at)] ?? '');
}
