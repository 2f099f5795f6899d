/** Readings of the machine's hardware, each with its source. Unreadable values are null, never 0. */
import { readdir, readFile, statfs } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { HardwareReading, Reading } from '../../../trainer/protocol/hardware.ts';
import { availableMemory } from './available-memory.ts';
import type { GpuWatch } from './gpu-watch.ts';

export interface Hardware {
  readonly read: () => Promise<HardwareReading>;
}

interface Ticks {
  readonly busy: number;
  readonly all: number;
}
/** The first reading has nothing to compare with, so it waits briefly. */
const firstLookMs = 200;

export function createHardware(options: {
  readonly home: string;
  readonly gpus: GpuWatch;
  readonly trainerMemory: () => number | null;
  readonly now: () => number;
}): Hardware {
  let before: Ticks | null = null;
  let lastUse: number | null = null;

  async function usePercent(): Promise<Reading> {
    if (before === null) {
      before = ticksNow();
      await after(firstLookMs);
    }
    const current = ticksNow();
    const all = current.all - before.all;
    // Two readings within one tick of the kernel's clock are identical: keep the last answer.
    if (all > 0) {
      lastUse = (100 * (current.busy - before.busy)) / all;
      before = current;
    }
    return { value: lastUse, source: process.platform === 'linux' ? '/proc/stat' : 'os.cpus()' };
  }

  return {
    read: async () => {
      const [use, free, disk, temperature] = await Promise.all([
        usePercent(),
        availableMemory(),
        statfs(options.home).catch(() => null),
        cpuTemperature(),
      ]);
      const memory = process.platform === 'linux' ? '/proc/meminfo' : 'os.freemem()';
      return {
        at: options.now(),
        devices: [
          {
            id: 'cpu',
            name: `${cpus()[0]?.model.trim() ?? 'CPU'} (${cpus().length})`,
            kind: 'cpu',
            usePercent: use,
            memoryUsedBytes: { value: totalmem() - free, source: memory },
            memoryTotalBytes: { value: totalmem(), source: memory },
            temperatureCelsius: temperature,
            powerWatts: { value: null, source: 'not readable' },
          },
          ...options.gpus.read(),
        ],
        diskFreeBytes: { value: disk === null ? null : disk.bavail * disk.bsize, source: 'statfs' },
        diskTotalBytes: { value: disk === null ? null : disk.blocks * disk.bsize, source: 'statfs' },
        trainerMemoryBytes: { value: options.trainerMemory(), source: 'trainer' },
      };
    },
  };
}

function ticksNow(): Ticks {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.idle + times.irq;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

/** The package sensor, if the kernel exposes one; names as given by the drivers. */
async function cpuTemperature(): Promise<Reading> {
  const candidates = [
    { folder: '/sys/class/thermal', name: 'type', value: 'temp', pattern: /x86_pkg_temp|cpu|soc/i },
    { folder: '/sys/class/hwmon', name: 'name', value: 'temp1_input', pattern: /coretemp|k10temp|zenpower|cpu/i },
  ];
  for (const { folder, name, value, pattern } of candidates) {
    for (const entry of (await readdir(folder).catch(() => [])).sort()) {
      const kind = await readFile(join(folder, entry, name), 'utf8').catch(() => '');
      if (!pattern.test(kind)) continue;
      const file = join(folder, entry, value);
      const millidegrees = Number(await readFile(file, 'utf8').catch(() => 'x'));
      if (Number.isFinite(millidegrees)) return { value: millidegrees / 1000, source: file };
    }
  }
  return { value: null, source: 'not readable' };
}
