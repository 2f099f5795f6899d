/** A trainer process: start, greeting, commands, stop. Knows processes and the protocol's framing, not training. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Command } from '../../../trainer/protocol/commands.ts';
import { protocolVersion, TrainerEvent } from '../../../trainer/protocol/events.ts';
import { memoryKillCount, withDeviceWords, withoutLogLines, type TrainerExit } from './trainer-exit.ts';

export interface TrainerProgram {
  /** The Node that runs it. */
  readonly node: string;
  /** The bundle, `out/node/trainer.js`. */
  readonly script: string;
  /** Environment already cleaned for a plain Node child. */
  readonly env: NodeJS.ProcessEnv;
  /** Loading TensorFlow happens after the greeting, so a minute is long. */
  readonly readyWithinMs?: number;
}

export interface TrainerProcess {
  readonly pid: number;
  readonly send: (command: Command) => void;
  /**
   * stop → `graceMs` → SIGTERM → 5 s → SIGKILL; resolves when it has exited. A second call with less grace shortens the
   * wait, and so does `isHung`.
   */
  readonly stop: (graceMs: number, isHung?: () => boolean) => Promise<void>;
  readonly kill: () => void;
  readonly exited: Promise<TrainerExit>;
  /** Records memory use, for the message if the process runs out of memory. */
  readonly noteMemory: (bytes: number) => void;
}

/** The first message of a trainer, sent as soon as its program is loaded. */
const Greeting = v.object({ type: v.literal('ready'), protocol: v.number() });

const tailBytes = 16_384;
const terminateMs = 5_000;
/** One that has answered nothing is not expected to answer this. */
const terminateHungMs = 2_000;

/**
 * Starts a trainer and checks its greeting; no command is sent before that.
 * @param heard called with every event, in order
 * @param garbled called with a message that is not an event of this protocol
 */
export async function launchTrainer(
  program: TrainerProgram,
  folder: string,
  heard: (event: TrainerEvent) => void,
  garbled: (reason: string) => void,
): Promise<TrainerProcess> {
  const killsBefore = await memoryKillCount();
  // `spawn`, not `fork`: Electron changes `fork` to start its own binary. JSON on the pipe, because the V8 versions may
  // differ.
  const child = spawn(program.node, [program.script], {
    cwd: folder,
    env: program.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-tailBytes)));
  }
  let sent: TrainerExit['sent'] = null;
  let memoryBytes: number | null = null;
  const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    sent = name;
    child.kill(name);
  };
  const exited = exitOf(child).then(async ({ code, signal: by, reason }): Promise<TrainerExit> => {
    const killsAfter = await memoryKillCount();
    const memoryKills = killsBefore === null || killsAfter === null ? null : killsAfter - killsBefore;
    return { code, signal: by, sent, tail: tail + reason, memoryKills, memoryBytes };
  });

  await greet(child, program, exited, signal);
  child.on('message', (message) => {
    const parsed = v.safeParse(TrainerEvent, message);
    if (parsed.success) heard(withDeviceWords(parsed.output, tail));
    else garbled(`${v.getDotPath(parsed.issues[0]) ?? 'message'}: ${parsed.issues[0].message}`);
  });

  const send = (command: Command): void => {
    // A failed send is followed by the exit, which gives the reason.
    if (child.connected) child.send(command, () => undefined);
  };
  let deadline = Infinity;
  let stopping: Promise<void> | null = null;
  const gone = (waitMs: number): Promise<boolean> =>
    Promise.race([exited.then(() => true), after(waitMs, false, { ref: false })]);
  const climb = async (isHung: () => boolean): Promise<void> => {
    send({ type: 'stop' });
    // One that was stopped by a signal has to go on before it can save.
    child.kill('SIGCONT');
    while (performance.now() < deadline && !isHung()) {
      if (await gone(Math.min(deadline - performance.now(), 250))) return;
    }
    signal('SIGTERM');
    if (await gone(isHung() ? terminateHungMs : terminateMs)) return;
    signal('SIGKILL');
    await exited;
  };
  return {
    pid: child.pid ?? 0,
    send,
    stop: (graceMs, isHung = () => false) => {
      deadline = Math.min(deadline, performance.now() + graceMs);
      return (stopping ??= climb(isHung));
    },
    kill: () => signal('SIGKILL'),
    exited,
    noteMemory: (bytes) => (memoryBytes = bytes),
  };
}

function exitOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly reason: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, reason: error.message }));
    // 'close' comes after the streams have ended, so the tail is complete.
    child.once('close', (code, signal) => resolve({ code, signal, reason: '' }));
  });
}

async function greet(
  child: ChildProcess,
  program: TrainerProgram,
  exited: Promise<TrainerExit>,
  signal: (name: 'SIGKILL') => void,
): Promise<void> {
  const withinMs = program.readyWithinMs ?? 60_000;
  const greeting = new Promise<unknown>((resolve) => child.once('message', resolve));
  const died = exited.then((exit) => {
    throw new FaultError(
      'trainer-died',
      `The trainer ended before it was ready (${String(exit.signal ?? exit.code)}). ${withoutLogLines(exit.tail).slice(-600)}`.trim(),
      { node: program.node, script: program.script },
      { retry: 'again' },
    );
  });
  // If the greeting comes first, nothing awaits `died` any more; its later rejection is the normal exit.
  died.catch(() => undefined);
  const late = Symbol('late');
  const first = await Promise.race([greeting, died, after(withinMs, late, { ref: false })]);
  if (first === late) {
    signal('SIGKILL');
    throw new FaultError(
      'trainer-silent',
      `The trainer said nothing within ${withinMs / 1000} s of its start.`,
      {},
      { retry: 'again' },
    );
  }
  const parsed = v.safeParse(Greeting, first);
  if (!parsed.success || parsed.output.protocol !== protocolVersion) {
    signal('SIGKILL');
    const theirs = parsed.success ? String(parsed.output.protocol) : 'none';
    throw new FaultError(
      'protocol-mismatch',
      `The trainer speaks protocol ${theirs}, this program speaks ${protocolVersion}. Install the program again; in a checkout, "npm start" builds both anew.`,
      { theirs, ours: protocolVersion },
    );
  }
}
