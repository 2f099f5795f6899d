/**
 * The picture of a report as a separate file, for a paper: an SVG with literal colours, since many programs do not
 * support variables.
 */
import type { Document } from './document.ts';
import { light, seriesLooks, shapes } from './style.ts';

/** Null if the report has no picture. */
export function renderFigure({ sections }: Document): string | null {
  const svg = sections
    .flatMap(({ blocks }) => blocks)
    .flatMap((block) => (block.kind === 'figure' && block.small !== true ? [block.svg] : []))
    .at(0);
  return svg === undefined
    ? null
    : `${svg.replace('>', `><style>text{font-family:sans-serif}${rules().join('')}</style>`)}\n`;
}

/** CSS rules of the page's shapes, one per series if they depend on it. */
function rules(): readonly string[] {
  const known = Object.entries(light);
  const fill = (rule: string, variables: readonly (readonly [string, string])[]): string =>
    variables.reduce((text, [name, value]) => text.replaceAll(`var(--${name})`, value), rule);
  return shapes.flatMap(([selector, rule]) =>
    rule.includes('var(--c')
      ? seriesLooks.map(([colour, dashes], at) => {
          const own = [
            ['c', light[colour]],
            ['d', dashes ?? 'none'],
          ] as const;
          return `.series-${at + 1}${selector}{${fill(rule, own)}}`;
        })
      : [`${selector}{${fill(rule, known)}}`],
  );
}
