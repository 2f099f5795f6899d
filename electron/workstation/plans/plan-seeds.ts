/** A plan with several seeds: every run that depends on one again, as a group whose spread can be told. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Plan, PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { EvaluateConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import { ownKeyOf } from '../comparison/own-key.ts';

const keyAt = (key: string, seed: number): string => `${key}-seed-${seed}`;

/** Number of seeds of its runs. */
export function seedsOf({ runs }: Plan): number {
  const first = runs.find(({ key }) => runs.some((other) => other.key === keyAt(key, 2)));
  if (first === undefined) return 1;
  return 1 + runs.filter(({ key }) => key.startsWith(`${first.key}-seed-`)).length;
}

/** Features of pixels are the same whatever the seed; without a head to train, so are their figures. */
function dependsOnSeed(config: RunConfig, withHead: ReadonlySet<string>): boolean {
  return config.kind === 'pretrain' || config.subject.kind !== 'pixels' || withHead.has(config.evaluator.id);
}

function subjectAt(subject: EvaluateConfig['subject'], add: number, again: ReadonlySet<string>): typeof subject {
  if (subject.kind === 'random') return { ...subject, seed: subject.seed + add };
  if (subject.kind === 'run' && again.has(subject.run)) return { ...subject, run: keyAt(subject.run, add + 1) };
  return subject;
}

/** The runs of the plan's first seed that every further seed repeats. `withHead`: evaluators that train one. */
export function repeatedBySeeds({ runs }: Plan, withHead: ReadonlySet<string>): readonly PlannedRun[] {
  return runs.filter(({ key, config }) => ownKeyOf(key) === key && dependsOnSeed(config, withHead));
}

/** Evaluators that train a head. */
export function evaluatorsWithHead({ evaluators }: Catalogue): ReadonlySet<string> {
  return new Set(evaluators.filter(({ probe }) => !probe).map(({ id }) => id));
}

/**
 * The plan with so many seeds: those of its own runs, and as many more runs with the seeds that follow. Claims stay about the runs
 * they name, and are judged by all seeds of them.
 */
export function withSeeds(plan: Plan, seeds: number, withHead: ReadonlySet<string>): Plan {
  const own = plan.runs.filter(({ key }) => ownKeyOf(key) === key);
  const repeated = repeatedBySeeds(plan, withHead);
  const again = new Set(repeated.map(({ key }) => key));
  const more = Array.from({ length: seeds - 1 }, (_, at) =>
    repeated.map(({ key, role, config }): PlannedRun => {
      const add = at + 1;
      const seeded = { ...config, seed: config.seed + add };
      return {
        key: keyAt(key, add + 1),
        role,
        config: seeded.kind === 'pretrain' ? seeded : { ...seeded, subject: subjectAt(seeded.subject, add, again) },
      };
    }),
  );
  return { ...plan, runs: [...own, ...more.flat()] };
}
