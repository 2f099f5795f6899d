/** How well scores rank what is there above what is not: the area under precision against recall. */

/** Of equal scores all count at once, so the order of the images does not matter. */
function points(scores: ArrayLike<number>, isThere: ArrayLike<number>): { recall: number[]; precision: number[] } {
  const order = Int32Array.from(scores, (_, index) => index).sort((one, other) => scores[other]! - scores[one]!);
  const positives = order.reduce((sum, index) => sum + (isThere[index] === 1 ? 1 : 0), 0);
  const recall: number[] = [];
  const precision: number[] = [];
  let found = 0;
  order.forEach((index, place) => {
    if (isThere[index] === 1) found++;
    const next = order[place + 1];
    if (next !== undefined && scores[next] === scores[index]) return;
    recall.push(found / positives);
    precision.push(found / (place + 1));
  });
  return { recall, precision };
}

function area({ recall, precision }: ReturnType<typeof points>): number {
  return recall.reduce((sum, now, place) => sum + (now - (recall[place - 1] ?? 0)) * precision[place]!, 0);
}

/**
 * Every step of recall at the precision there: scikit-learn's average_precision_score. `isThere`: 1 or 0 an image. 0 to 1; NaN
 * where nothing is there.
 */
export function averagePrecision(scores: ArrayLike<number>, isThere: ArrayLike<number>): number {
  return area(points(scores, isThere));
}

/** The same with the highest precision at that recall or beyond: PASCAL VOC's measure since 2010, and VISSL's. */
export function envelopePrecision(scores: ArrayLike<number>, isThere: ArrayLike<number>): number {
  const { recall, precision } = points(scores, isThere);
  for (let place = precision.length - 2; place >= 0; place--)
    precision[place] = Math.max(precision[place]!, precision[place + 1]!);
  return area({ recall, precision });
}
