/**
 * Determines why a trainer's process ended, from its exit status and last output. Pure except for reading a kernel
 * counter.
 */
import { readFile } from 'node:fs/promises';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';

export interface TrainerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The signal this program sent, if any: such an end is not a failure. */
  readonly sent: 'SIGTERM' | 'SIGKILL' | null;
  /** Last lines of its error output. */
  readonly tail: string;
  /** Kernel out-of-memory kills while it ran; null if the counter cannot be read. */
  readonly memoryKills: number | null;
  /** Resident memory, as last reported. */
  readonly memoryBytes: number | null;
}

interface KnownText {
  readonly pattern: RegExp;
  readonly code: Fault['code'];
  readonly advice: string;
  readonly retry?: NonNullable<Fault['retry']>;
}

/** Last output of processes that die before they can send a fault: V8, the C++ runtime, the dynamic loader, CUDA. */
const lastWords: readonly KnownText[] = [
  {
    pattern: /heap out of memory|std::bad_alloc|CUDA_ERROR_OUT_OF_MEMORY|RESOURCE_EXHAUSTED|OOM when allocating/,
    code: 'out-of-memory',
    advice: 'There was not enough memory: use a smaller batch.',
    retry: 'smaller-batch',
  },
  {
    pattern: /cannot open shared object file|ERR_DLOPEN_FAILED|undefined symbol|GLIBC\w*_[\d.]+' not found/,
    code: 'library-missing',
    advice:
      'A native library is missing or does not fit: install the program again; in a checkout, run "npm start" once.',
  },
  {
    pattern: /Cannot find module|ERR_MODULE_NOT_FOUND/,
    code: 'library-missing',
    advice:
      'The trainer is not built or a package is missing: install the program again; in a checkout, run "npm start" once.',
  },
  {
    pattern: /CUDA_ERROR_NO_DEVICE|no CUDA-capable device|driver version is insufficient/,
    code: 'device-unavailable',
    advice: 'The GPU cannot be used: choose the processor, or check the driver.',
  },
];

/**
 * Lines that TensorFlow, CUDA and Node log in any case, as opposed to fatal ones (glog's F, most of its E, V8's and the
 * loader's lines).
 */
const logLine =
  /^(?:WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] |.*Unable to register \w+ (?:plugin )?factory|.*\boneDNN custom operations\b|.*\bTF_ENABLE_ONEDNN_OPTS\b|.*\bThis TensorFlow binary is optimized\b|.*\bTo enable the following instructions|.*\b[IW]\d{4} \d\d:\d\d:\d\d\S* +\d+ \S+\.cc:\d+\]|\(node:\d+\) |\(Use `node --trace-)/;

/** The last output of a program without routine log lines. */
export function withoutLogLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => !logLine.test(line))
    .join('\n')
    .trim();
}

/** The fault of an exit; null for a normal end or one caused by this program. */
export function exitFault(exit: TrainerExit): Fault | null {
  if (exit.sent !== null) return null;
  const last = withoutLogLines(exit.tail).split('\n').slice(-3).join(' ').slice(-500);
  const values = { ...(last === '' ? {} : { tail: last }) };
  if (exit.signal === 'SIGKILL' && (exit.memoryKills === null || exit.memoryKills > 0)) {
    const held = exit.memoryBytes === null ? '' : ` It last held ${Math.round(exit.memoryBytes / 2 ** 20)} MiB.`;
    return {
      code: 'out-of-memory',
      message: `The trainer was ended by the system, most likely because memory ran out.${held} Use a smaller batch.`,
      values: { ...values, ...(exit.memoryBytes === null ? {} : { memoryBytes: exit.memoryBytes }) },
      retry: 'smaller-batch',
    };
  }
  const known = lastWords.find((text) => text.pattern.test(exit.tail));
  if (known !== undefined) {
    const retry = known.retry === undefined ? {} : { retry: known.retry };
    return { code: known.code, message: `${known.advice} It said: ${last}`, values, ...retry };
  }
  const how = exit.signal ?? `exit code ${String(exit.code)}`;
  const ended =
    exit.signal === null
      ? `The trainer exited unexpectedly (${how}).`
      : `The trainer was killed (${how}), and not by this program.`;
  return {
    code: 'trainer-died',
    message: `${ended}${last === '' ? '' : ` Its last lines: ${last}`}`,
    values: { ...values, how },
    retry: 'resume',
  };
}

/** A line of TensorFlow's log: time, thread and place in its source come first. */
const placed = /^(?:[IWEF]\d{4} [\d:.]+ +\d+|\d{4}-\d\d-\d\d [\d:.]+: [IWEF]) [\w./-]+:\d+\] (.+)$/;
const onDevices = /\bGPUs?\b|cuda|cudnn|\bcu[A-Z]\w+|\bdriver\b|dlopen|\.so\b/i;

/** TensorFlow's last sentences on GPUs and their libraries, without those that it logs in any case; empty if there are none. */
export function deviceWords(tail: string): string {
  const said = tail.split('\n').flatMap((line) => placed.exec(line)?.[1] ?? []);
  const own = said.filter((line) => onDevices.test(line) && !/Unable to register|oneDNN/.test(line));
  return [...new Set(own)].slice(-4).join(' ').slice(-800);
}

/** An event as it is, and where it says that the chosen GPU is not there, with what TensorFlow said of that. */
export function withDeviceWords(event: TrainerEvent, tail: string): TrainerEvent {
  if (event.type !== 'stopped' || event.fault?.code !== 'device-unavailable') return event;
  const words = deviceWords(tail);
  if (words === '') return event;
  const { message, values } = event.fault;
  return {
    ...event,
    fault: { ...event.fault, message: `${message} TensorFlow said: ${words}`, values: { ...values, tail: words } },
  };
}

/** Number of processes killed by the kernel for lack of memory since boot; null if not available. */
export async function memoryKillCount(): Promise<number | null> {
  const text = await readFile('/proc/vmstat', 'utf8').catch(() => null);
  const found = /^oom_kill (\d+)$/m.exec(text ?? '');
  return found === null ? null : Number(found[1]);
}
