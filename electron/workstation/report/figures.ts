/** The pictures: every figure with its interval beside the paper's, then the curves of the training. */
import { curveFigures, intervalPlot } from './charts.ts';
import type { Block, Section } from './document.ts';
import type { Words } from './locales/en.ts';
import type { ReportModel } from './model.ts';

export function figures(model: ReportModel, words: Words): Section | null {
  const rows = model.comparison.rows.filter(
    ({ isSecondary, unit, ours, paper, earlier }) =>
      !isSecondary && unit !== 'number' && (ours !== null || paper !== null || earlier !== null),
  );
  const curves = curveFigures(model, words);
  if (rows.length === 0 && curves.length === 0) return null;
  const plot: readonly Block[] =
    rows.length === 0
      ? []
      : [{ kind: 'figure', svg: intervalPlot(rows, words, model.comparison.palette), caption: words.curves.plot }];
  const training: readonly Block[] =
    curves.length === 0
      ? []
      : [
          { kind: 'heading', text: words.curves.title },
          ...curves.map(({ svg, caption }) => ({ kind: 'figure' as const, svg, caption, small: true })),
          { kind: 'paragraph', text: words.curves.note, quiet: true },
        ];
  return { id: 'curves', title: words.sections.curves, blocks: [...plot, ...training] };
}
