/**
 * Step rate and memory by batch and expander width, every cell in a separate process; a table and two plots in
 * `bench/results`, with the bends of the rate and the time by operation there.
 *
 *   npm run bench -- scale [steps a cell]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { openEngine } from '../trainer/engine/steps/open.ts';
import type { Timing } from '../trainer/engine/binding/timings.ts';
import { median } from '../trainer/training/pace.ts';
import { measureProcessorShare } from '../trainer/jobs/processor-share.ts';
import { Execution } from '../trainer/protocol/run.ts';
import { svg } from './shared/plot.ts';
import { noisePairs, stepperOf, type StepShape } from '../trainer/jobs/step-timing.ts';

const batches = [16, 64, 256, 1024, 2048];
const widths = [256, 1024, 4096, 8192];
const threads = availableParallelism();

interface Cell {
  readonly batch: number;
  readonly width: number;
  readonly milliseconds: number;
  readonly peakBytes: number;
  /** Fractions of processor time, by kind of operation. */
  readonly shares: Readonly<Record<keyof typeof kinds | 'rest', number>>;
}

const kinds = {
  convolutions: /Conv2D|BatchNorm|Relu/,
  'matrix products': /MatMul/,
} as const;

const shapeOf = (batch: number, width: number): StepShape => ({
  // A narrow network, so that the largest batch takes seconds.
  encoder: 'resnet-18',
  stem: 'small',
  width: 16,
  size: 32,
  batch,
  expander: [width, width, width],
});

function sharesOf(timings: readonly Timing[]): Cell['shares'] {
  const total = timings.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const of = (kind: RegExp) =>
    timings.filter((one) => kind.test(one.kind)).reduce((sum, { microseconds }) => sum + microseconds, 0) / total;
  const convolutions = of(kinds.convolutions);
  const products = of(kinds['matrix products']);
  return { convolutions, 'matrix products': products, rest: 1 - convolutions - products };
}

/** Runs one cell in this process; prints a line of JSON. */
async function beCell(batch: number, width: number, steps: number): Promise<void> {
  const shape = shapeOf(batch, width);
  const stepper = stepperOf(await openEngine(v.parse(Execution, { threads })), shape);
  const data = noisePairs(shape);
  const times: number[] = [];
  for (let step = 0; step <= steps; step++) {
    const began = performance.now();
    await stepper.run(data, { step, lr: 0.1 }, { metrics: false });
    // The first one traces.
    if (step > 0) times.push(performance.now() - began);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const timings = await stepper.profile!(data, { step: steps + 1, lr: 0.1 });
  const cell: Cell = { batch, width, milliseconds: median(times), peakBytes, shares: sharesOf(timings) };
  console.log(JSON.stringify(cell));
}

const rate = ({ batch, milliseconds }: Cell): number => (2 * batch * 1000) / milliseconds;
const gibibytes = ({ peakBytes }: Cell): string => (peakBytes / 2 ** 30).toFixed(2);

function table(cells: readonly Cell[], what: string, show: (cell: Cell) => string): string {
  const cellAt = (batch: number, width: number) => cells.find((one) => one.batch === batch && one.width === width)!;
  const rows = batches.map((batch) => [String(batch), ...widths.map((width) => show(cellAt(batch, width)))]);
  const lines = [[what, ...widths.map(String)], ['---', ...widths.map(() => '---:')], ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Bends of the rate along each axis, and the time by operation on both sides. */
function bends(cells: readonly Cell[]): string {
  const shares = ({ shares: of }: Cell) =>
    Object.entries(of)
      .map(([name, share]) => `${name} ${(100 * share).toFixed(0)} %`)
      .join(', ');
  const alongWidth = batches.map((batch) => {
    const row = cells.filter((one) => one.batch === batch);
    const bend = row.find((cell) => rate(cell) < rate(row[0]!) / 2);
    const what = bend ? `below half at ${bend.width} (${shares(bend)})` : 'never below half';
    return `- Batch ${batch}: with wider expanders the rate is ${what}; at ${row[0]!.width}: ${shares(row[0]!)}.`;
  });
  const alongBatch = widths.map((width) => {
    const column = cells.filter((one) => one.width === width);
    const best = Math.max(...column.map(rate));
    const full = column.find((cell) => rate(cell) >= 0.9 * best)!;
    const small = column[0]!;
    return (
      `- Expander ${width}: nine tenths of the best rate from a batch of ${full.batch} on (${shares(full)}); ` +
      `at ${small.batch} it is ${((100 * rate(small)) / best).toFixed(0)} % (${shares(small)}).`
    );
  });
  return [...alongWidth, '', ...alongBatch].join('\n');
}

function measure(steps: number): void {
  const cells: Cell[] = [];
  for (const width of widths)
    for (const batch of batches) {
      process.stderr.write(`batch ${batch}, expander ${width}\n`);
      const words = [process.argv[1]!, 'cell', String(batch), String(width), String(steps)];
      cells.push(JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Cell);
    }
  const share = (100 * measureProcessorShare(1000)).toFixed(0);
  const text = [
    '# Step rate and memory against batch and expander',
    `ResNet-18 with 16 channels after the stem, images of 32 px, three layers in the expander, LARS, float32, traced; ` +
      `${steps} steps a cell. \`npm run bench -- scale\` on ${cpus()[0]!.model}, ${threads} threads; a busy thread got ` +
      `${share} % of a core.`,
    'Images a second (both views counted) by batch (rows) and width of the expander (columns):',
    table(cells, 'batch', (cell) => rate(cell).toFixed(0)),
    '![Images a second](scale-rate.svg)',
    'Peak memory in GiB:',
    table(cells, 'batch', gibibytes),
    '![Peak memory](scale-memory.svg)',
    'Where it bends, and what the time of the operations goes to there:',
    bends(cells),
  ].join('\n\n');
  const folder = join('bench', 'results');
  mkdirSync(folder, { recursive: true });
  const lines = (show: (cell: Cell) => number) =>
    widths.map((width) => ({
      name: `expander ${width}`,
      points: cells.filter((one) => one.width === width).map((cell) => [cell.batch, show(cell)] as const),
    }));
  const plot = (title: string, y: string, show: (cell: Cell) => number) =>
    svg({ title, x: 'batch (pairs of views)', y, lines: lines(show) }, batches);
  writeFileSync(join(folder, 'scale.md'), `${text}\n`);
  writeFileSync(join(folder, 'scale-rate.svg'), plot('Images a second', 'images/s', rate));
  writeFileSync(
    join(folder, 'scale-memory.svg'),
    plot('Peak memory', 'GiB', (cell) => cell.peakBytes / 2 ** 30),
  );
  console.log(text);
}

const [first = '3', ...rest] = process.argv.slice(2);
if (first === 'cell') await beCell(...(rest.map(Number) as [number, number, number]));
else measure(Number(first));
