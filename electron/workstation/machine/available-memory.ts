import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';

/** Memory available to programs: on Linux the kernel's own estimate, which includes caches it can drop. */
export async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return found === null ? freemem() : Number(found[1]) * 1024;
}
