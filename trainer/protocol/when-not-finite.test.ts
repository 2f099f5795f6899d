/** How a configuration says what is done about losses that are not finite, and what one of before the choice does. */
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { configHash } from '../checkpoints/config-hash.ts';
import { tinyPretraining } from '../testing/killing.ts';
import { RunConfig } from './run.ts';
import { WhenNotFinite, whenNotFiniteOf } from './when-not-finite.ts';

test('skip, a lower rate and a norm to clip to, which is 1 unless it is given', () => {
  const parsed = (given: unknown) => v.parse(WhenNotFinite, given);
  expect(parsed({ policy: 'skip' })).toEqual({ policy: 'skip' });
  expect(parsed({ policy: 'lower-rate' })).toEqual({ policy: 'lower-rate' });
  expect(parsed({ policy: 'clip' })).toEqual({ policy: 'clip', norm: 1 });
  for (const refused of [{}, { policy: 'hope' }, { policy: 'skip', norm: 1 }, { policy: 'clip', norm: 0 }])
    expect(v.is(WhenNotFinite, refused), JSON.stringify(refused)).toBe(false);
});

test('a configuration of before the choice stays as it is, and skips', () => {
  const config = tinyPretraining('data');
  const parsed = v.parse(RunConfig, JSON.parse(JSON.stringify(config)));
  expect('whenNotFinite' in parsed).toBe(false);
  expect(configHash(parsed)).toBe(configHash(config));
  expect(whenNotFiniteOf(parsed)).toEqual({ policy: 'skip' });
});
