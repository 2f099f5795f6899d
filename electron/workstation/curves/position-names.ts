/** Names under which tables and lines of JSON hold the place of their figures. */

const steps = [
  ...['step', 'global_step', 'globalstep', 'global step', 'trainer/global_step', 'train/global_step', '_step', 'steps'],
  ...['iteration', 'iterations', 'iter', 'itr', 'update', 'updates', 'num_updates'],
];
const epochs = ['epoch', 'epochs', 'current_epoch', 'trainer/epoch', 'train/epoch'];
/** Clocks, which are no figures of training. */
const times = [
  'wall time',
  'wall_time',
  'timestamp',
  '_timestamp',
  '_runtime',
  'relative time (process)',
  'relative time (wall)',
];

const firstOf = (wanted: readonly string[], names: readonly string[]): string | null => {
  const found = wanted.map((one) => names.find((name) => name.trim().toLowerCase() === one));
  return found.find((name) => name !== undefined) ?? null;
};

export interface PositionNames {
  readonly step: string | null;
  readonly epoch: string | null;
}

/** The name of the step, and of the epoch, among the names of a table or of a line. */
export function positionNames(names: readonly string[]): PositionNames {
  return { step: firstOf(steps, names), epoch: firstOf(epochs, names) };
}

export const isTime = (name: string): boolean => times.includes(name.trim().toLowerCase());

/** What is expected where none of them is there. */
export const expectedNames = ['step', 'global_step', 'iteration', 'epoch'];
