/** Says where images have another number of patches than the position embeddings of a vision transformer. */
import type { ResolvedSubject } from '../protocol/commands.ts';
import type { Choice } from '../protocol/options.ts';
import type { EvaluateConfig } from '../protocol/run.ts';

/** The encoder under evaluation; null for raw pixels. */
function choiceOf({ subject, config }: ResolvedSubject): Choice | null {
  if ('encoder' in subject) return subject.encoder;
  if (subject.kind !== 'run' || config?.kind !== 'pretrain') return null;
  return config.encoders[subject.branch] ?? config.encoders[0];
}

interface Resized {
  readonly text: string;
  readonly values: { readonly from: string; readonly to: string };
}

/** Null where the positions are used as they are. */
export function resizedPositionsNote(
  resolved: ResolvedSubject,
  { preprocessing }: Pick<EvaluateConfig, 'preprocessing'>,
): Resized | null {
  const { patch, imageSize } = choiceOf(resolved)?.options ?? {};
  if (typeof patch !== 'number' || typeof imageSize !== 'number') return null;
  const [from, to] = [imageSize, preprocessing.crop].map((size) => Math.floor(size / patch));
  if (from === to) return null;
  const values = { from: `${from} × ${from}`, to: `${to} × ${to}` };
  return { values, text: `Position embeddings are resized bicubically from ${values.from} to ${values.to} patches.` };
}
