/** The run database as main and the terminal see it: the same questions, asked of the child process that owns the file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { childEnvironment } from '../child-environment.ts';
import type { StoreMessage, StoreRequest } from './child.ts';
import type { Damaged } from './open.ts';
import type { Queries, Store } from './store.ts';

export interface StoreOptions {
  /** The Node 22 that better-sqlite3's binary is made for. */
  readonly node: string;
  /** The bundled child, `out/node/store.js`. */
  readonly script: string;
  readonly database: string;
  /** Folder of the SQL files. */
  readonly migrations: string;
  readonly env: NodeJS.ProcessEnv;
  /** Look while another process may be writing: takes no lock, migrates nothing. */
  readonly readonly?: boolean;
  readonly log?: (line: string) => void;
  /** Called if the database was damaged and has been put aside: its rows must be made anew from the files. */
  readonly damaged?: (damaged: Damaged) => void;
  /** Called if it was of an older version and has been brought up to date, with the copy that was made before. */
  readonly migrated?: (backup: string) => void;
}

/**
 * What a question does. If the child died with it open, reading is done again, and writing whose second time changes nothing (`sets`);
 * `insertRun` refuses a second time (`adds`), so whether the first was committed must be said. The same reading asked for several
 * times before the first answer, with no writing between, is done once.
 */
const kinds = {
  apply: 'sets',
  lastApplied: 'reads',
  insertRun: 'adds',
  beginAttempt: 'sets',
  endAttempt: 'sets',
  openAttempts: 'reads',
  setStatus: 'sets',
  rename: 'sets',
  note: 'sets',
  archive: 'sets',
  tag: 'sets',
  markDeleted: 'sets',
  forget: 'sets',
  replayed: 'reads',
  markReplayed: 'sets',
  markFolder: 'sets',
  setQueue: 'sets',
  queue: 'reads',
  runs: 'reads',
  run: 'reads',
  attempts: 'reads',
  checkpoints: 'reads',
  markCheckpoint: 'sets',
  adoptCheckpoint: 'sets',
  metricNames: 'reads',
  lastMetric: 'reads',
  meanMetric: 'reads',
  series: 'reads',
  log: 'reads',
  runsWithNotices: 'reads',
  marks: 'reads',
  hello: 'reads',
  results: 'reads',
  saveDataset: 'sets',
  forgetDataset: 'sets',
  forgetPlan: 'sets',
  datasets: 'reads',
  savePlan: 'sets',
  plans: 'reads',
  saveReport: 'sets',
  reports: 'reads',
  saveReferenceCurves: 'sets',
  describeReferenceCurves: 'sets',
  forgetReferenceCurves: 'sets',
  referenceCurves: 'reads',
  referenceSeries: 'reads',
  saveCalibration: 'sets',
  calibration: 'reads',
} as const satisfies Record<keyof Queries, 'reads' | 'sets' | 'adds'>;

const slowMs = 40;
/** Questions under way in the child; more wait here. Bounds what a dead child leaves open and the pipe's buffer. */
const windowSize = 32;
/** Waiting questions beyond this are refused: somebody asks without listening. */
const queueSize = 10_000;
/** A child that dies this often within a minute will not get better. */
const restartsPerMinute = 5;
const closeTimeoutMs = 10_000;

interface Call {
  readonly name: keyof Queries;
  readonly args: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: FaultError) => void;
  tries: number;
}

/** Opens, checks and migrates the database; a fault tells why it could not. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const connection = new Connection(options);
  await connection.start();
  const entries = (Object.keys(kinds) as (keyof Queries)[]).map(
    (name) => [name, (...args: readonly unknown[]) => connection.ask(name, args)] as const,
  );
  return Object.freeze({ ...Object.fromEntries(entries), close: () => connection.close() }) as unknown as Store;
}

class Connection {
  readonly #options: StoreOptions;
  #child: ChildProcess | null = null;
  readonly #waiting: Call[] = [];
  readonly #open = new Map<number, Call>();
  /** Readings that have no answer yet, and after which nothing was written; by their name and arguments. */
  readonly #reading = new Map<string, Promise<unknown>>();
  readonly #restarts: number[] = [];
  #nextId = 1;
  #state: 'starting' | 'ready' | 'dead' = 'starting';
  #hasOpened = false;
  #closing = false;
  #drained: (() => void) | null = null;
  /** Last lines the child wrote to its error output: the reason of a death that had no other. */
  #tail = '';
  /** Why there is no child any more. */
  #reason = 'The run database is not open.';

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  ask(name: keyof Queries, args: readonly unknown[]): Promise<unknown> {
    if (kinds[name] !== 'reads') {
      this.#reading.clear();
      return this.#enter(name, args);
    }
    const key = JSON.stringify([name, ...args]);
    const known = this.#reading.get(key);
    if (known !== undefined) return known;
    const answer = this.#enter(name, args).finally(() => {
      if (this.#reading.get(key) === answer) this.#reading.delete(key);
    });
    this.#reading.set(key, answer);
    return answer;
  }

  #enter(name: keyof Queries, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closing || this.#state === 'dead') {
        const why = this.#state === 'dead' ? this.#reason : 'The run database is being closed.';
        reject(new FaultError('store-died', `"${name}" was not carried out. ${why}`.trim(), { query: name }));
      } else if (this.#waiting.length >= queueSize) {
        reject(
          new FaultError('busy', `"${name}" was refused: ${queueSize} questions wait for the run database.`, {
            query: name,
          }),
        );
      } else {
        this.#waiting.push({ name, args, resolve, reject, tries: 0 });
        this.#pump();
      }
    });
  }

  async start(): Promise<void> {
    this.#state = 'starting';
    const { node, script, database, migrations, env, readonly } = this.#options;
    const args = [
      script,
      '--database',
      database,
      '--migrations',
      migrations,
      // Made anew only before the workspace has been read into it: later its rows would be missing.
      ...(readonly === true ? ['--readonly'] : this.#hasOpened ? [] : ['--remake']),
    ];
    // `spawn`, not `fork`: Electron changes `fork` to start its own binary, and `fork` hands on this process's flags.
    const child = spawn(node, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: childEnvironment(env),
      windowsHide: true,
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-2000);
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (message: string): void => {
        const text = `The run database's process ${message} ${this.#tail}`.trim();
        reject(new FaultError('store-died', text, { node, script }));
      };
      child.once('error', (error) => failed(`could not be started (${node}): ${error.message}.`));
      child.once('exit', (code, signal) => failed(`ended before it was ready (${signal ?? code}).`));
      child.once('message', (message: StoreMessage) => {
        if (!('opened' in message)) failed('answered before it was asked.');
        else if (message.opened.ok) {
          const { backup, damaged } = message.opened;
          if (damaged !== null) this.#options.damaged?.(damaged);
          if (backup !== null) this.#options.migrated?.(backup);
          resolve();
        } else {
          const { fault } = message.opened;
          reject(new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry }));
        }
      });
    }).catch((error: unknown) => {
      this.#state = 'dead';
      this.#child = null;
      if (child.exitCode === null) child.kill('SIGKILL');
      throw error;
    });
    child.removeAllListeners('exit').removeAllListeners('error');
    child.on('error', (error) => this.#options.log?.(`store: ${error.message}`));
    child.on('exit', (code, signal) => this.#died(child, code, signal));
    child.on('message', (message: StoreMessage) => this.#answered(message));
    // It may have died between its first message and now; then there is no exit event left to hear.
    if (child.exitCode !== null || child.signalCode !== null) this.#died(child, child.exitCode, child.signalCode);
    else {
      this.#state = 'ready';
      this.#hasOpened = true;
      this.#pump();
    }
  }

  #pump(): void {
    if (this.#state !== 'ready') return;
    while (this.#open.size < windowSize && this.#child?.connected === true) {
      const call = this.#waiting.shift();
      if (call === undefined) break;
      const id = this.#nextId++;
      call.tries += 1;
      this.#open.set(id, call);
      // A send that fails is followed by the child's exit, which takes care of every open call.
      this.#send({ id, name: call.name, args: call.args });
    }
    if (this.#open.size === 0 && this.#waiting.length === 0) this.#drained?.();
  }

  #send(request: StoreRequest): void {
    this.#child?.send(request, (error) => {
      if (error !== null) this.#options.log?.(`store: ${error.message}`);
    });
  }

  #answered(message: StoreMessage): void {
    if ('opened' in message) return;
    const call = this.#open.get(message.id);
    if (call === undefined) return;
    this.#open.delete(message.id);
    if (message.milliseconds > slowMs)
      this.#options.log?.(`store: ${call.name} took ${message.milliseconds.toFixed(0)} ms`);
    if (message.ok) call.resolve(message.value);
    else {
      const { code, message: text, values, retry } = message.fault;
      call.reject(new FaultError(code, text, values, { retry: retry }));
    }
    this.#pump();
  }

  #died(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    const lost = [...this.#open.values()];
    this.#open.clear();
    this.#options.log?.(
      `store: the process ended (${signal ?? code}) with ${lost.length} questions open. ${this.#tail}`.trim(),
    );
    for (const call of lost.toReversed()) {
      if (kinds[call.name] !== 'adds' && call.tries < 2) this.#waiting.unshift(call);
      else
        call.reject(
          new FaultError(
            'store-died',
            `The run database's process ended (${signal ?? code}) while "${call.name}" was being carried out. Whether it was is not known.`,
            { query: call.name },
            { retry: 'again' },
          ),
        );
    }
    this.#state = 'starting';
    if (this.#closing && this.#waiting.length === 0) {
      this.#state = 'dead';
      this.#drained?.();
      return;
    }
    this.#restart();
  }

  /** Starts another child in place of a dead one. One that dies before it is ready is one more death. */
  #restart(): void {
    const now = Date.now();
    while (this.#restarts[0] !== undefined && now - this.#restarts[0] > 60_000) this.#restarts.shift();
    this.#restarts.push(now);
    if (this.#restarts.length > restartsPerMinute) {
      this.#giveUp(
        `The run database's process ended ${this.#restarts.length} times within a minute. ${this.#tail}`.trim(),
      );
      return;
    }
    this.start().catch((error: unknown) => {
      const { code, message } = faultOf(error);
      if (code === 'store-died') this.#restart();
      else this.#giveUp(message);
    });
  }

  #giveUp(reason: string): void {
    this.#state = 'dead';
    this.#reason = reason;
    this.#options.log?.(`store: ${reason}`);
    for (const call of this.#waiting.splice(0))
      call.reject(new FaultError('store-died', `"${call.name}" was not carried out. ${reason}`, { query: call.name }));
    this.#drained?.();
  }

  /** Refuses new questions, waits for those asked, then for the child to close the file. */
  async close(): Promise<void> {
    if (this.#closing || this.#state === 'dead') return;
    this.#closing = true;
    this.#reading.clear();
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#pump();
    });
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), closeTimeoutMs);
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.send({ close: true } satisfies StoreRequest);
    });
    clearTimeout(timer);
  }
}
