import * as tf from '@tensorflow/tfjs';
import type { Tensor2D } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { averagePrecision, envelopePrecision } from '../evaluation/figures/average-precision.ts';
import { stratifiedFolds } from '../evaluation/figures/folds.ts';
import { solveSvms } from '../evaluation/figures/linear-svm.ts';
import { defineEvaluator, type FeatureSet } from '../recipe.ts';

/** VISSL's values of C; cross-validation selects one for each class. */
const costs = [0.01, 0.1, 1, 2, 5, 10, 15, 20, 50, 100, 1000] as const;
const parts = 3;
/** VISSL's positive-class weight. */
const positiveWeight = 2;
/** Avoids a division by 0 for a row of zeros, as in VISSL. */
const leastNorm = 1e-5;

/**
 * Classification of images that show several classes, as the paper's VOC07 figure (appendix C.3; VISSL's benchmark,
 * which the author names in issue #10): for every class a linear SVM on rows of length 1, its C by 3-fold
 * cross-validation of average precision, trained again on all images; the figure is the mean over the classes of the
 * area under the precision-recall curve. Objects marked difficult are excluded from their class in the test; training
 * uses all images and counts them as negatives.
 */
export const evaluator = defineEvaluator({
  id: 'voc-svm',
  title: 'Linear SVM, one-vs-rest',
  options: v.object({}),
  targets: 'presence',
  shows: { fit: 'squash', layer: 'res5-2x2' },
  metrics: [{ name: 'map', unit: 'percent' }],
  margin: { points: 0.5 },
  protocol: () => ({
    head: 'linear SVM',
    costs: costs.join(', '),
    folds: parts,
    positiveWeight,
    normalized: true,
    averagePrecision: 'envelope',
    difficult: 'out of the test',
  }),
  async *measure({ train, test, classes, classNames, progress }) {
    const [inputs, truth] = [presenceOf(train), presenceOf(test)];
    const [samples, questions] = [rowsOf(train), rowsOf(test)];
    try {
      expectEnough(signsOf(inputs), classes, classNames);
      const chosen = await chooseCosts(samples, inputs, classes, progress);
      const signs = tf.tensor2d(signsOf(inputs), [train.rows, classes]);
      const weights = solveSvms(samples, { signs, costs: chosen, positiveWeight });
      const scores = await readAll(tf.tidy(() => tf.matMul(questions, weights)));
      tf.dispose([signs, weights]);
      const byClass = Array.from({ length: classes }, (_, label) => {
        const there = columnOf(truth, classes, label);
        const counts = (_value: number, row: number): boolean => there[row] !== -1;
        const own = columnOf(scores, classes, label).filter(counts);
        return 100 * envelopePrecision(own, there.filter(counts));
      });
      const known = byClass.filter((value) => !Number.isNaN(value));
      const value = known.reduce((sum, each) => sum + each, 0) / known.length;
      yield {
        metric: 'map',
        value,
        n: test.rows,
        which: 'only',
        ranking: { scores, presence: truth },
        byClass: byClass.map((each, label) => ({ value: Number.isNaN(each) ? null : each, cost: chosen[label]! })),
      };
    } finally {
      tf.dispose([samples, questions]);
    }
  },
});

function presenceOf({ presence }: FeatureSet): Int8Array {
  if (!presence) throw new Error('One SVM per class needs the classes of each image.');
  return presence;
}

/**
 * Rows of length 1, and a 1 for the bias, which is then regularised like every weight: LinearSVC's intercept_scaling of
 * 1.
 */
function rowsOf({ rows, columns, values }: FeatureSet): Tensor2D {
  return tf.tidy(() => {
    const given = tf.tensor2d(values, [rows, columns]);
    const norm = tf.sqrt(tf.sum(given.square(), 1, true)).add(leastNorm);
    return tf.concat<Tensor2D>([given.div(norm), tf.ones([rows, 1])], 1);
  });
}

async function readAll(tensor: Tensor2D): Promise<Float32Array> {
  const values = await tensor.data<'float32'>();
  tensor.dispose();
  return values;
}

/** 1 if present; -1 if absent or marked difficult. */
function signsOf(presence: Int8Array): Float32Array {
  return Float32Array.from(presence, (there) => (there === 1 ? 1 : -1));
}

function columnOf(table: Int8Array | Float32Array, columns: number, column: number): readonly number[] {
  return Array.from({ length: table.length / columns }, (_, row) => table[row * columns + column]!);
}

/** Requires every fold to hold out an image of every class. */
function expectEnough(signs: Float32Array, classes: number, names: readonly string[] | undefined): void {
  for (let label = 0; label < classes; label++) {
    const shown = columnOf(signs, classes, label).filter((sign) => sign === 1).length;
    if (shown >= parts) continue;
    const name = names?.[label] === undefined ? `${label} (counted from 0)` : `"${names[label]}"`;
    throw new FaultError(
      'bad-argument',
      `The class ${name} appears in ${shown} training images; ${parts}-fold cross-validation of C needs ${parts}. Add images of it, or leave out its lists.`,
      { label, shown },
    );
  }
}

/** For every class, the C with the highest mean average precision over the held-out folds; the first of a tie. */
async function chooseCosts(
  samples: Tensor2D,
  presence: Int8Array,
  classes: number,
  progress: (fraction: number) => Promise<void>,
): Promise<number[]> {
  const rows = presence.length / classes;
  // One column per class and fold, without the fold's images.
  const columns = classes * parts;
  const all = signsOf(presence);
  const signs = new Float32Array(rows * columns);
  const held = Array.from({ length: classes }, (_, label) => {
    const own = columnOf(all, classes, label);
    const folds = stratifiedFolds(own, parts);
    own.forEach((sign, row) => {
      for (let part = 0; part < parts; part++)
        if (folds[row] !== part) signs[row * columns + label * parts + part] = sign;
    });
    return { isThere: own.map((sign) => (sign === 1 ? 1 : 0)), folds };
  });
  const given = tf.tensor2d(signs, [rows, columns]);
  const best = held.map((): { cost: number; precision: number } => ({
    cost: costs[0],
    precision: Number.NEGATIVE_INFINITY,
  }));
  let weights: Tensor2D | null = null;
  for (const [place, cost] of costs.entries()) {
    const next = solveSvms(samples, { signs: given, costs: new Array(columns).fill(cost), positiveWeight }, weights);
    weights?.dispose();
    weights = next;
    const scores = await readAll(tf.tidy(() => tf.matMul(samples, next)));
    held.forEach(({ isThere, folds }, label) => {
      const precisions = Array.from({ length: parts }, (_, part) => {
        const isOut = (_value: number, row: number): boolean => folds[row] === part;
        const own = columnOf(scores, columns, label * parts + part).filter(isOut);
        return averagePrecision(own, isThere.filter(isOut));
      });
      const precision = precisions.reduce((sum, each) => sum + each, 0) / parts;
      if (precision > best[label]!.precision) best[label] = { cost, precision };
    });
    await progress((place + 1) / (costs.length + 1));
  }
  given.dispose();
  weights?.dispose();
  return best.map(({ cost }) => cost);
}
