/** What asks before a run goes on with other last bits, on a processor and on a GPU. */
import { expect, test } from 'vitest';
import { faultOf } from '../durable/fault-of.ts';
import { arithmeticOf, type EngineFacts } from '../engine/binding/engine-facts.ts';
import { arithmeticChanges } from './arithmetic-changes.ts';

const onCpu: EngineFacts = {
  device: 'cpu',
  threads: 2,
  instructionSet: 'AVX2',
  versions: { tensorflow: '2.21.0', arithmetic: '6', node: '22' },
  card: null,
};
const onGpu: EngineFacts = {
  ...onCpu,
  device: 'gpu:0',
  versions: { ...onCpu.versions, gpu: 'NVIDIA H100, 9.0', driver: '580.65.06', cuda: '12.5', cudnn: '9.3.0' },
};
const savedBy = (facts: EngineFacts) => ({ step: 7, ...arithmeticOf(facts) });
const withVersions = (changed: Record<string, string>): EngineFacts => ({
  ...onGpu,
  versions: { ...onGpu.versions, ...changed },
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

test.each([onCpu, onGpu])('the same machine goes on without a word', (facts) => {
  expect(arithmeticChanges(savedBy(facts), facts, false)).toEqual([]);
});

test.each([
  ['gpu', 'NVIDIA A100-SXM4-80GB, 8.0'],
  ['cudnn', '9.28.0'],
  ['cuda', '12.9'],
  ['tensorflow', '2.22.0'],
  ['arithmetic', '7'],
])('another %s asks; once accepted, it is said', (what, value) => {
  const now = withVersions({ [what]: value });
  const values = { what, before: onGpu.versions[what], now: value };
  expect(faultOf(thrownBy(() => arithmeticChanges(savedBy(onGpu), now, false)))).toMatchObject({
    code: 'other-arithmetic',
    values,
    retry: 'resume',
  });
  expect(arithmeticChanges(savedBy(onGpu), now, true)).toEqual([['other-arithmetic', expect.any(String), values]]);
});

test('another instruction set asks, another driver or Node does not', () => {
  expect(() => arithmeticChanges(savedBy(onCpu), { ...onCpu, instructionSet: 'SSE41' }, false)).toThrow('SSE41');
  expect(arithmeticChanges(savedBy(onGpu), withVersions({ driver: '590.1', node: '24' }), false)).toEqual([]);
});
