/**
 * The step benches: the same VICReg step here and in PyTorch, every variant in a separate process, taking turns, so
 * that other load on the machine affects all of them.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { openEngine } from '../../trainer/engine/steps/open.ts';
import { median } from '../../trainer/training/pace.ts';
import { Execution } from '../../trainer/protocol/run.ts';
import { noisePairs, stepperOf, type StepShape } from '../../trainer/jobs/step-timing.ts';
import { openSide, peer, takeTurns, versionsOf, type Side, type Variant } from './side.ts';

/** Shape of the step that a bench compares. */
interface ComparedShape extends StepShape {
  /** True if the eager engine would not fit into memory next to the others. */
  readonly withoutEager?: boolean;
}

export interface StepAnswer {
  readonly milliseconds: readonly number[];
  readonly loss: number;
  readonly peakMemoryBytes: number;
}

/** `--device gpu` among the words of a bench; the CPU otherwise. The other words are left. */
export function deviceAmong(given: readonly string[]): {
  readonly device: 'cpu' | 'gpu';
  readonly words: readonly string[];
} {
  const at = given.indexOf('--device');
  if (at < 0) return { device: 'cpu', words: given };
  const device = given[at + 1];
  if (device !== 'cpu' && device !== 'gpu') throw new Error(`"--device ${device ?? ''}": it can be "cpu" or "gpu".`);
  return { device, words: given.toSpliced(at, 2) };
}

const warm = 3;
const stepsATurn = 3;
const executionDevice = { cpu: 'cpu', gpu: 'gpu:0' } as const;
export const torchDevice = { cpu: 'cpu', gpu: 'cuda' } as const;

/** Runs one side in this process: answers on standard output until its input ends. */
export async function beSide(shape: StepShape, execution: Execution): Promise<void> {
  const engine = await openEngine(execution);
  const stepper = stepperOf(engine, shape);
  const data = noisePairs(shape);
  console.log(JSON.stringify({ versions: engine.facts.versions }));
  let step = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds: number[] = [];
    let loss = 0;
    for (let count = Number(line); count > 0; count--) {
      const began = performance.now();
      ({ loss } = await stepper.run(data, { step: step++, lr: 0.1 }, { metrics: false }));
      milliseconds.push(performance.now() - began);
    }
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
    console.log(JSON.stringify({ milliseconds, loss, peakMemoryBytes } satisfies StepAnswer));
  }
}

/**
 * Runs the bench, or one side of it when called as one. Words of the command: rounds; the only precision to run, for
 * processors that emulate the other; `again` to recompute intermediate results instead of keeping them; `--device gpu`.
 */
export async function benchSteps(
  shape: ComparedShape,
  given: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const { device, words } = deviceAmong(given);
  const [first = '6', second, third] = words;
  if (first === 'side') {
    await beSide(shape, v.parse(Execution, JSON.parse(second ?? '{}')));
    return;
  }
  const threads = availableParallelism();
  const recompute = third === 'again';
  const ours = (engine: 'traced' | 'eager', precision: 'float32' | 'bfloat16'): Variant => ({
    name: `Reprise ${engine}${recompute ? ', again' : ''} ${precision}`,
    program: process.execPath,
    words: [
      ...[
        process.argv[1]!,
        'side',
        JSON.stringify({ engine, device: executionDevice[device], precision, threads, recompute }),
      ],
      ...(shape.method ? [shape.method.id] : []),
    ],
  });
  const theirs = (compiled: boolean, precision: 'float32' | 'bfloat16'): Variant => ({
    name: `PyTorch ${compiled ? 'torch.compile' : 'eager'} ${precision}`,
    ...peer('step.py', { ...shape, compiled, precision, threads, device: torchDevice[device] }),
  });
  const head = shape.method?.id ?? `expander ${shape.expander.join('-')}`;
  console.log(
    `${shape.encoder}, ${shape.size} px, ${shape.batch} pairs, ${head}, ${device === 'gpu' ? 'on the GPU' : `${threads} threads`}`,
  );
  // One precision after another: the processes of both together do not fit into most machines' memory.
  for (const precision of ['float32', 'bfloat16'] as const) {
    if (second !== undefined && second !== precision) continue;
    const withEager = precision === 'float32' && !shape.withoutEager;
    await compare(shape, Number(first), [
      ours('traced', precision),
      ...(withEager ? [ours('eager', precision)] : []),
      theirs(false, precision),
      theirs(true, precision),
    ]);
  }
}

/** Runs the variants by turns and prints a line each. */
async function compare({ batch }: ComparedShape, rounds: number, variants: readonly Variant[]): Promise<void> {
  const sides: Side<StepAnswer>[] = [];
  const times = new Map<Side<StepAnswer>, number[]>();
  const memory = new Map<Side<StepAnswer>, number>();
  try {
    for (const variant of variants) {
      const side = await openSide<StepAnswer>(variant);
      sides.push(side);
      times.set(side, []);
    }
    for (const side of sides) await side.ask(warm);
    await takeTurns(sides, rounds, stepsATurn, (side, { milliseconds, peakMemoryBytes }) => {
      times.get(side)!.push(...milliseconds);
      memory.set(side, peakMemoryBytes);
    });
  } finally {
    for (const side of sides) await side.close();
  }
  console.log(versionsOf(sides));
  const theirs = sides.filter(({ name }) => name.startsWith('PyTorch'));
  const best = Math.min(...theirs.map((side) => median(times.get(side)!)));
  for (const side of sides) {
    const milliseconds = median(times.get(side)!);
    const row = [
      side.name.padEnd(32),
      `${milliseconds.toFixed(0).padStart(7)} ms`,
      `fastest ${Math.min(...times.get(side)!)
        .toFixed(0)
        .padStart(6)} ms`,
      `${((2 * batch * 1000) / milliseconds).toFixed(1).padStart(7)} images/s`,
      `${(memory.get(side)! / 2 ** 30).toFixed(2)} GiB`,
      theirs.includes(side) ? '' : `${(best / milliseconds).toFixed(2)} x the faster PyTorch`,
    ];
    console.log(row.join('  ').trimEnd());
  }
}
