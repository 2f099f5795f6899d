/** What is declared of a figure: its unit, its margin, whether it stands for a run. Nothing of it is read off the figure's name. */
import type { Catalogue, Margin, Metric } from './catalogue.ts';
import type { RunConfig, RunKind } from './run.ts';

type Evaluators = Pick<Catalogue, 'evaluators'>;

/** What the recipe of an evaluator declares of one of its metrics. */
export interface DeclaredMetric {
  readonly unit: Metric['unit'];
  readonly isSecondary: boolean;
  readonly margin: Margin;
}

/** Of a figure that no recipe of this build declares: papers give most in percent, and of a classifier top-1 first. */
const undeclared: DeclaredMetric = { unit: 'percent', isSecondary: false, margin: { points: 0.5 } };
const undeclaredLeading = 'top1';

export function declaredMetric({ evaluators }: Evaluators, evaluator: string, name: string): DeclaredMetric {
  const recipe = evaluators.find(({ id }) => id === evaluator);
  const metric = recipe?.metrics.find((one) => one.name === name);
  if (!recipe || !metric) return undeclared;
  return { unit: metric.unit, isSecondary: metric.secondary === true, margin: recipe.margin };
}

/** The metric of an evaluator that stands for a run: the first that its recipe declares. */
export function leadingMetric({ evaluators }: Evaluators, evaluator: string): string {
  return evaluators.find(({ id }) => id === evaluator)?.metrics[0]?.name ?? undeclaredLeading;
}

/** Before the name of a figure of an evaluator that looks at a network in training: a probe, or the examination of a head. */
const checks: Readonly<Record<RunKind, string>> = { pretrain: 'probe', evaluate: 'test' };

/** Name under which a figure of an evaluator is recorded while a run of that kind trains. */
export function checkName(kind: RunKind, metric: string): string {
  return `${checks[kind]}/${metric}`;
}

/** Figures of a training step that are not on a scale of their own. */
const trainingUnits: Readonly<Record<string, Metric['unit']>> = {
  accuracy: 'share',
  recall: 'share',
  foreground: 'share',
};

/** Unit of a curve of a run. */
export function curveUnit(catalogue: Evaluators, config: RunConfig, name: string): Metric['unit'] {
  const [, checked] = name.split('/');
  if (checked === undefined) return trainingUnits[name] ?? 'number';
  const evaluator = config.kind === 'evaluate' ? config.evaluator.id : (config.probe?.evaluator.id ?? '');
  return declaredMetric(catalogue, evaluator, checked).unit;
}
