/** The detector of imported weights: in place of a new one, to be measured as it is or trained on. */
import { readCheckpoint } from '../checkpoints/read-checkpoint.ts';
import { FaultError } from '../durable/fault-error.ts';
import { inEnglish, quoted, said, type Sentence } from '../protocol/sentence.ts';
import { detectorPath } from '../protocol/run.ts';
import type { DetectionTraining } from '../recipe.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

function refuse(reason: Sentence): never {
  throw new FaultError('config-mismatch', `${inEnglish(reason)}.`, {}, { reason });
}

/** The folder of weights with a detector like the evaluator's, for the classes of the data. */
function folderOf({ subject: { subject, checkpointFolder }, recipe, classes, truth }: EvaluationScope): string {
  if (subject.kind !== 'weights' || checkpointFolder === null)
    return refuse(said`only imported weights can have a detector, and this is another encoder: start from the encoder`);
  const { name, detector } = subject;
  if (detector === undefined)
    return refuse(said`the file of "${quoted(name)}" has no detector like those here: start from the encoder`);
  if (detector.evaluator !== recipe.id)
    return refuse(said`the detector of "${quoted(name)}" is of another kind than the one that is evaluated here`);
  if (detector.classes !== classes)
    return refuse(
      said`the detector of "${quoted(name)}" finds ${detector.classes} classes, and the data has ${classes} (${truth.test.names.slice(0, 5)}, …): it can be measured on data with the same classes in the same order, or start from the encoder`,
    );
  return checkpointFolder;
}

/**
 * Writes the imported detector's values into the one that was built.
 * @throws FaultError 'config-mismatch' with what is missing, or has another shape
 */
export async function takeImportedDetector(scope: EvaluationScope, { detector }: DetectionTraining): Promise<void> {
  const { engine, recipe, context, truth, classes } = scope;
  const { manifest, tensors } = await readCheckpoint(folderOf(scope));
  const shapes = new Map(manifest.tensors.map(({ name, shape }) => [name, shape]));
  const own = `${recipe.id}/`;
  for (const entry of engine.entries([detector])) {
    if (!entry.name.startsWith(own)) continue;
    const name = entry.name.slice(own.length);
    const stored = `${detectorPath}/${name}`;
    const shape = shapes.get(stored);
    if (shape?.join() !== entry.shape.join())
      refuse(
        said`${name} has the shape ${quoted(`[${entry.shape.join(', ')}]`)} by the options of this evaluation, and in the imported detector ${quoted(shape === undefined ? '–' : `[${shape.join(', ')}]`)}`,
      );
    entry.write(tensors.get(stored)!);
  }
  const values = { classes, names: truth.test.names.join(', ') };
  const text = `The ${classes} classes of the imported detector are those of the data, in the order of its ids: ${values.names}.`;
  context.port.log('info', 'detector-classes', text, values);
}
