/** A plot of lines over two logarithmic axes, as SVG. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const [width, height, left, bottom, top, right] = [520, 320, 64, 44, 36, 110];
const colours = ['#4269d0', '#efb118', '#ff725c', '#3ca951', '#a463f2'];

/** Powers of ten with 1, 2 and 5 that lie in a range. */
function ticks(least: number, most: number): readonly number[] {
  const exponents = Array.from({ length: 24 }, (_, at) => at - 9);
  return exponents
    .flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent))
    .filter((value) => value >= least * 0.999 && value <= most * 1.001);
}

/** `xs` are the places to name on the x axis. */
export function svg({ title, x, y, lines }: Plot, xs: readonly number[]): string {
  const values = lines.flatMap(({ points }) => points.map((point) => point[1]));
  const [least, most] = [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const across = (value: number) => left + ((width - left - right) * Math.log(value / first)) / Math.log(last / first);
  const up = (value: number) =>
    height - bottom - ((height - bottom - top) * Math.log(value / least)) / Math.log(most / least);
  const at = (value: number) => value.toFixed(1);
  const text = (place: readonly [number, number], anchor: string, what: string) =>
    `<text x="${at(place[0])}" y="${at(place[1])}" text-anchor="${anchor}">${what}</text>`;
  const parts = [
    `<text x="${left}" y="20" font-weight="bold">${title}</text>`,
    ...xs.map((value) => text([across(value), height - bottom + 18], 'middle', String(value))),
    text([(left + width - right) / 2, height - 8], 'middle', x),
    ...ticks(least, most).flatMap((value) => [
      `<line x1="${left}" x2="${width - right}" y1="${at(up(value))}" y2="${at(up(value))}" stroke="#ddd"/>`,
      text([left - 6, up(value) + 4], 'end', String(Number(value.toPrecision(3)))),
    ]),
    `<text transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${y}</text>`,
    ...lines.flatMap(({ name, points }, place) => {
      const colour = colours[place % colours.length]!;
      const path = points.map(([px, py]) => `${at(across(px))},${at(up(py))}`).join(' ');
      const [endX, endY] = points.at(-1)!;
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        `<text x="${at(across(endX) + 6)}" y="${at(up(endY) + 4)}" fill="${colour}">${name}</text>`,
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
${parts.join('\n')}
</svg>
`;
}
