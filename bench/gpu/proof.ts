/**
 * `npm run gpu-proof`: everything that is only true once a GPU has shown it, in one run, with a report that names the card, its
 * driver and all versions. On another device it is a dry run of every stage in small sizes.
 *
 *   npm run gpu-proof                      on the first GPU; writes bench/results/gpu.md
 *   npm run gpu-proof -- --device cpu      the dry run; writes to a temporary folder
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { graphicsCard } from '../../trainer/engine/binding/graphics-card.ts';
import type { StepShape } from '../../trainer/jobs/step-timing.ts';
import { Execution, precisions } from '../../trainer/protocol/run.ts';
import { methods } from '../../trainer/registry.ts';
import { beSide, deviceAmong, torchDevice } from '../shared/step.ts';
import { golden, killed, loading, methodSteps } from './checks.ts';
import { beChild, type Place } from './child.ts';
import { feeding, speed, type Timed, type Torch } from './speed.ts';
import { runStages, type Stage } from './stages.ts';

const say = (line: string): void => console.log(line);

/** Name, driver and memory of the card; of a dry run the processor's name. @throws if the driver names no card */
function hardware(device: 'cpu' | 'gpu'): string {
  if (device === 'cpu') return `${cpus()[0]?.model ?? 'a processor'}, ${availableParallelism()} threads`;
  try {
    const { name, driver, memoryTotalBytes, capability } = graphicsCard(0);
    const memory = memoryTotalBytes === null ? 'memory unknown' : `${Math.round(memoryTotalBytes / 2 ** 20)} MiB`;
    return `${name}, ${memory}, compute capability ${capability}, driver ${driver}`;
  } catch (cause) {
    const advice = '"npm run gpu-proof -- --device cpu" runs every stage dry, on a processor.';
    throw new Error(`No NVIDIA GPU: its driver's nvidia-smi does not name one. ${advice}`, { cause });
  }
}

/** The PyTorch of REPRISE_PYTHON or of `python3`; a sentence where none computes on this device. */
async function findTorch(device: 'cpu' | 'gpu'): Promise<Torch | string> {
  const python = process.env['REPRISE_PYTHON'] ?? 'python3';
  const program = 'import json, torch; print(json.dumps([torch.__version__, torch.cuda.is_available()]))';
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', program]);
    const [version, hasCuda] = JSON.parse(stdout) as readonly [string, boolean];
    if (device === 'gpu' && !hasCuda)
      return `PyTorch ${version} of ${python} sees no GPU: nothing is compared with it.`;
    return { python, version, device: torchDevice[device] };
  } catch {
    return `${python} has no PyTorch (REPRISE_PYTHON names another): nothing is compared with it.`;
  }
}

const expander = [8192, 8192, 8192];
const r18: StepShape = { encoder: 'resnet-18', stem: 'small', size: 32, batch: 128, expander: [2048, 2048, 2048] };
const r50: StepShape = { encoder: 'resnet-50', stem: 'imagenet', size: 224, batch: 64, expander };
const small = { size: 32, batch: 4, width: 8, expander: [64, 64] } as const;

function stagesFor(place: Place, torch: Torch | null, folder: string, program: string): readonly Stage[] {
  const isDry = place.device === 'cpu';
  const timed = (title: string, seconds: number, shape: StepShape): Stage => {
    const own = isDry ? { ...shape, ...small } : shape;
    // Not every processor computes in bfloat16.
    const timedIn: readonly Timed[] = isDry ? ['float32'] : ['bfloat16', 'float32'];
    const request = { place, torch, shape: own, precisions: timedIn, warm: isDry ? 1 : 6, steps: isDry ? 1 : 20 };
    const full = `${title}, ${own.size} px, ${own.batch} pairs`;
    return { title: full, seconds, run: () => speed(request) };
  };
  // Those whose steps differ most in kind, and the one that rounding moves farthest.
  const ids = isDry ? ['vicreg', 'barlow-twins', 'moco-v2'] : methods.all.map(({ id }) => id);
  const fed = isDry ? { batch: 4, size: 32, steps: 3 } : { batch: 256, size: 224, steps: 12 };
  return [
    { title: 'Loading', seconds: 10, run: () => loading(place, isDry ? 256 : 8192) },
    {
      title: 'Placement, and a step of every method beside the processor',
      seconds: 120,
      run: () => methodSteps(place, { methods: ids, precisions: isDry ? ['float32', 'bfloat16'] : precisions, folder }),
    },
    { title: 'Golden steps', seconds: 30, run: () => golden(place, ids) },
    { title: 'Kill and resume', seconds: 30, run: () => killed(place, folder, program) },
    timed('ResNet-18', 60, r18),
    timed('ResNet-50', 150, r50),
    // One batch is enough to see that it runs.
    ...(isDry ? [] : [timed('ResNet-50', 200, { ...r50, batch: 256 })]),
    { title: 'Feed path', seconds: 15, run: () => feeding({ ...place, ...fed }) },
  ];
}

async function prove(words: readonly string[]): Promise<number> {
  const { device } = deviceAmong(words.includes('--device') ? words : ['--device', 'gpu']);
  const place: Place = { device: device === 'gpu' ? 'gpu:0' : 'cpu', threads: Math.min(16, availableParallelism()) };
  const machine = hardware(device);
  const found = await findTorch(device);
  const torch = typeof found === 'string' ? null : found;
  const folder = mkdtempSync(join(tmpdir(), 'reprise-gpu-proof-'));
  const program = join(dirname(process.argv[1]!), 'trainer.js');
  const head = [
    device === 'gpu' ? '# On a GPU' : '# Dry run on a processor: its figures say nothing about a GPU',
    '',
    `${machine}; Node ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}. Made by \`npm run gpu-proof\`.`,
    torch ? `Beside PyTorch ${torch.version}, channels-last, float32 without TensorFloat-32.` : (found as string),
    '',
  ];
  for (const line of head) say(line);
  try {
    const { lines, failures } = await runStages(stagesFor(place, torch, folder, program), say);
    const verdict =
      failures.length === 0 ? 'Everything held.' : `Did not hold:\n\n${failures.map((one) => `- ${one}`).join('\n')}`;
    const report =
      device === 'gpu'
        ? join('bench', 'results', 'gpu.md')
        : join(mkdtempSync(join(tmpdir(), 'reprise-report-')), 'gpu.md');
    mkdirSync(dirname(report), { recursive: true });
    writeFileSync(report, [...head, verdict, '', ...lines].join('\n'));
    say(`\n${verdict}\nThe report: ${report}`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [role = '', first = '', second = ''] = process.argv.slice(2);
if (role === 'child') await beChild(first, second);
else if (role === 'step') await beSide(JSON.parse(second) as StepShape, v.parse(Execution, JSON.parse(first)));
else {
  try {
    process.exitCode = await prove(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
