/**
 * Units of replication. An interval over seeds may only count what is independent: one pretraining seed is one unit, however often
 * it was evaluated, and its evaluations (other seeds of the head, other random parts of a split) are averaged within it.
 *
 * Where nothing was pretrained here, the unit is what stands for it (`Unit` in the API): of random weights each set of them, drawn
 * anew like a pretraining; of imported weights the file, whose spread nobody knows but its authors; of raw pixels each training of
 * the head, which is all that is random there, and without a head nothing, so that the figure is a fixed number.
 */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import { evaluatedRun, type DataSource, type RunConfig } from '../../../trainer/protocol/run.ts';
import type { OwnFigure, Unit, Varied } from '../../api/comparison.ts';
import type { StoredRun } from '../store/store.ts';
import { summarize } from './statistics/summary.ts';
import { drawOptions } from './subjects.ts';

/** A figure that one run measured. */
export interface Measurement {
  readonly run: StoredRun;
  readonly result: Result;
  /** Of the pretraining, or of what stands for it. */
  readonly seed: number;
}

export interface Replicate {
  /** The seeds that make it this one: equal for units of two rows that share them. */
  readonly key: string;
  readonly measurements: readonly Measurement[];
  /** Mean of its measurements; null if one of them is no number. */
  readonly value: number | null;
}

export interface Replication {
  readonly unit: Unit;
  readonly units: readonly Replicate[];
}

/** Looks up what the seeds of a run are. */
export interface Replicating {
  readonly find: (
    run: string,
  ) => { readonly id: string; readonly title: string; readonly config: RunConfig } | undefined;
  readonly catalogue: Catalogue;
}

const drawOf = (source: DataSource | undefined): number | null =>
  source?.subset?.kind === 'share' ? source.subset.seed : null;

const trains = ({ evaluators }: Catalogue, evaluator: string): boolean =>
  evaluators.find(({ id }) => id === evaluator)?.trains === true;

/** A pretraining's own seeds: of its weights, order and views, and of the random part of its data. */
function pretrainingKey(config: Extract<RunConfig, { kind: 'pretrain' }>): string {
  return canonicalJson([config.seed, drawOf(config.data), drawOf(config.paired)]);
}

function unitOf(config: RunConfig, { find, catalogue }: Replicating): { readonly unit: Unit; readonly key: string } {
  if (config.kind === 'pretrain') return { unit: 'pretraining', key: pretrainingKey(config) };
  const { subject, evaluator, seed } = config;
  switch (subject.kind) {
    case 'run': {
      const source = find(subject.run)?.config;
      // Of a pretraining that was deleted the seed is unknown: it is a unit of its own.
      return { unit: 'pretraining', key: source?.kind === 'pretrain' ? pretrainingKey(source) : subject.run };
    }
    case 'random':
      return { unit: 'initialization', key: String(subject.seed) };
    case 'weights':
      return { unit: 'weights', key: subject.weights };
    case 'pixels':
      return trains(catalogue, evaluator.id) ? { unit: 'head', key: String(seed) } : { unit: 'none', key: '' };
  }
}

function meanOf(measurements: readonly Measurement[]): number | null {
  const values = measurements.map(({ result }) => result.value);
  const known = values.filter((value) => value !== null);
  // One diverged evaluation makes the mean unknown: excluding it would bias the mean.
  return known.length < values.length ? null : summarize(known).mean;
}

/** Measurements by a key, in the order of their first ones. */
function replicates(measurements: readonly Measurement[], keyOf: (one: Measurement) => string): readonly Replicate[] {
  return groupsOf(measurements, keyOf).map((own) => ({ key: keyOf(own[0]!), measurements: own, value: meanOf(own) }));
}

/** @param measurements of one row: they differ by seeds alone */
export function replicationOf(measurements: readonly Measurement[], replicating: Replicating): Replication {
  const keyOf = ({ run }: Measurement): string => unitOf(run.config, replicating).key;
  const [first] = measurements;
  return {
    unit: first === undefined ? 'none' : unitOf(first.run.config, replicating).unit,
    units: replicates(measurements, keyOf),
  };
}

/** The evaluations of one unit by their own seed: what is independent where both sides of a difference are of that unit. */
export function evaluationsOf({ measurements }: Replicate): readonly Replicate[] {
  return replicates(measurements, ({ run }) => String(run.config.seed));
}

/** What differs between the evaluations of a row. */
export function variedIn({ unit, units }: Replication, replicating: Replicating): readonly Varied[] {
  const configs = units.flatMap(({ measurements }) => measurements.map(({ run }) => run.config));
  const several = (value: (config: RunConfig) => unknown): boolean =>
    new Set(configs.map((config) => canonicalJson(value(config) ?? null))).size > 1;
  const sourceOf = (config: RunConfig): RunConfig | undefined => replicating.find(evaluatedRun(config) ?? '')?.config;
  const isTrained = (config: RunConfig): boolean =>
    config.kind === 'evaluate' && trains(replicating.catalogue, config.evaluator.id);
  const varied: readonly (readonly [Varied, boolean])[] = [
    ['pretraining-seed', unit === 'pretraining' && units.length > 1],
    ['initialization-seed', unit === 'initialization' && units.length > 1],
    [
      'evaluation-seed',
      // Without a head to train a seed changes nothing, or the views that a figure is measured on.
      several(({ seed }) => seed) &&
        (configs.some(isTrained) || units.some(({ measurements }) => differ(measurements))),
    ],
    [
      'split',
      several((config) => drawsOf(config, replicating.catalogue)) || several((config) => drawsIn(sourceOf(config))),
    ],
    [
      'arithmetic',
      several(({ execution }) => [execution.device, execution.threads]) ||
        several((config) => arithmeticIn(sourceOf(config))),
    ],
  ];
  return varied.filter(([, does]) => does).map(([name]) => name);
}

const arithmeticIn = (config: RunConfig | undefined): unknown =>
  config && [config.execution.device, config.execution.threads];

const drawsIn = (config: RunConfig | undefined): unknown =>
  config?.kind === 'pretrain' ? [drawOf(config.data), drawOf(config.paired)] : null;

/** Seeds of the random parts of the data that an evaluation is of. */
function drawsOf(config: RunConfig, catalogue: Catalogue): unknown {
  if (config.kind === 'pretrain') return drawsIn(config);
  const { train, test, evaluator } = config;
  const drawn = drawOptions(catalogue, evaluator.id).map((key) => evaluator.options[key] ?? null);
  return [drawOf(train), drawOf(test), drawn];
}

/** A configuration without what cannot change a figure. */
function essenceOf(config: RunConfig): unknown {
  const { title, preset, checkpoint, logEvery, execution, ...rest } = config;
  const { loaderWorkers, ...arithmetic } = execution;
  return { ...rest, execution: arithmetic };
}

/** Two runs with the same text were told to do the same, to the bit. Null where the device does not promise that. */
function instructions({ run, result }: Measurement, { find }: Replicating): string | null {
  const { config } = run;
  const source = find(evaluatedRun(config) ?? '');
  if ([config, source?.config].some((one) => one?.execution.device.startsWith('gpu') === true)) return null;
  const subject = config.kind === 'evaluate' ? config.subject : null;
  const pretrained = source === undefined ? subject : { ...subject, run: essenceOf(source.config) };
  return canonicalJson([{ ...(essenceOf(config) as object), subject: pretrained }, result.n, result.which]);
}

/**
 * Runs that differ in nothing, the program and the machine included, and yet have another figure than the first of their kind. On
 * a processor such runs agree to the bit, so one of them is wrong, or the program is.
 *
 * @param computedBy what a run was computed by; null if that was not recorded, and then it proves nothing
 */
export async function disagreeing(
  { units }: Replication,
  replicating: Replicating,
  computedBy: (run: string) => Promise<string | null>,
): Promise<OwnFigure['disagreeing']> {
  const runs: string[] = [];
  for (const { measurements } of units) {
    for (const own of groupsOf(measurements, (one) => instructions(one, replicating))) {
      if (!differ(own)) continue;
      const programs = new Map<Measurement, string | null>();
      for (const one of own) programs.set(one, await programOf(one, computedBy));
      for (const same of groupsOf(own, (one) => programs.get(one) ?? null))
        if (differ(same)) runs.push(...same.map(({ run }) => run.id));
    }
  }
  return runs;
}

const differ = (measurements: readonly Measurement[]): boolean =>
  new Set(measurements.map(({ result }) => result.value)).size > 1;

/** By key; what has none is in no group. */
function groupsOf(
  measurements: readonly Measurement[],
  keyOf: (one: Measurement) => string | null,
): readonly (readonly Measurement[])[] {
  const groups = new Map<string, Measurement[]>();
  for (const one of measurements) {
    const key = keyOf(one);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** What a run and the pretraining that it evaluates were computed by. */
async function programOf(
  { run: { id, config } }: Measurement,
  computedBy: (run: string) => Promise<string | null>,
): Promise<string | null> {
  const evaluated = evaluatedRun(config);
  const programs = await Promise.all([id, ...(evaluated === null ? [] : [evaluated])].map(computedBy));
  return programs.includes(null) ? null : programs.join('\n');
}
