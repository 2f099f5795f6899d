/**
 * Loading TensorFlow reads most of its 600 MB once: symbols and relocations of the linker, and the start of hundreds of parts
 * that register themselves. Those pages stay in the process's memory although nothing reads them again.
 */
import { readFileSync } from 'node:fs';
import type { LibraryHandle } from 'koffi';

/** MADV_DONTNEED: the process lets go of the pages; of a file that is mapped to be read, they come back when they are read. */
const letGo = 4;

/** A mapping of /proc/self/smaps whose pages are those of its file: no writing, and nothing written before it was protected. */
const onlyRead = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +(\/.*)$/m;
const nothingWritten = /^Anonymous: +0 kB$/m;

/** Lets go of what loading read of the libraries in a folder. Linux. */
export function letGoOfLoadedPages(system: LibraryHandle, folder: string): void {
  const advise = system.func('int madvise(int64_t, size_t, int)') as (
    from: number,
    size: number,
    how: number,
  ) => number;
  for (const mapping of readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from = '', to = '', path = ''] = onlyRead.exec(mapping) ?? [];
    if (!path.startsWith(`${folder}/`) || !nothingWritten.test(mapping)) continue;
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    // A kernel that refuses keeps the pages: nothing is lost.
    advise(start, end - start, letGo);
  }
}
