/**
 * How long the SVM of VOC07 takes: noise of the size of VOC07's features, 5011 training and 4952 test images, 20
 * classes, all values of C by cross-validation.
 *
 *   npm run bench -- svm [columns]
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../trainer/engine/steps/open.ts';
import { evaluator } from '../trainer/evaluators/voc-svm.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import type { FeatureSet } from '../trainer/recipe.ts';

const columns = Number(process.argv[2] ?? '2048');
const classes = 20;
const threads = availableParallelism();
await openEngine(v.parse(Execution, { engine: 'traced', threads }));

/** Rows that partly predict their classes, one image in thirteen of each. */
function images(name: string, rows: number): FeatureSet {
  const values = new Float32Array(rows * columns);
  keyed(1, name).fillNormal(values);
  const drawn = new Float32Array(rows * classes);
  keyed(1, name, 'presence').fillUniform(drawn);
  const presence = Int8Array.from(drawn, (value) => (value < 1 / 13 ? 1 : 0));
  const centres = new Float32Array(classes * columns);
  keyed(1, 'centres').fillNormal(centres);
  presence.forEach((there, at) => {
    const [row, label] = [Math.floor(at / classes), at % classes];
    if (there === 1)
      for (let column = 0; column < columns; column++)
        values[row * columns + column] = values[row * columns + column]! + 0.15 * centres[label * columns + column]!;
  });
  return { rows, columns, values, labels: new Int32Array(rows).fill(-1), presence };
}

const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
const progress = (fraction: number): Promise<void> => {
  console.log(`${(100 * fraction).toFixed(0)} %  ${seconds()}`);
  return Promise.resolve();
};
for await (const { value } of evaluator.measure(
  { train: images('train', 5011), test: images('test', 4952), classes, progress },
  {},
))
  console.log(`${columns} columns, ${threads} threads: ${seconds()}, mAP ${value.toFixed(2)}`);
