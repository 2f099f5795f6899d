/** Average precision: the area under the precision-recall curve. */

/** Equal scores count together, so the order of the images does not matter. */
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
 * Sum of the recall steps times the precision at each: scikit-learn's average_precision_score, 0 to 1. `isThere`: 1 or
 * 0 per image; NaN without positives.
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
