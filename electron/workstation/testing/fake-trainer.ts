/**
 * A trainer that trains nothing: it speaks the protocol, writes its events and checkpoints, and misbehaves according to
 * its run's title. `steps=30 ms=20 every=10`: number of steps, milliseconds each, steps between checkpoints. `kill=15`:
 * dies by SIGKILL at that step. `crash=15`: its decoder crashes there. `exit=3@15`, `say=TEXT@15`: exits with that code, or after that output. `deaf`: ignores
 * stop. `hang=15`: computes for ever from that step on. `quiet=500@15`: silent for that many milliseconds. `once`: misbehaves
 * only in its first attempt. `elsewhere`: finds that its checkpoint was made on another processor. Without the folder of its
 * checkpoint it asks before it starts over.
 *
 * A build of TensorFlow in whose library `broken` stands has no GPU. A run's folder says by `tensorflow.txt` which build it had.
 *
 * Of pictures it has five of each class, but dies when asked for class 13 and does not answer for class 14.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writeLayout, writeMap } from '../../../trainer/durable/map-file.ts';
import { sealedJson } from '../../../trainer/durable/sealed-json.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import { decodingNotesFile } from '../../../trainer/protocol/decoder-crash.ts';
import type { Command, Job } from '../../../trainer/protocol/commands.ts';

const protocol = Number(process.env['FAKE_PROTOCOL'] ?? '1');
let job: Job | null = null;
let stopping = false;
let paused = false;
let saveNow = false;
let started: (() => void) | null = null;
const recorded: number[] = [];
const questions: Extract<Command, { type: 'browse' }>[] = [];

function option(title: string, name: string): { readonly value: string; readonly at: number } | null {
  const found = new RegExp(`\\b${name}=([^@\\s]+)(?:@(\\d+))?`).exec(title);
  return found === null ? null : { value: (found[1] ?? '').replaceAll('_', ' '), at: Number(found[2] ?? '0') };
}

process.on('message', (command: Command) => {
  if (command.type === 'start') {
    job = command.job;
    started?.();
  } else if (command.type === 'stop') {
    stopping = true;
    started?.();
  }
  if (command.type === 'browse') questions.push(command);
  if (command.type === 'pause') paused = true;
  else if (command.type === 'resume') paused = false;
  else if (command.type === 'checkpointNow') saveNow = true;
  else if (command.type === 'recorded') recorded.push(command.step);
});
process.on('disconnect', () => (stopping = true));
process.on('SIGTERM', () => (stopping = true));
process.on('SIGINT', () => (stopping = true));
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
if (process.env['FAKE_MUTE'] !== '1') process.send?.({ type: 'ready', protocol });

async function train(train: Extract<Job, { kind: 'train' }>): Promise<void> {
  const { run, attempt, runFolder, config } = train;
  const { title } = config;
  const number = (name: string, otherwise: number): number => Number(option(title, name)?.value ?? otherwise);
  const steps = number('steps', 20);
  const ms = number('ms', 5);
  const every = number('every', 10);
  const misbehaves = !/\bonce\b/.test(title) || attempt === 1;
  let sequence = 0;
  const say = (event: Record<string, unknown>): void => {
    sequence += 1;
    const whole = { run, attempt, sequence, at: Date.now(), ...event };
    if (event['type'] !== 'beat') appendFileSync(join(runFolder, 'events.ndjson'), `${sealedLine(whole)}\n`);
    // Without a callback, a pipe whose reader has just died would end this process before 'disconnect' can make it
    // save.
    if (process.connected) process.send?.(whole, undefined, undefined, () => undefined);
  };
  const folderOf = (step: number): string => join('checkpoints', String(step).padStart(6, '0'));
  let safeStep: number | null = train.from;
  writeFileSync(join(runFolder, 'tensorflow.txt'), process.env['REPRISE_TENSORFLOW_FOLDER'] ?? 'inside');
  const save = (step: number, reason: string): void => {
    const folder = folderOf(step);
    if (!existsSync(join(runFolder, folder))) {
      const place = join(runFolder, folder);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'tensors.bin'), '');
      const head = {
        format: 2,
        run,
        attempt,
        step,
        epoch: step / steps,
        trainedSeconds: 0,
        configHash: '',
        codeVersion: '0',
      };
      const rest = {
        tensorflow: '0',
        threads: 1,
        instructionSet: 'none',
        seed: 1,
        counters: {},
        tensorBytes: 0,
        tensors: [],
      };
      writeFileSync(join(place, 'manifest.json'), sealedJson({ ...head, ...rest }));
    }
    safeStep = step;
    const event = { type: 'checkpoint', step, epoch: step / steps, folder, bytes: 0, seconds: 0.01, reason };
    say({ ...event, manifestSha256: 'a'.repeat(64) });
  };

  if (/\belsewhere\b/.test(title) && train.from !== null && !train.anyArithmetic) {
    const values = { what: 'instructionSet', before: 'AVX2', now: 'none' };
    const fault = { code: 'other-arithmetic', message: 'Another processor.', values, retry: 'resume' };
    say({ type: 'stopped', why: 'failed', step: train.from, safeStep, fault });
    return;
  }
  const isLost = train.from !== null && !existsSync(join(runFolder, folderOf(train.from)));
  if (isLost && !train.startOver) {
    const fault = { code: 'checkpoints-lost', message: 'Nothing left.', values: { step: train.from }, retry: 'resume' };
    say({ type: 'stopped', why: 'failed', step: 0, safeStep: null, fault });
    return;
  }
  const fromStep = isLost ? 0 : (train.from ?? 0);
  const facts = { device: 'cpu', threads: 1, instructionSet: 'none', versions: { node: process.version } };
  say({ type: 'hello', protocol, pid: process.pid, ...facts, fromStep });
  const quiet = option(title, 'quiet');
  say({ type: 'phase', phase: 'training', quietForMs: quiet === null ? 60_000 : 100 });
  if (/\bgarble\b/.test(title)) process.send?.({ type: 'nonsense' });
  let step = fromStep;
  while (step < steps) {
    await after(ms);
    if (paused) {
      say({ type: 'phase', phase: 'paused', quietForMs: 60_000 });
      while (paused && !stopping) await after(5);
      say({ type: 'phase', phase: 'training', quietForMs: 60_000 });
    }
    step += 1;
    const progress = {
      epoch: step / steps,
      fraction: null,
      samplesPerSecond: 100,
      waitShare: 0,
      secondsLeft: 1,
      secondsLeftSpread: 0,
    };
    say({ type: 'metrics', points: [{ step, name: 'loss', value: 1 / step }] });
    say({ type: 'beat', step, steps, ...progress, memoryBytes: 1000, tensors: 1, safeStep });
    if (step % every === 0 || saveNow) save(step, saveNow ? 'asked' : 'steps');
    saveNow = false;
    if (train.whenNotFinite.length === 0 && step === number('diverge', -1)) {
      const values = { step, terms: 'loss', images: 'a.png' };
      const fault = { code: 'diverged', message: 'Training diverged.', values, retry: 'resume' };
      say({ type: 'stopped', why: 'failed', step, safeStep, fault });
      return;
    }
    if (misbehaves && step === number('hang', -1)) for (;;);
    if (misbehaves && step === number('kill', -1)) process.kill(process.pid, 'SIGKILL');
    if (misbehaves && step === number('crash', -1)) {
      writeFileSync(join(runFolder, decodingNotesFile('bars', 1)), '');
      process.kill(process.pid, 'SIGSEGV');
    }
    const words = option(title, 'say');
    if (misbehaves && words !== null && step === words.at) {
      process.stderr.write(`${words.value}\n`);
      await after(20);
      process.exit(1);
    }
    const code = option(title, 'exit');
    if (misbehaves && code !== null && step === code.at) process.exit(Number(code.value));
    if (quiet !== null && step === quiet.at) await after(Number(quiet.value));
    if (stopping && !/\bdeaf\b/.test(title)) {
      save(step, 'stop');
      say({ type: 'stopped', why: 'asked', step, safeStep });
      return;
    }
  }
  const protocolRecord = { k: 20 };
  const figure = { evaluator: 'knn', dataset: 'idx', split: 'test', metric: 'top1', value: 50, n: 10, which: 'only' };
  if (config.kind === 'evaluate')
    say({ type: 'result', outcome: { kind: 'results', results: [{ ...figure, protocol: protocolRecord }] } });
  save(step, 'end');
  say({ type: 'stopped', why: 'done', step, safeStep });
  // Acknowledgements from the parent, for the test to read.
  await after(50);
  writeFileSync(join(runFolder, 'recorded.json'), JSON.stringify(recorded));
}

/** A build of TensorFlow whose library says so. */
function isBroken(): boolean {
  const folder = process.env['REPRISE_TENSORFLOW_FOLDER'];
  return folder !== undefined && readFileSync(join(folder, 'tensorflow', 'lib.so'), 'utf8').includes('broken');
}

async function other(side: Exclude<Job, { kind: 'train' }>): Promise<void> {
  let sequence = 0;
  const say = (event: Record<string, unknown>): void => {
    sequence += 1;
    process.send?.({ run: side.kind, attempt: 1, sequence, at: Date.now(), ...event });
  };
  const end = (outcome: unknown): void => {
    say({ type: 'result', outcome });
    say({ type: 'stopped', why: 'done', step: 0, safeStep: null });
  };
  if (side.kind === 'inspect') {
    say({ type: 'phase', phase: 'scanning', quietForMs: 1000 });
    if (side.path.includes('slow') || (side.background && side.path.includes('large')))
      while (!stopping) await after(5);
    if (stopping) {
      say({ type: 'stopped', why: 'asked', step: 0, safeStep: null });
      return;
    }
    const known = existsSync(join(side.path, 'data.bin'));
    const several = side.path.includes('several');
    const untested = side.path.includes('untested');
    const splits = (untested ? ['train'] : ['train', 'test']).map((split) => ({
      split,
      images: 1000,
      perClass: [500, 500],
    }));
    end({
      kind: 'inspection',
      inspection: {
        ...(several ? { severalClasses: true } : {}),
        version: 1,
        dataset: known ? 'idx' : null,
        title: known ? 'Fashion-MNIST' : '',
        path: side.path,
        contents: side.contents ? 'checked' : 'listed',
        fingerprint: several ? 'f-several' : untested ? 'f-untested' : 'f0',
        expected: ['data.bin'],
        found: known ? ['data.bin'] : ['nothing'],
        splits: known ? splits : [],
        classes: ['a', 'b'],
        channels: 1,
        smallest: [28, 28],
        largest: [28, 28],
        bytes: 1,
        rejects: [],
        rejectCount: 0,
        rejectKinds: [],
        unused: [],
        warnings: [],
        leaks: [],
        leakCount: 0,
        duplicateCount: 0,
        nearDuplicates: null,
        licence: null,
        source: null,
        splitRule: null,
        seconds: 0.1,
      },
    });
  } else if (side.kind === 'browse') {
    say({ type: 'phase', phase: 'scanning', quietForMs: 1000 });
    while (!stopping) {
      for (const { id, question } of questions.splice(0)) {
        const { class: number } = question.filter;
        if (number === 13) process.kill(process.pid, 'SIGKILL');
        if (question.kind !== 'range' || number === 14) continue;
        const total = number === null ? 10 : 5;
        const places = Array.from({ length: Math.max(0, Math.min(total - question.from, question.count)) });
        const pictures = places.map((_, at) => {
          return {
            name: `${question.from + at}.png`,
            split: 'train',
            classes: [],
            problem: null,
            thumbnail: null,
            objects: null,
          };
        });
        const answer = { kind: 'range', range: { total, pictures } };
        say({ type: 'result', outcome: { kind: 'browsed', id, answer } });
      }
      await after(5);
    }
  } else if (side.kind === 'map') {
    const numbers = { points: 3, images: 3, columns: 2, neighbours: 2, clusters: 1 };
    const arrays = {
      places: Int32Array.of(0, 1, 2),
      labels: Int32Array.of(0, 1, 0),
      clusters: new Int32Array(3),
      principal: Float32Array.of(0, 0, 1, 0, 0, 1),
      neighbours: Int32Array.of(1, 2, 0, 2, 0, 1),
      similarities: new Float32Array(6),
    };
    const summary = { ...numbers, spread: 0.5, effectiveRank: 2, explained: [0.6, 0.4], agreement: null };
    await writeMap(side.file, { summary, arrays });
    end({ kind: 'map', file: side.file });
  } else if (side.kind === 'layout') {
    await writeLayout(side.file, Float32Array.of(0, 0, 5, 0, 0, 5));
    end({ kind: 'map', file: side.file });
  } else if (side.kind === 'calibrate') {
    const memory = { peakMemoryBytes: 1000, checkpointBytes: 500 };
    const pace = { secondsPerStep: 0.5, spreadSeconds: 0.01, steps: 8, stepsTotal: 12, loadSeconds: 2 };
    end({ kind: 'calibration', calibration: { ...pace, ...memory } });
  } else if (side.kind === 'importWeights') {
    mkdirSync(join(side.folder, 'checkpoints', '000000'), { recursive: true });
    const encoder = { id: 'resnet-18', options: { width: 16 } };
    const file = { file: basename(side.file), format: 'pth', bytes: 3, prefix: 'module.backbone.' };
    const found = { id: '0123456789abcdef', ...file, encoder, channels: 1, tensors: 5, unmatched: ['fc.weight'] };
    if (side.network === undefined) end({ kind: 'weights', found });
    else {
      const networks = [
        { name: 'student.backbone', tensors: 5 },
        { name: 'teacher.backbone', tensors: 5, why: 'teacher' },
      ];
      const norms = { images: 16, scaling: 'unit', distance: 0.4, layer: 'bn1', first: 'bn1', verdict: 'doubtful' };
      const chosen = { network: side.network, why: 'asked', networks, norms };
      end({ kind: 'weights', found: { ...found, id: 'fedcba9876543210', ...chosen } });
    }
  } else if (side.kind === 'export') {
    writeFileSync(side.file, JSON.stringify(side.about));
    end({ kind: 'export', file: side.file, tensors: 5 });
  } else if (side.kind === 'precisions') {
    // A processor that emulates the narrow types, and a GPU that has one of them.
    const onGpu = side.device.startsWith('gpu');
    const timing = (precision: string, milliseconds: number | null) => {
      return { precision, milliseconds, refusal: milliseconds === null ? 'no kernel' : null };
    };
    const all = [
      timing('float32', 100),
      timing('tf32', 60),
      timing('bfloat16', onGpu ? 40 : 300),
      timing('float16', null),
    ];
    const timings = all.filter(({ precision }) => side.precisions.some((asked) => asked === precision));
    end({ kind: 'precisions', precisions: { device: side.device, timings } });
  } else if (side.kind === 'installBuild') {
    // The trainer itself does it, in a process of its own.
    const file = join(tmpdir(), `install-${process.pid}.json`);
    writeFileSync(file, JSON.stringify(side));
    const main = join(import.meta.dirname, '../../../trainer/main.ts');
    await promisify(execFile)(process.execPath, [main, '--job', file]).finally(() => rmSync(file));
    end({ kind: 'installedBuild', folder: side.folder });
  } else if (side.kind === 'probe' && isBroken()) {
    process.stderr.write(
      '2026-01-01 00:00:00.000000: E external/cuda.cc:1] failed call to cuInit: CUDA_ERROR_MADE_UP\n',
    );
    await after(20);
    const fault = { code: 'device-unavailable', message: 'TensorFlow sees no GPU 0.' };
    say({ type: 'stopped', why: 'failed', step: 0, safeStep: null, fault });
  } else if (side.kind === 'probe') {
    const onGpu = side.device.startsWith('gpu');
    const speed = { gigaflops: 10, milliseconds: onGpu ? 1 : 5, size: 512 };
    const facts = { tensorflow: '0', threads: side.threads, instructionSet: 'none', processorShare: 0.5 };
    end({ kind: 'probe', probe: { device: side.device, executedOn: onGpu ? 'GPU:0' : 'CPU:0', ...speed, ...facts } });
  } else {
    say({
      type: 'stopped',
      why: 'failed',
      step: 0,
      safeStep: null,
      fault: { code: 'not-available', message: `The fake trainer does no ${side.kind}.` },
    });
  }
}

await new Promise<void>((resolve) => {
  started = resolve;
  if (stopping) resolve();
});
const given = job as Job | null;
if (given?.kind === 'train') await train(given);
else if (given !== null) await other(given);
if (process.connected) process.disconnect();
process.exit(0);
