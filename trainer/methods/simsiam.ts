/**
 * SimSiam, Chen and He, CVPR 2021, algorithm 1.
 *
 *     z: projections of two views, p: their predictions, sg: as if it were a constant
 *     loss = -(mean cos(p, sg z') + mean cos(p', sg z)) / 2
 *
 * The predictor's learning rate is constant. Without predictor and batch norm it collapses, which VICReg's variance term
 * prevents (VICReg, Table 4).
 */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { directionSpread, similarity } from '../nn/ops/unit-rows.ts';
import { mlp } from '../nn/layers/mlp.ts';
import { widths } from '../nn/ssl/option-schemas.ts';
import { effectiveRank } from '../nn/ops/effective-rank.ts';
import { stopGradient } from '../nn/ops/stop-gradient.ts';
import { regularized, regularizerOptions } from '../nn/ssl/variance-covariance.ts';
import { defineMethod } from '../recipe.ts';

const options = v.object({
  projector: v.optional(widths, [2048, 2048, 2048]),
  /** Hidden widths; the output has the projector's output width. */
  predictor: v.optional(widths, [512]),
  /** Without a predictor, each projection is its own prediction. */
  hasPredictor: v.optional(v.boolean(), true),
  /** Batch norm in projector and predictor. */
  batchNorm: v.optional(v.boolean(), true),
  ...regularizerOptions,
});

export const method = defineMethod({
  id: 'simsiam',
  title: 'SimSiam',
  paper: { id: 'vicreg', section: 'Tables 1, 2 and 4' },
  options,
  branches: 1,
  views: 2,
  labels: false,
  build([encoder], given, builder, { batch }) {
    const { batchNorm } = given;
    const projector = mlp(builder.at('projector'), encoder.outputs, given.projector, {
      batchNorm,
      hiddenBias: false,
      outputNorm: batchNorm ? 'nothing' : undefined,
    });
    const predictor = given.hasPredictor
      ? mlp(builder.at('predictor'), projector.outputs, [...given.predictor, projector.outputs], {
          batchNorm,
          hiddenBias: false,
          outputBias: true,
        })
      : null;
    return {
      trainable: [encoder, projector, ...(predictor ? [{ ...predictor, constantRate: true as const }] : [])],
      embed({ views: [first, second] }, at) {
        const [x, y] = [first!, second!].map((images) => projector.apply(encoder.forward(images, at).pooled, at)) as [
          Tensor,
          Tensor,
        ];
        const predicted = predictor
          ? { predictedX: predictor.apply(x, at), predictedY: predictor.apply(y, at) }
          : undefined;
        return { x, y, ...predicted };
      },
      loss({ x, y, predictedX = x, predictedY = y }) {
        const [forX, forY] = [similarity(predictedX!, stopGradient(y!)), similarity(predictedY!, stopGradient(x!))];
        const loss = tf.mul<Scalar>(tf.add(forX, forY), -0.5);
        return regularized({ loss, metrics: directionSpread(x!, y!) }, [x!, y!], batch, given);
      },
      monitor: ({ x }) => ({ effectiveRank: effectiveRank(x!) }),
    };
  },
});
