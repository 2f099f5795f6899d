/** A preset as the configuration of a training on ImageNet, for comparison with ours. */
import * as v from 'valibot';
import { setPath } from '../../../trainer/protocol/paths.ts';
import type { Preset } from '../../../trainer/protocol/preset.ts';
import { PretrainConfig } from '../../../trainer/protocol/run.ts';

/** What a preset is silent about, as a new run has it where nobody says otherwise. */
const silent = {
  version: 1,
  kind: 'pretrain',
  seed: 0,
  execution: { threads: 1 },
  data: { dataset: 'imagenet', path: '$imagenet', split: 'train' },
};

/** @throws Error where the values give no complete configuration */
export function presetConfig({ id, method, values }: Preset): PretrainConfig {
  const config: Record<string, unknown> = { ...structuredClone(silent), title: id, method: { id: method } };
  for (const { path, value } of values) {
    const problem = setPath(config, path.split('.'), structuredClone(value));
    if (problem !== null) throw new Error(`Preset "${id}": ${problem}`);
  }
  return v.parse(PretrainConfig, config);
}

/** As nobody says anything: of no method in particular. */
export const usualConfig = presetConfig({
  id: 'usual',
  method: '',
  title: '',
  summary: { en: '', zh: '' },
  values: Object.entries({
    encoders: [{ id: '' }],
    views: [{ size: 224, cropArea: [0.08, 1] }],
    normalization: { mean: [0], std: [1] },
    optimizer: { id: '' },
    schedule: { id: '' },
    batch: 2,
    epochs: 1,
  }).map(([path, value]) => ({ path, value, source: '' })),
});
