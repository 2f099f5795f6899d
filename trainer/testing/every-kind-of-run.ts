/**
 * For tests: a tiny run of every method and every evaluator there is, found in the registries, so that a new one is among
 * them without being listed.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import type { Options } from '../protocol/options.ts';
import { RunConfig } from '../protocol/run.ts';
import type { EvaluatorRecipe, MethodRecipe } from '../recipe.ts';
import { evaluators, methods } from '../registry.ts';
import { putVoc, type XmlObject } from './field/objects.ts';
import { tinyDetection, tinyEvaluation, tinyPretraining } from './killing.ts';
import { smallOptions } from './small-learner.ts';
import { writeTinyCoco } from './tiny-coco.ts';

export interface KindOfRun {
  readonly name: string;
  readonly config: RunConfig;
}

/** Pictures for what is not trained on the tiny IDX files. */
interface TinyPictures {
  readonly idx: string;
  readonly coco: string;
  readonly voc: string;
}

export async function everyKindOfRun(folder: string, idx: string): Promise<readonly KindOfRun[]> {
  const data = { idx, coco: join(folder, 'coco'), voc: join(folder, 'voc') };
  await writeTinyCoco(data.coco);
  await writeTinyVoc(data.voc);
  return [
    ...methods.all.map((method) => ({ name: method.id, config: pretrainingBy(method, data) })),
    ...evaluators.all.map((evaluator) => ({ name: evaluator.id, config: evaluationBy(evaluator, data) })),
  ];
}

function pretrainingBy(method: MethodRecipe, { idx }: TinyPictures): RunConfig {
  const config = tinyPretraining(idx);
  return v.parse(RunConfig, { ...config, method: { id: method.id, options: smallOptions(method) } });
}

/** Options that keep an evaluator small: each uses those it knows. */
const small: Options = { epochs: 10, batch: 16, fraction: 0.5, k: 3, pairs: 10 };

function optionsOf({ options }: EvaluatorRecipe): Options {
  const known = Object.keys((options as unknown as { readonly entries: object }).entries);
  return Object.fromEntries(Object.entries(small).filter(([key]) => known.includes(key)));
}

function evaluationBy(evaluator: EvaluatorRecipe, data: TinyPictures): RunConfig {
  if (evaluator.targets === 'objects')
    return tinyDetection(data.coco, evaluator.id as 'detection-c4' | 'detection-fpn');
  const config = tinyEvaluation(data.idx, 'features');
  const own = { ...config, evaluator: { id: evaluator.id, options: optionsOf(evaluator) } };
  if (evaluator.targets !== 'presence') return v.parse(RunConfig, own);
  const source = (split: string) => ({ dataset: 'voc', path: data.voc, split, fingerprint: `tiny-voc-${split}` });
  return v.parse(RunConfig, {
    ...own,
    layer: 'pooled',
    train: source('trainval'),
    test: source('test'),
    preprocessing: { resize: 18, crop: 16, fit: 'squash' },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  });
}

async function writeTinyVoc(folder: string): Promise<void> {
  const object = (name: string): XmlObject => ({ name, box: [2, 2, 20, 20] });
  const shown = (count: number): Record<string, readonly XmlObject[]> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `${String(count)}${String(at).padStart(4, '0')}`,
        [...(at % 2 === 0 ? [object('cat')] : []), ...(at % 3 === 0 || at % 2 === 1 ? [object('dog')] : [])],
      ]),
    );
  await putVoc(folder, 'trainval', shown(24), ['cat', 'dog']);
  await putVoc(folder, 'test', shown(12), ['cat', 'dog'], 100);
}
