/**
 * Do intervals cover and do claims hold as often as they say? Draws experiments whose truth is known, with the spreads that real
 * seeds had here (bench/results/README.md), and judges each by the functions that judge runs, beside two other rules: z at any
 * number of seeds, as Aim takes, and a bootstrap over images alone.
 *
 *   npm run bench -- coverage [experiments]
 *
 * Exits with 1 if an interval over seeds contains the truth in fewer than 94 % of the experiments, or a claim holds falsely in more
 * than 5 %, by more than their number explains.
 *
 * Of an image three things can be: every seed gets it right, none does, or it is a toss-up, and a seed's own quality moves its
 * toss-ups. Of two encoders that are equally good, each is right for some images where the other never is, or for none: both are
 * drawn.
 */
import process from 'node:process';
import { betterTest, decide, type ClaimTest } from '../electron/workstation/comparison/claim-tests.ts';
import {
  contrastOverSeeds,
  differenceOverSeeds,
  type SeedSide,
} from '../electron/workstation/comparison/seed-differences.ts';
import { bootstrapContrast, pairedBootstrap } from '../electron/workstation/comparison/statistics/bootstrap.ts';
import { differenceOf, mapContrast, subtracted } from '../electron/workstation/comparison/statistics/contrast.ts';
import { normalQuantile } from '../electron/workstation/comparison/statistics/distributions.ts';
import { seedInterval, wilson, type Bounds } from '../electron/workstation/comparison/statistics/intervals.ts';
import { generator, uniform } from '../electron/workstation/comparison/statistics/random.ts';
import { summarize } from '../electron/workstation/comparison/statistics/summary.ts';
import { verdictOf } from '../electron/workstation/comparison/verdicts.ts';
import type { Beside } from '../electron/workstation/comparison/paper-cells.ts';
import type { OwnFigure } from '../electron/api/comparison.ts';

const experiments = Number(process.argv[2] ?? 100_000);
const seedCounts = [2, 3, 4, 5, 6, 7, 8, 9, 10];
/** Claims of a plan, for Holm. */
const family = 5;
/** Experiments for each number of seeds that are judged by the slow bootstrap alone. */
const bootstrapped = 300;

/** Fashion-MNIST's test images, and `convergence 5`: the linear figure of the first plan's VICReg and its deviation over seeds. */
const measured = { images: 10_000, figure: 84.1, deviation: 0.4 };
/** `plan claims-small`, single runs: an expander of 512 against one of 64, 1.07 [0.38, 1.71], paired over images. */
const pair = { difference: 1.07, low: 0.38, high: 1.71 };
const margin = 0.5;
/** By which one drops less than another, in the plans of Table 5. */
const dropMargin = 1;

/** Share of the images that exactly one of two runs gets right, from the interval of their difference. */
const discordance =
  ((pair.high - pair.low) / 2 / normalQuantile(0.975) / 100) ** 2 * measured.images + (pair.difference / 100) ** 2;

interface World {
  readonly title: string;
  /** Images that only one of the two encoders can get right, whatever the seed. */
  readonly own: number;
  readonly tossUps: number;
  /** Right for every seed of both. */
  readonly sure: number;
  /** Standard deviation of a seed's own quality, in points. */
  readonly quality: number;
}

/** @param persistent share of the images that tell two runs apart which tell their encoders apart, whatever the seed */
function worldOf(title: string, persistent: number): World {
  const { images, figure, deviation } = measured;
  const own = Math.round(persistent * discordance * images);
  const tossUps = Math.round(2 * (1 - persistent) * discordance * images);
  const tossed = (100 * Math.sqrt(tossUps / 4)) / images;
  const sure = Math.round((figure / 100) * images - tossUps / 2 - own / 2);
  return { title, own, tossUps, sure, quality: Math.sqrt(deviation ** 2 - tossed ** 2) };
}

const next = generator(20_260_131);
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - uniform(next))) * Math.cos(2 * Math.PI * uniform(next));
}

interface Side {
  readonly runs: Uint8Array[];
  readonly values: number[];
}

/** Runs of one encoder: which images each seed gets right, and its figure in percent. */
function drawSide(world: World, seeds: number, ownFrom: number, ownTo: number): Side {
  const { images } = measured;
  const { sure, tossUps, quality } = world;
  const side: Side = { runs: [], values: [] };
  for (let seed = 0; seed < seeds; seed += 1) {
    const right = new Uint8Array(images);
    right.fill(1, 0, sure);
    right.fill(1, ownFrom, ownTo);
    // Half the toss-ups, and more or fewer by the seed's quality.
    const chance = 2 ** 32 * (0.5 + (quality * normal() * images) / (100 * tossUps));
    let count = sure + ownTo - ownFrom;
    for (let image = sure; image < sure + tossUps; image += 1) {
      if (next() >= chance) continue;
      right[image] = 1;
      count += 1;
    }
    side.runs.push(right);
    side.values.push((100 * count) / images);
  }
  return side;
}

/**
 * Two encoders that are equally good over all images; on these, either may have more of its own.
 *
 * @param skipped images before their own, which are those of other encoders
 */
function drawPair(world: World, seeds: number, skipped = 0): readonly [Side, Side] {
  const from = world.sure + world.tossUps + skipped;
  let owned = 0;
  for (let image = 0; image < world.own; image += 1) owned += next() & 1;
  return [drawSide(world, seeds, from, from + owned), drawSide(world, seeds, from + owned, from + world.own)];
}

const sideOf = ({ values }: Side): SeedSide => ({
  values: new Map(values.map((value, seed) => [String(seed), value])),
  isFixed: false,
});
const bySide = ({ runs }: Side): Uint8Array[][] => runs.map((run) => [run]);

/** Rates, counted. */
class Tally {
  #hits = 0;
  #all = 0;
  add(is: boolean): void {
    this.#hits += Number(is);
    this.#all += 1;
  }
  /** Lies beyond a limit by more than three standard errors. */
  isBeyond(limit: number, side: 'above' | 'below'): boolean {
    const beyond = (side === 'above' ? 1 : -1) * (this.#hits / this.#all - limit);
    return beyond > 3 * Math.sqrt((limit * (1 - limit)) / this.#all);
  }
  toString(): string {
    return this.#all === 0 ? '–' : `${((100 * this.#hits) / this.#all).toFixed(1)} %`;
  }
}

const contains = ({ low, high }: Bounds, value: number): boolean => low <= value && value <= high;

/** The interval of z at any number of seeds. */
function byZ(values: readonly number[]): Bounds {
  const { n, mean, sd } = summarize(values);
  const half = (normalQuantile(0.975) * (sd ?? 0)) / Math.sqrt(n);
  return { low: mean - half, high: mean + half };
}

/** The paper's figure as it is told: the mean of three seeds and their range. */
function paperOf(values: readonly number[], below: number): Beside {
  const cell = {
    method: 'vicreg',
    evaluator: 'linear',
    dataset: 'fashion-mnist',
    split: 'test',
    metric: 'top1',
    value: summarize(values).mean - below,
    where: '',
    runs: values.length,
    range: Math.max(...values) - Math.min(...values),
    preset: null,
    setting: { encoder: '', pretrainedOn: '' },
    protocol: {},
  };
  const paper = { id: '', title: '', authors: '', year: null, role: 'paper' as const, source: '' };
  return { cell, reasons: [], paper: { ...paper, recipes: {}, cells: [cell], notImplemented: [] } };
}

function judgedAgainst(values: readonly number[], paper: Beside) {
  const { mean, sd, n } = summarize(values);
  const ours: OwnFigure = {
    mean,
    which: 'only',
    n,
    unit: 'pretraining',
    varied: ['pretraining-seed'],
    sd,
    images: measured.images,
    interval: null,
    values: [],
    disagreeing: [],
  };
  return verdictOf(ours, values, { unit: 'share', isSecondary: false, margin: { points: margin } }, paper);
}

/** Intervals: of the mean over seeds, and of the difference from a paper's three; and how often a miss by the margin reproduces. */
function cover(world: World, seeds: number, count: number): readonly string[] {
  const truth = (100 * (world.sure + world.tossUps / 2)) / measured.images;
  const [ours, z, difference, reproduced] = [new Tally(), new Tally(), new Tally(), new Tally()];
  for (let experiment = 0; experiment < count; experiment += 1) {
    const { values } = drawSide(world, seeds, 0, 0);
    const interval = seedInterval(values, 0.95);
    ours.add(contains(interval ?? wilson(values[0]!, measured.images, 0.95), truth));
    if (interval !== null) z.add(contains(byZ(values), truth));
    const theirs = drawSide(world, 3, 0, 0).values;
    difference.add(contains(judgedAgainst(values, paperOf(theirs, 0)).difference!.interval!, 0));
    reproduced.add(judgedAgainst(values, paperOf(theirs, margin)).verdict === 'reproduced');
  }
  const isWrong =
    seeds > 1 &&
    ([ours, difference].some((rate) => rate.isBeyond(0.94, 'below')) || reproduced.isBeyond(0.05, 'above'));
  if (isWrong) process.exitCode = 1;
  return [ours, z, difference, reproduced].map(String);
}

/** Claims that one of two equally good encoders is better: how often each rule lets them hold. */
async function falseClaims(world: World, seeds: number, count: number): Promise<readonly string[]> {
  const [both, z, seedsAlone, imagesAlone] = [new Tally(), new Tally(), new Tally(), new Tally()];
  const [anyHolm, anyRaw] = [new Tally(), new Tally()];
  let plan: (ClaimTest | null)[] = [];
  for (let experiment = 0; experiment < count; experiment += 1) {
    const [one, other] = drawPair(world, seeds);
    const bySeeds = differenceOverSeeds(sideOf(one), sideOf(other));
    const alone = betterTest({ seeds: bySeeds, images: null }, 0.95);
    const mayHold = alone !== null && alone.holds <= alone.level;
    const needed = mayHold || experiment < bootstrapped;
    const images = needed ? { ...(await pairedBootstrap(bySide(one), bySide(other), experiment)), exact: null } : null;
    // What the seeds do not show cannot hold, so the images need not be asked.
    const test = mayHold ? betterTest({ seeds: bySeeds, images }, 0.95) : alone;
    both.add(decide([test])[0]?.verdict === 'holds');
    seedsAlone.add(mayHold);
    z.add(byZ(one.values.map((value, seed) => value - other.values[seed]!)).low > 0);
    if (images !== null && experiment < bootstrapped) imagesAlone.add(images.interval(0.95).low > 0);
    plan.push(test);
    if (plan.length < family) continue;
    anyHolm.add(decide(plan).some((decision) => decision?.verdict === 'holds'));
    anyRaw.add(plan.some((claim) => decide([claim])[0]?.verdict === 'holds'));
    plan = [];
  }
  if (both.isBeyond(0.05, 'above')) process.exitCode = 1;
  return [both, z, seedsAlone, imagesAlone, anyHolm, anyRaw].map(String);
}

/** The same with so many points fewer, of images that every seed gets right. */
function lowered({ runs, values }: Side, points: number): Side {
  for (const run of runs) run.fill(0, 0, (points / 100) * measured.images);
  return { runs, values: values.map((value) => value - points) };
}

/** Claims that one drops by more than the margin less than another, whose drop is greater by exactly the margin: how often they hold. */
async function falseDrops(world: World, seeds: number, count: number): Promise<readonly string[]> {
  const [both, seedsAlone] = [new Tally(), new Tally()];
  for (let experiment = 0; experiment < count; experiment += 1) {
    const [before, after] = drawPair(world, seeds);
    const [first, last] = drawPair(world, seeds, world.own);
    const contrast = subtracted(differenceOf(first, lowered(last, dropMargin)), differenceOf(before, after));
    const bySeeds = contrastOverSeeds(mapContrast(contrast, sideOf));
    const alone = betterTest({ seeds: bySeeds, images: null }, 0.95, dropMargin);
    const mayHold = alone !== null && alone.holds <= alone.level;
    seedsAlone.add(mayHold);
    const images = mayHold ? await bootstrapContrast(mapContrast(contrast, bySide), experiment) : null;
    const test = images && betterTest({ seeds: bySeeds, images: { ...images, exact: null } }, 0.95, dropMargin);
    both.add(decide([test])[0]?.verdict === 'holds');
  }
  if (both.isBeyond(0.05, 'above')) process.exitCode = 1;
  return [both, seedsAlone].map(String);
}

function printTable(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  console.log(`| ${columns.join(' | ')} |`);
  console.log(`| ${columns.map(() => '--:').join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

const began = process.cpuUsage();
const alike = worldOf('both encoders are sure of the same images', 0);
const apart = worldOf('half of what tells two runs apart is their encoders’ own, whatever the seed', 0.5);
const each = Math.floor(experiments / seedCounts.length);
console.log(
  `${each} experiments for each number of seeds and table; ${measured.images} images, figure ${measured.figure}, ` +
    `deviation over seeds ${measured.deviation}, two runs differ in ${(100 * discordance).toFixed(1)} % of the images.`,
);
printTable(
  'Intervals at 95 % that contain the truth; a difference of exactly the margin that is judged "reproduced"',
  ['seeds', 'mean, here', 'mean, z', 'difference from a paper’s 3', 'false "reproduced"'],
  // One seed has no interval over seeds: Wilson's over the images.
  [1, ...seedCounts].map((seeds) => [String(seeds), ...cover(alike, seeds, each)]),
);
for (const world of [alike, apart]) {
  const rows: (readonly string[])[] = [];
  for (const seeds of seedCounts) rows.push([String(seeds), ...(await falseClaims(world, seeds, each))]);
  printTable(
    `Claims of equally good encoders that hold (${world.title})`,
    [
      'seeds',
      'here',
      'z',
      't over seeds alone',
      'images alone',
      `any of ${family}, here`,
      `any of ${family}, without Holm`,
    ],
    rows,
  );
}
for (const world of [alike, apart]) {
  const rows: (readonly string[])[] = [];
  for (const seeds of seedCounts) rows.push([String(seeds), ...(await falseDrops(world, seeds, each))]);
  printTable(
    `Claims that one drops over ${dropMargin} point less, where it is exactly that, which hold (${world.title})`,
    ['seeds', 'here', 't over seeds alone'],
    rows,
  );
}
const { user, system } = process.cpuUsage(began);
console.log(`\n${((user + system) / 1e6).toFixed(0)} s of a core.`);
