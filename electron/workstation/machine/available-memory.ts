import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';

/** What programs may still take: on Linux the kernel's own estimate, which counts caches it can drop. */
export async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return found === null ? freemem() : Number(found[1]) * 1024;
}
