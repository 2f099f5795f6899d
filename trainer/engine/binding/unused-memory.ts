/**
 * Memory that a process keeps although it has no more use for it. Loading TensorFlow reads most of its 600 MB once: symbols
 * and relocations of the linker, and the start of hundreds of parts that register themselves. Optimizing a graph makes copies
 * of it, whose memory glibc keeps for the next that asks.
 */
import { readFileSync } from 'node:fs';
import type { LibraryHandle } from 'koffi';

/** MADV_DONTNEED: the process lets go of the pages; of a file that is mapped to be read, they come back when they are read. */
const letGo = 4;

/** A mapping of /proc/self/smaps whose pages are those of its file: no writing, and nothing written before it was protected. */
const onlyRead = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +\/.*$/m;
const nothingWritten = /^Anonymous: +0 kB$/m;

/** What gives back to the system the free blocks of the C library and the pages that were only read of files. Linux. */
export function unusedMemory(system: LibraryHandle): () => void {
  const trim = system.func('int malloc_trim(size_t)') as (keep: number) => number;
  const advise = system.func('int madvise(int64_t, size_t, int)') as (
    from: number,
    size: number,
    how: number,
  ) => number;
  return () => {
    trim(0);
    for (const mapping of readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
      const [, from = '', to = ''] = onlyRead.exec(mapping) ?? [];
      if (from === '' || !nothingWritten.test(mapping)) continue;
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
      // A kernel that refuses keeps the pages: nothing is lost.
      advise(start, end - start, letGo);
    }
  };
}
