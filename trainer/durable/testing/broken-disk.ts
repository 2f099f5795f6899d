/**
 * A disk that fails at one call: every call of `node:fs` that changes something below a folder is counted, and from the
 * chosen one on the process is dead, the power is gone, or the system refuses.
 *
 * In a test: `breakDisk(plan)` and `mend()`. In a program: `node --import broken-disk.ts program.js` with the plan as JSON
 * in REPRISE_BROKEN_DISK. What native code writes (SQLite, TensorFlow) does not pass here: see `kill-at-calls.ts`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve, sep } from 'node:path';
import process from 'node:process';
import { LostPower } from './lost-power.ts';

/** A name of the system's for what it refuses. */
export type Refusal = 'ENOSPC' | 'EDQUOT' | 'EFBIG' | 'EIO' | 'EROFS';

export interface Plan {
  /** Calls below this folder count. */
  readonly below: string;
  /** Number of the call, from 1. Larger than any: none fails, all are counted. */
  readonly at: number;
  /**
   * `kill`: SIGKILL before the call. `death`: the same within a test: from there on no call changes anything. Otherwise
   * what the system says, at this call and at all later ones that it would refuse.
   */
  readonly how: 'kill' | 'death' | Refusal;
  /** A write takes half of its bytes before it fails. Only writes count then. */
  readonly torn?: boolean;
  /** The disk recovers when this file exists. */
  readonly healedBy?: string;
  /** Where a program writes the call that failed. */
  readonly report?: string;
}

export interface Call {
  readonly name: CallName;
  /** Relative to the folder. */
  readonly path: string;
}

type CallName = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'rmdir' | 'mkdir' | 'link' | 'copy';

/** Refused for want of room. Deleting needs none. */
const takesRoom: readonly CallName[] = ['open', 'write', 'sync', 'rename', 'mkdir', 'link', 'copy'];
const refusedBy: Readonly<Record<Refusal, readonly CallName[]>> = {
  ENOSPC: takesRoom,
  EDQUOT: takesRoom,
  EFBIG: ['write', 'copy'],
  EIO: [...takesRoom, 'truncate', 'unlink', 'rmdir'],
  EROFS: [...takesRoom, 'truncate', 'unlink', 'rmdir'],
};

const isRefusal = (how: Plan['how']): how is Refusal => how !== 'kill' && how !== 'death';

type Verdict = { readonly error: Error | null; readonly half: boolean };

/** Counts calls and says which may go through. */
class Judge {
  readonly #plan: Plan;
  readonly #below: string;
  readonly calls: Call[] = [];
  hit: Call | null = null;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#below = resolve(plan.below) + sep;
  }

  judge(name: CallName, path: string): Verdict {
    const { at, how, torn = false, healedBy, report } = this.#plan;
    const goes = { error: null, half: false };
    const whole = resolve(path);
    if (!`${whole}${sep}`.startsWith(this.#below) || whole.includes(`${sep}logs${sep}`)) return goes;
    const counts = (!isRefusal(how) || refusedBy[how].includes(name)) && (!torn || name === 'write');
    if (this.hit !== null) {
      if (healedBy !== undefined && original.existsSync(healedBy)) return goes;
      return counts || how === 'death' ? { error: this.#error(name, whole), half: false } : goes;
    }
    if (!counts) return goes;
    const call = { name, path: whole.slice(this.#below.length) };
    this.calls.push(call);
    if (this.calls.length !== at) return goes;
    this.hit = call;
    if (report !== undefined) original.writeFileSync(report, JSON.stringify(call));
    return { error: this.#error(name, whole), half: torn };
  }

  #error(name: CallName, path: string): Error {
    const code = isRefusal(this.#plan.how) ? this.#plan.how : 'DIED';
    return Object.assign(new Error(`${code}: ${name} '${path}'`), { code, syscall: name, path });
  }

  /** Ends the process where that is the plan, else throws. */
  fail(error: Error): never {
    if (this.#plan.how === 'kill') {
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    }
    throw error;
  }
}

const original = { ...fs };
const originalPromises = { ...fs.promises };

type Bytes = Uint8Array | string;
const asBytes = (data: unknown): Buffer =>
  typeof data === 'string'
    ? Buffer.from(data)
    : Buffer.from((data as Uint8Array).buffer, (data as Uint8Array).byteOffset, (data as Uint8Array).byteLength);

const isWriting = (flags: unknown): boolean =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wa+]/.test(typeof flags === 'string' ? flags : 'r');
const isEmptying = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & fs.constants.O_TRUNC) !== 0 : String(flags).includes('w');

export interface BrokenDisk {
  readonly calls: readonly Call[];
  /** The call at which it failed; null: it was not reached. */
  readonly hit: () => Call | null;
  /** Takes away what a power cut would have, once the disk is mended. `data`: names stay, contents that were not flushed do not. `all`: neither. */
  readonly losePower: (what: 'data' | 'all') => void;
  /** The disk works again. */
  readonly mend: () => void;
}

export async function breakDisk(plan: Plan): Promise<BrokenDisk> {
  const judge = new Judge(plan);
  const power = new LostPower(resolve(plan.below), original);
  const paths = new Map<number, string>();

  /** Makes a call that is not a write, if it may go through. */
  function go<T>(name: CallName, path: string, work: () => T, noted: () => void = () => undefined): T {
    const { error } = judge.judge(name, path);
    if (error !== null) judge.fail(error);
    noted();
    return work();
  }

  /** Writes through the original call; `write` returns the bytes written. */
  function judgeWrite(path: string, length: number): number {
    const { error, half } = judge.judge('write', path);
    if (error === null) return length;
    if (half && length > 1) return -Math.floor(length / 2);
    return judge.fail(error);
  }

  function writeSync(fd: number, data: Bytes, ...rest: readonly unknown[]): number {
    const path = paths.get(fd);
    const bytes = asBytes(data);
    const [offset, length, position] =
      typeof data === 'string'
        ? [0, bytes.length, rest[0] as number | null | undefined]
        : [
            (rest[0] as number | undefined) ?? 0,
            (rest[1] as number | undefined) ?? bytes.length - ((rest[0] as number | undefined) ?? 0),
            rest[2] as number | null | undefined,
          ];
    if (path === undefined) return original.writeSync(fd, bytes, offset, length, position ?? null);
    const allowed = judgeWrite(path, length);
    power.wrote(path);
    const written = original.writeSync(fd, bytes, offset, Math.abs(allowed), position ?? null);
    if (allowed < 0)
      judge.fail(Object.assign(new Error('torn'), { code: isRefusal(plan.how) ? plan.how : 'DIED', path }));
    return written;
  }

  function openSync(path: fs.PathLike, flags: fs.OpenMode = 'r', mode?: fs.Mode): number {
    const name = String(path);
    const open = (): number => original.openSync(path, flags, mode);
    const fd = isWriting(flags) ? go('open', name, open, () => power.opened(name, isEmptying(flags))) : open();
    paths.set(fd, name);
    return fd;
  }

  function removeSync(path: fs.PathLike, options: fs.RmOptions = {}): void {
    const name = String(path);
    const found = original.lstatSync(name, { throwIfNoEntry: false });
    if (found === undefined) {
      if (options.force !== true) original.rmSync(name);
      return;
    }
    if (found.isDirectory() && options.recursive === true) {
      for (const entry of original.readdirSync(name)) removeSync(join(name, entry), options);
      go(
        'rmdir',
        name,
        () => original.rmdirSync(name),
        () => power.removed(name),
      );
    } else
      go(
        'unlink',
        name,
        () => original.unlinkSync(name),
        () => power.removed(name),
      );
  }

  function writeFileSync(path: fs.PathOrFileDescriptor, data: Bytes, options: unknown, flags: string): void {
    const chosen = (typeof options === 'object' && options !== null ? options : {}) as {
      flag?: string;
      flush?: boolean;
    };
    const fd = typeof path === 'number' ? path : openSync(path, chosen.flag ?? flags);
    try {
      const bytes = asBytes(data);
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
      if (chosen.flush === true) syncSync(fd);
    } finally {
      if (typeof path !== 'number') original.closeSync(fd);
    }
  }

  function syncSync(fd: number): void {
    const path = paths.get(fd);
    if (path === undefined) original.fsyncSync(fd);
    else
      go(
        'sync',
        path,
        () => original.fsyncSync(fd),
        () => undefined,
      );
    if (path !== undefined) power.synced(path);
  }

  function renameSync(from: fs.PathLike, to: fs.PathLike): void {
    go(
      'rename',
      String(to),
      () => original.renameSync(from, to),
      () => power.renamed(String(from), String(to)),
    );
  }
  function mkdirSync(path: fs.PathLike, options?: unknown): string | undefined {
    const make = original.mkdirSync as (path: fs.PathLike, options: unknown) => string | undefined;
    if (original.existsSync(path)) return make(path, options);
    return go(
      'mkdir',
      String(path),
      () => make(path, options),
      () => power.created(String(path)),
    );
  }
  function linkSync(from: fs.PathLike, to: fs.PathLike): void {
    go(
      'link',
      String(to),
      () => original.linkSync(from, to),
      () => power.created(String(to)),
    );
  }
  function truncateSync(fd: number, length = 0): void {
    const path = paths.get(fd) ?? '';
    go(
      'truncate',
      path,
      () => original.ftruncateSync(fd, length),
      () => power.wrote(path),
    );
  }
  function copyFileSync(from: fs.PathLike, to: fs.PathLike, mode?: number): void {
    go(
      'copy',
      String(to),
      () => original.copyFileSync(from, to, mode),
      () => power.opened(String(to), true),
    );
  }

  const sync = {
    openSync,
    writeSync,
    fsyncSync: syncSync,
    fdatasyncSync: syncSync,
    ftruncateSync: truncateSync,
    renameSync,
    mkdirSync,
    linkSync,
    copyFileSync,
    rmSync: removeSync,
    unlinkSync: (path: fs.PathLike) => removeSync(path),
    rmdirSync: (path: fs.PathLike) =>
      go(
        'rmdir',
        String(path),
        () => original.rmdirSync(path),
        () => power.removed(String(path)),
      ),
    writeFileSync: (path: fs.PathOrFileDescriptor, data: Bytes, options?: unknown) =>
      writeFileSync(path, data, options, 'w'),
    appendFileSync: (path: fs.PathOrFileDescriptor, data: Bytes, options?: unknown) =>
      writeFileSync(path, data, options, 'a'),
  };
  Object.assign(fs, sync);

  // Calls that need no handle are as good made at once: nothing else runs meanwhile.
  const later =
    <A extends readonly never[], T>(work: (...args: A) => T) =>
    async (...args: A): Promise<T> => {
      await Promise.resolve();
      return work(...args);
    };
  Object.assign(fs.promises, {
    rename: later(renameSync),
    mkdir: later(mkdirSync),
    link: later(linkSync),
    copyFile: later(copyFileSync),
    rm: later(removeSync),
    unlink: later(sync.unlinkSync),
    rmdir: later(sync.rmdirSync),
    writeFile: async (path: unknown, data: Bytes, options?: unknown) =>
      typeof path === 'string'
        ? later(sync.writeFileSync)(path as never, data as never, options as never)
        : originalPromises.writeFile(path as string, data),
    appendFile: later(sync.appendFileSync),
    async open(path: fs.PathLike, flags: string | number = 'r', mode?: fs.Mode) {
      const name = String(path);
      if (isWriting(flags))
        go(
          'open',
          name,
          () => undefined,
          () => power.opened(name, isEmptying(flags)),
        );
      const handle = await originalPromises.open(path, flags, mode);
      paths.set(handle.fd, name);
      return handle;
    },
  });

  const probe = await originalPromises.open(process.execPath, 'r');
  const handles = Object.getPrototypeOf(probe) as Record<string, unknown>;
  const handleCalls = Object.fromEntries(
    ['write', 'writeFile', 'sync', 'datasync', 'truncate'].map((name) => [name, handles[name]]),
  );
  await probe.close();
  Object.assign(handles, {
    async write(this: { fd: number }, data: Bytes, offset?: unknown, length?: number, position?: number | null) {
      await Promise.resolve();
      const [from, count, at] =
        typeof offset === 'object' && offset !== null
          ? [
              (offset as { offset?: number }).offset,
              (offset as { length?: number }).length,
              (offset as { position?: number }).position,
            ]
          : [offset as number | undefined, length, position];
      const bytesWritten =
        typeof data === 'string'
          ? writeSync(this.fd, data, from)
          : writeSync(this.fd, data, from ?? 0, count ?? data.byteLength - (from ?? 0), at);
      return { bytesWritten, buffer: data };
    },
    async writeFile(this: { fd: number }, data: Bytes) {
      await Promise.resolve();
      writeFileSync(this.fd, data, {}, 'w');
    },
    async sync(this: { fd: number }) {
      await Promise.resolve();
      syncSync(this.fd);
    },
    async datasync(this: { fd: number }) {
      await Promise.resolve();
      syncSync(this.fd);
    },
    async truncate(this: { fd: number }, length = 0) {
      await Promise.resolve();
      truncateSync(this.fd, length);
    },
  });
  syncBuiltinESMExports();

  return {
    calls: judge.calls,
    hit: () => judge.hit,
    losePower: (what) => power.lose(what),
    mend: () => {
      for (const name of Object.keys(sync))
        (fs as unknown as Record<string, unknown>)[name] = original[name as keyof typeof original];
      Object.assign(fs.promises, originalPromises);
      Object.assign(handles, handleCalls);
      syncBuiltinESMExports();
    },
  };
}

const given = process.env['REPRISE_BROKEN_DISK'];
if (given !== undefined && given !== '') await breakDisk(JSON.parse(given) as Plan);
