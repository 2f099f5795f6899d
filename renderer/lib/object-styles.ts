/** How an object of a class is drawn: the colours of the charts, and with each round of them another dash. */
export interface ObjectStyle {
  /** A colour of CSS. */
  readonly colour: string;
  /** In pixels of the screen, as SVG has it. */
  readonly dash: string | undefined;
}

const colours = 7;
const dashes = [undefined, '12 3', '12 3 3 3', '20 5'] as const;
/** Of a difficult object, whatever its class: shorter than any dash of a class. */
const difficultDash = '3 3';

/** @param label number of the class */
export function objectStyle(label: number, isDifficult = false): ObjectStyle {
  const round = Math.floor(label / colours) % dashes.length;
  return {
    colour: `var(--series-${(label % colours) + 1})`,
    dash: isDifficult ? difficultDash : dashes[round],
  };
}
