/**
 * A real process, killed by the system at each of its calls in turn, or refused by it: `strace` counts them, so also those
 * that native code makes (SQLite). Where there is no strace, `broken-disk.ts` tries what Node calls.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { saying, type Scene, type Tried } from './crash-points.ts';
import { makeMemoryFolder } from './memory-folder.ts';

/** Calls that change a disk. Opening is not among them: it is followed by a write or a flush. */
export const systemCalls = [
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'ftruncate',
  'rename',
  'unlink',
  'rmdir',
  'mkdir',
  'link',
] as const;
export type SystemCall = (typeof systemCalls)[number];

/** Null where there is none. */
export function findStrace(): string | null {
  const works = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
  return works ? 'strace' : null;
}

/**
 * Arguments of strace that let a call fail: `signal=KILL:when=3`, `error=EIO:when=2+`. Without `--seccomp-bpf`, under which
 * strace 6.1 delivers no signal.
 */
export const injecting = (call: SystemCall, what: string): readonly string[] => [
  ...['-f', '-qqq', '-o', '/dev/null', '-e', `trace=${call}`],
  ...['-e', `inject=${call}:${what}`],
];

/** One thread for all that is asynchronous: strace counts by thread. */
const environment = { ...process.env, UV_THREADPOOL_SIZE: '1' };

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    let errors = '';
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('close', (code, signal) => resolve({ code, signal, errors }));
  });
}

/** @param program does the work of a scene: `node PROGRAM NAME FOLDER` */
export async function killAtEachSystemCall(scene: Scene, program: string): Promise<Tried> {
  const root = makeMemoryFolder('system-calls-');
  const [before, folder] = [join(root, 'before'), join(root, 'folder')];
  const begin = (): void => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(before, folder, { recursive: true });
  };
  const live = [program, scene.name, folder];
  try {
    mkdirSync(before);
    await scene.prepare(before);
    begin();
    const old = await saying(scene, folder);
    begin();
    const whole = await run(process.execPath, live);
    if (whole.code !== 0) throw new Error(`${scene.name} cannot be done: ${whole.errors}`);
    const done = await saying(scene, folder);
    const wrong: string[] = [];
    let cases = 0;
    for (const call of systemCalls) {
      for (let at = 1; ; at += 1) {
        begin();
        const { signal, code, errors } = await run('strace', [
          ...injecting(call, `signal=KILL:when=${at}`),
          process.execPath,
          ...live,
        ]);
        if (signal === null && code === 0) break;
        if (signal !== 'SIGKILL') throw new Error(`${call} ${at} of ${scene.name}: ${code ?? signal} ${errors}`);
        cases += 1;
        const state = await saying(scene, folder);
        if (state !== old && state !== done) wrong.push(`killed at ${call} ${at}: ${state.slice(0, 400)}`);
      }
    }
    return { cases, wrong, calls: [] };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
