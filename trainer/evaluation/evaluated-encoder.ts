/** The encoder under evaluation: takes images and returns one row of features per image. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { canonicalJson } from '../durable/canonical-json.ts';
import { normalizedLevels } from '../data/pixels/normalize.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostInput, HostTensor } from '../host-batch.ts';
import type { ResolvedSubject } from '../protocol/commands.ts';
import type { Choice } from '../protocol/options.ts';
import { encoderPath, type Layer, type PretrainConfig } from '../protocol/run.ts';
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { sha256 } from '../durable/files.ts';
import { cornerAveragePool } from '../nn/ops/pool.ts';
import type { Builder, Encoder, Stages } from '../recipe.ts';
import { encoders } from '../registry.ts';

export interface EvaluatedEncoder {
  /** Cache key of the features: equal for equal weights, architecture and layer. */
  readonly key: string;
  encode(images: HostInput): Promise<HostTensor>;
}

export function buildEncoder(builder: Builder, choice: Choice, channels: number): Encoder {
  const recipe = encoders.get(choice.id);
  return recipe.build(builder, v.parse(recipe.options, choice.options), { channels });
}

function classTokensOf({ classTokens }: Stages): readonly Tensor[] {
  if (classTokens !== undefined) return classTokens();
  throw new FaultError(
    'bad-argument',
    'Class tokens belong to a vision transformer, and this encoder is a residual network: choose the layer "pooled".',
  );
}

const representations: Readonly<Record<Layer, (stages: Stages) => Tensor>> = {
  pooled: ({ pooled }) => pooled,
  'res5-2x2': ({ res5 }) => cornerAveragePool(res5),
  'class-4': (stages) => tf.concat([...classTokensOf(stages)], 1),
  'class-patches': (stages) => tf.concat([classTokensOf(stages).at(-1)!, tf.mean(stages.res5, [1, 2])], 1),
};

/** The representation of an encoder in evaluation mode: running statistics, nothing updated. */
export function encodeWith(engine: Engine, encoder: Encoder, layer: Layer = 'pooled'): EvaluatedEncoder['encode'] {
  return engine.infer((images, at) => representations[layer](encoder.forward(images, at)));
}

/** Reads the encoder's part of a checkpoint and returns its identity. */
async function load(engine: Engine, encoder: Encoder, folder: string): Promise<string> {
  const loaded = await readCheckpoint(folder);
  const table = new Map(loaded.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const hashes = engine.entries([encoder]).map((entry) => {
    const tensor = table.get(entry.name);
    if (!tensor || tensor.shape.join() !== entry.shape.join()) {
      throw new FaultError(
        'config-mismatch',
        `The checkpoint ${folder} has no ${entry.name} of shape [${entry.shape.join(', ')}]: it belongs to another encoder.`,
        { folder, tensor: entry.name },
      );
    }
    entry.write(loaded.tensors.get(entry.name)!);
    return [entry.name, tensor.sha256];
  });
  return sha256(canonicalJson(hashes));
}

function pretrainConfig({ subject, config }: ResolvedSubject): PretrainConfig {
  if (config?.kind === 'pretrain') return config;
  const run = subject.kind === 'run' ? subject.run : subject.kind;
  throw new FaultError('subject-missing', `The run ${run} to evaluate is not a pretraining run of this workspace.`, {
    run,
  });
}

interface EncoderOptions {
  /** Uses the initial weights of an encoder that is not trained yet, for timing. */
  readonly initialWhereMissing?: boolean;
}

export interface OpenEncoder {
  /** Equal for equal weights and architecture. */
  readonly key: string;
  readonly encoder: Encoder;
}

/** The encoder under evaluation, with its weights; null for raw pixels. */
export async function openEncoder(
  engine: Engine,
  resolved: ResolvedSubject,
  channels: number,
  { initialWhereMissing = false }: EncoderOptions = {},
): Promise<OpenEncoder | null> {
  const { subject } = resolved;
  if (subject.kind === 'pixels') return null;
  if (subject.kind === 'random') {
    const encoder = buildEncoder(engine.builder(subject.seed).at('encoder'), subject.encoder, channels);
    return { key: `random ${subject.seed} ${canonicalJson(subject.encoder)}`, encoder };
  }
  if (subject.kind === 'weights') {
    const encoder = buildEncoder(engine.builder(0).at(encoderPath(1, 0)), subject.encoder, channels);
    const folder = resolved.checkpointFolder;
    if (folder === null)
      throw new FaultError('subject-missing', `The weights "${subject.name}" are not in this workspace.`);
    const weights = await load(engine, encoder, folder);
    return { key: `weights ${weights} ${canonicalJson(subject.encoder)}`, encoder };
  }
  const config = pretrainConfig(resolved);
  const choice = config.encoders[subject.branch] ?? config.encoders[0];
  const path = encoderPath(config.encoders.length, subject.branch);
  const encoder = buildEncoder(engine.builder(config.seed).at(path), choice, channels);
  const folder = resolved.checkpointFolder;
  if (folder === null && !initialWhereMissing) {
    throw new FaultError('subject-missing', `The run ${subject.run} has no checkpoint to evaluate yet.`, {
      run: subject.run,
    });
  }
  const weights = folder === null ? 'initial' : await load(engine, encoder, folder);
  return { key: `run ${weights} ${canonicalJson(choice)}`, encoder };
}

export async function openEvaluatedEncoder(
  engine: Engine,
  resolved: ResolvedSubject,
  channels: number,
  { layer = 'pooled', ...options }: EncoderOptions & { readonly layer?: Layer } = {},
): Promise<EvaluatedEncoder> {
  const opened = await openEncoder(engine, resolved, channels, options);
  if (opened) return { key: `${opened.key} ${layer}`, encode: encodeWith(engine, opened.encoder, layer) };
  if (layer !== 'pooled')
    throw new FaultError(
      'bad-argument',
      `The layer ${layer} belongs to an encoder, but raw pixels have none: choose "pooled".`,
      {
        layer,
      },
    );
  return {
    key: 'pixels',
    encode(images) {
      const [rows, ...sides] = images.shape as [number, ...number[]];
      const values = 'normalization' in images ? normalizedLevels(images.values, images.normalization) : images.values;
      return Promise.resolve({ shape: [rows, sides.reduce((a, b) => a * b, 1)], values });
    },
  };
}
