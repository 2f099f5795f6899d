/** Objects of a picture by its annotation file of PASCAL VOC. */
import type { ObjectProblemKind } from '../../protocol/objects.ts';
import { boxArea, type Box } from '../boxes.ts';
import type { AnnotatedImage, AnnotatedObject } from '../objects.ts';
import { judgedBox, type Size } from './problems.ts';
import { edgesOf, readVocXml } from './voc-xml.ts';

/** Hears what is noticed. */
export interface Heard {
  problem(kind: ObjectProblemKind): void;
  /** The corners of a box as they are in the file. */
  corners(numbers: Box, size: Size): void;
}

/** @throws UnusableImage */
export function vocObjects(
  xml: Uint8Array,
  classes: readonly string[],
  heard: Heard,
): Pick<AnnotatedImage, 'width' | 'height' | 'objects'> {
  const { width, height, objects } = readVocXml(xml);
  const size = { width, height };
  return {
    ...size,
    objects: objects.flatMap(({ name, corners, difficult }): AnnotatedObject[] => {
      heard.corners(corners, size);
      const label = classes.indexOf(name);
      if (label < 0) heard.problem('unknown-class');
      const box = label < 0 ? null : judgedBox(edgesOf(corners), size, heard.problem);
      return box === null ? [] : [{ class: label, box, area: boxArea(box), crowd: false, difficult, mask: null }];
    }),
  };
}
