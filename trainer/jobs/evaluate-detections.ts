/** Counts what anyone's detector found in the pictures of a split. */
import { progressOf, type Ending, type JobContext, type JobOf } from '../channel/job.ts';
import { openData } from '../data/loading/open-data.ts';
import type { AnnotatedImage } from '../detection/objects.ts';
import { readCocoResults } from '../detection/results/coco-results.ts';
import type { DetectionStore } from '../detection/results/detection-store.ts';
import { readVocResults } from '../detection/results/voc-results.ts';
import { FaultError } from '../durable/fault-error.ts';
import { isFolder } from '../durable/files.ts';
import type { Pace } from '../detection/json-elements.ts';
import { measureDetections } from '../evaluation/measure-detections.ts';
import { annotated, categoriesOf, type Pictures } from '../evaluation/survey-pictures.ts';
import type { DetectionRules } from '../protocol/detections.ts';
import type { EvaluatedDetections } from '../protocol/results.ts';
import { pacedReading } from './paced-reading.ts';

const quietMs = 600_000;

async function read(
  file: string,
  data: Pictures,
  images: readonly AnnotatedImage[],
  pace: Pace,
): Promise<{ readonly store: DetectionStore; readonly missing: readonly string[] }> {
  const byId = new Map(images.map((image) => [image.id, image]));
  if (isFolder(file)) return readVocResults(file, new Set(byId.keys()), data.classes, pace);
  return { store: await readCocoResults(file, { images: byId, categories: categoriesOf(data) }, pace), missing: [] };
}

/** Null where they are counted, and where there are none. */
function whyMasksAreLeftOut(
  rules: DetectionRules,
  images: readonly AnnotatedImage[],
  store: DetectionStore,
): EvaluatedDetections['masksLeftOut'] {
  if (store.masks === 0) return null;
  if (rules !== 'coco') return 'rules';
  if (images.some(({ objects }) => objects.some(({ mask }) => mask === null))) return 'annotations';
  return store.masks < store.length ? 'detections' : null;
}

export async function run(
  { file, data: source, ...job }: JobOf<'evaluateDetections'>,
  context: JobContext,
): Promise<Ending> {
  const { port } = context;
  port.send({ type: 'phase', phase: 'loading', quietForMs: quietMs });
  const data = await openData(source);
  try {
    if (data.objects === undefined) {
      const text = `Detections are counted on boxes around objects, such as PASCAL VOC and COCO have; ${source.path} has none.`;
      throw new FaultError('wrong-folder', text, { path: source.path });
    }
    const images = await annotated(data as Pictures);
    const { store, missing } = await read(file, data as Pictures, images, pacedReading(context));
    const rules = job.rules ?? (source.dataset === 'voc' ? 'voc-2007' : 'coco');
    const masksLeftOut = whyMasksAreLeftOut(rules, images, store);
    port.send({ type: 'phase', phase: 'evaluating', quietForMs: quietMs });
    const progress = progressOf(context);
    const figures = await measureDetections({
      rules,
      images,
      classes: data.classes,
      masks: store.masks > 0 && masksLeftOut === null,
      categories: categoriesOf(data),
      folder: null,
      find: async (tell) => {
        for (const { image, detections } of store.byImage()) {
          tell(image, detections);
          await progress(0);
        }
      },
      progress,
    });
    const evaluated: EvaluatedDetections = {
      rules,
      images: images.length,
      imagesWithout: images.length - store.images,
      detections: store.length,
      masksLeftOut,
      missing: [...missing],
      classes: [...data.classes],
      figures: figures.map(({ metric, value, byClass, spread }) => ({ metric, value, byClass: [...byClass], spread })),
    };
    port.send({ type: 'result', outcome: { kind: 'evaluatedDetections', evaluated } });
    return { why: 'done', step: 0, safeStep: null };
  } finally {
    await data.close();
  }
}
