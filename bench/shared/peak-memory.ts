/**
 * What lives when a step takes most memory: TensorFlow's own count of bytes in use after each operation, and the outputs that
 * are still to be read then, by the kind of operation that made them and the kind that reads them last.
 */
import type { Timing } from '../../trainer/engine/binding/timings.ts';

/** Memory of an output from when it is made until its last reader has ended. */
interface Life {
  readonly address: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  readonly maker: Timing;
  readonly reader: Timing | null;
}

const endOf = ({ startMicroseconds, microseconds }: Timing): number => startMicroseconds + microseconds;

function livesOf(timings: readonly Timing[]): readonly Life[] {
  const lastReader = new Map<string, Timing>();
  for (const timing of timings)
    for (const input of timing.inputs) {
      const known = lastReader.get(input);
      if (!known || endOf(known) < endOf(timing)) lastReader.set(input, timing);
    }
  return timings.flatMap((maker) =>
    maker.outputs.map(({ slot, bytes, address }): Life => {
      const reader = lastReader.get(slot === 0 ? maker.name : `${maker.name}:${slot}`) ?? null;
      const [from, to] = [maker.startMicroseconds, endOf(reader ?? maker)];
      return { address, bytes, from, to, maker, reader };
    }),
  );
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1).padStart(9);

/** Of outputs that are one block of memory, only that which is read last counts. */
function distinct(lives: readonly Life[]): readonly Life[] {
  const byAddress = new Map<number, Life>();
  for (const life of lives) {
    const known = byAddress.get(life.address);
    if (!known || known.to < life.to) byAddress.set(life.address, life);
  }
  return [...byAddress.values()];
}

export function printPeak(timings: readonly Timing[]): void {
  const peak = timings.reduce((most, timing) => (timing.bytesInUse > most.bytesInUse ? timing : most));
  const at = endOf(peak);
  const first = Math.min(...timings.map(({ startMicroseconds }) => startMicroseconds));
  const last = Math.max(...timings.map(endOf));
  const share = ((at - first) / (last - first)) * 100;
  console.log(
    `at most ${mebibytes(peak.bytesInUse).trim()} MiB in use, after ${peak.name} (${share.toFixed(0)} % of the step)`,
  );
  const alive = distinct(livesOf(timings).filter(({ from, to }) => from <= at && to > at));
  const groups = new Map<string, { count: number; bytes: number }>();
  for (const { bytes, maker, reader } of alive) {
    const group = `${maker.kind} → ${reader?.kind ?? 'nothing'}`;
    const sum = groups.get(group) ?? { count: 0, bytes: 0 };
    groups.set(group, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }
  const total = alive.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`outputs alive then: ${mebibytes(total).trim()} MiB`);
  for (const [group, { count, bytes }] of [...groups].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, 24))
    console.log(`${mebibytes(bytes)} MiB  ${String(count).padStart(4)}  ${group}`);
}
