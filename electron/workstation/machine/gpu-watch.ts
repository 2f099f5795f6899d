/** Readings of each GPU from nvidia-smi: one long-lived query while there are readers; none if it is not installed. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { DeviceReading, Reading } from '../../../trainer/protocol/hardware.ts';

export interface GpuWatch {
  readonly read: () => readonly DeviceReading[];
  readonly close: () => void;
}

const fields = 'index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw';
const source = 'nvidia-smi';
/** The query ends after this long without readers, and restarts with the next. */
const idleMs = 30_000;
export const askMs = 10_000;

export function createGpuWatch(complain: (line: string) => void): GpuWatch {
  let child: ChildProcess | null = null;
  let absent = false;
  let timer: NodeJS.Timeout | null = null;
  const devices = new Map<string, DeviceReading>();

  function close(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    child?.kill();
    child = null;
    devices.clear();
  }

  function open(): void {
    const query = spawn('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader,nounits', '-l', '1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
    child = query;
    let rest = '';
    query.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const device = deviceOf(line);
        if (device !== null) devices.set(device.id, device);
      }
    });
    query.once('error', (error: NodeJS.ErrnoException) => {
      absent = true;
      if (error.code !== 'ENOENT') complain(`nvidia-smi: ${error.message}`);
    });
    query.once('exit', (code) => {
      // It exits by itself if it is installed without a driver.
      if (child === query && code !== 0) absent = true;
      if (child === query) child = null;
    });
  }

  return {
    read: () => {
      if (absent) return [];
      if (child === null) open();
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(close, idleMs);
      timer.unref();
      return [...devices.values()];
    },
    close,
  };
}

/** "[N/A]" and "[Not Supported]" are unknown, not zero. */
export function deviceOf(line: string): DeviceReading | null {
  const cells = line.split(',').map((cell) => cell.trim());
  const [index, name] = cells;
  if (index === undefined || name === undefined || cells.length !== 7 || !/^\d+$/.test(index)) return null;
  const read = (place: number, factor: number): Reading => {
    const value = Number(cells[place]);
    return { value: cells[place] === '' || !Number.isFinite(value) ? null : value * factor, source };
  };
  return {
    id: `gpu:${index}`,
    name,
    kind: 'gpu',
    usePercent: read(2, 1),
    memoryUsedBytes: read(3, 2 ** 20),
    memoryTotalBytes: read(4, 2 ** 20),
    temperatureCelsius: read(5, 1),
    powerWatts: read(6, 1),
  };
}
