/** What a run does about losses and gradients that are not finite, beyond not taking such steps. */
import * as v from 'valibot';

/**
 * How it goes on after it went back to a checkpoint: past the batches in between, and with what else.
 *
 * skip: nothing else. lower-rate: half the learning rate from there on, a quarter after the second time. clip: gradients
 * whose L2 norm, over all weights together, is above `norm` are scaled to it from there on.
 */
export const WhenNotFinite = v.variant('policy', [
  v.strictObject({ policy: v.literal('skip') }),
  v.strictObject({ policy: v.literal('lower-rate') }),
  v.strictObject({
    policy: v.literal('clip'),
    /** `grad_norm_clip` of google-research/vision_transformer 0f6b288, vit_jax/configs/common.py. */
    norm: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1),
  }),
]);
export type WhenNotFinite = v.InferOutput<typeof WhenNotFinite>;

/** What a configuration says; one of before there was a choice skips. */
export const whenNotFiniteOf = ({
  whenNotFinite = { policy: 'skip' },
}: {
  readonly whenNotFinite?: WhenNotFinite | undefined;
}): WhenNotFinite => whenNotFinite;

/** What a person chose each time the run had paused because going back did not help, in a file of the run's folder. */
export const notFiniteChoicesFile = 'when-not-finite.json';
export const NotFiniteChoices = v.array(WhenNotFinite);
export type NotFiniteChoices = v.InferOutput<typeof NotFiniteChoices>;

/** Codes of the notices about it in a run's log. */
export const rolledBackCodes = {
  skip: 'rolled-back',
  'lower-rate': 'rolled-back-lower-rate',
  clip: 'rolled-back-clip',
} as const satisfies Record<WhenNotFinite['policy'], string>;
export const chosenCodes = {
  skip: 'chosen-skip',
  'lower-rate': 'chosen-lower-rate',
  clip: 'chosen-clip',
} as const satisfies Record<WhenNotFinite['policy'], string>;
/** Those of a training that was not what its configuration says from there on. */
export const otherCourseCodes: readonly string[] = [
  ...Object.values(rolledBackCodes),
  chosenCodes['lower-rate'],
  chosenCodes.clip,
];
