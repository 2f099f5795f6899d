/**
 * What a power cut leaves at its worst: contents that were not flushed are gone, and so are names whose folder was not.
 * A file system may keep any part of them; the two ends are tried, and contents without names cannot be seen.
 */
import type fs from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

type Disk = Pick<
  typeof fs,
  'existsSync' | 'lstatSync' | 'readFileSync' | 'readdirSync' | 'renameSync' | 'rmSync' | 'writeFileSync' | 'mkdirSync'
>;

/** A change of a folder's names that is not flushed. */
interface Change {
  /** As it is called now. */
  readonly name: string;
  /** Of a rename: as it was called. */
  readonly from?: string;
  readonly undo: (name: string) => void;
}

export class LostPower {
  readonly #root: string;
  readonly #disk: Disk;
  /** File → its contents when it was last flushed. */
  readonly #flushed = new Map<string, Buffer>();
  #changes: Change[] = [];

  constructor(root: string, disk: Disk) {
    this.#root = root;
    this.#disk = disk;
  }

  #isInside(path: string): boolean {
    return `${resolve(path)}${sep}`.startsWith(this.#root + sep);
  }

  #contents(path: string): Buffer | null {
    const found = this.#disk.lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? this.#disk.readFileSync(path) : null;
  }

  /** Before a file is opened to be written. */
  opened(path: string, isEmptied: boolean): void {
    if (!this.#isInside(path)) return;
    const file = resolve(path);
    const before = this.#contents(file);
    if (before === null) this.created(file);
    else if (isEmptied) this.wrote(file);
  }

  /** Before a file is written to. */
  wrote(path: string): void {
    if (!this.#isInside(path)) return;
    const file = resolve(path);
    // What a file has at its first write was flushed: it is as the test made it.
    if (!this.#flushed.has(file)) this.#flushed.set(file, this.#contents(file) ?? Buffer.alloc(0));
  }

  /** Before a name is made. */
  created(path: string): void {
    if (!this.#isInside(path)) return;
    const name = resolve(path);
    this.#flushed.set(name, Buffer.alloc(0));
    this.#changes.push({ name, undo: (now) => this.#disk.rmSync(now, { recursive: true, force: true }) });
  }

  /** Before a name is removed. Only files come back: what was in a folder was removed before it. */
  removed(path: string): void {
    if (!this.#isInside(path)) return;
    const name = resolve(path);
    const contents = this.#flushed.get(name) ?? this.#contents(name);
    const isFolder = this.#disk.lstatSync(name).isDirectory();
    this.#flushed.delete(name);
    this.#changes.push({
      name,
      undo: (now) => {
        if (isFolder) this.#disk.mkdirSync(now, { recursive: true });
        else this.#disk.writeFileSync(now, contents ?? '');
      },
    });
  }

  /** Before a name is given to something else. */
  renamed(from: string, to: string): void {
    if (!this.#isInside(to)) return;
    const [before, after] = [resolve(from), resolve(to)];
    const replaced = this.#flushed.get(after) ?? this.#contents(after);
    // What was known by the old name, also inside a folder, is known by the new one.
    for (const [name, contents] of [...this.#flushed]) {
      this.#flushed.delete(name);
      this.#flushed.set(moved(name, before, after), contents);
    }
    this.#called(before, after);
    this.#changes.push({
      name: after,
      from: before,
      undo: () => {
        this.#disk.renameSync(after, before);
        if (replaced !== null) this.#disk.writeFileSync(after, replaced);
      },
    });
  }

  #called(before: string, after: string): void {
    this.#changes = this.#changes.map((change) => ({ ...change, name: moved(change.name, before, after) }));
  }

  /** After a file or a folder was flushed. */
  synced(path: string): void {
    if (!this.#isInside(path) && resolve(path) !== this.#root) return;
    const name = resolve(path);
    const contents = this.#contents(name);
    if (contents !== null) this.#flushed.set(name, contents);
    else this.#changes = this.#changes.filter((change) => dirname(change.name) !== name);
  }

  lose(what: 'data' | 'all'): void {
    for (const [file, contents] of this.#flushed)
      if (this.#contents(file) !== null) this.#disk.writeFileSync(file, contents);
    if (what === 'data') return;
    for (let change = this.#changes.pop(); change; change = this.#changes.pop()) {
      change.undo(change.name);
      if (change.from !== undefined) this.#called(change.name, change.from);
    }
  }
}

function moved(path: string, before: string, after: string): string {
  return path === before || path.startsWith(before + sep) ? resolve(after, relative(before, path)) : path;
}
