/** The data and the weights that a plan names, found on this machine. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { placedPlan, type Plan, type PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { sampleName } from '../data/known-data.ts';
import { possibleRuns } from './plan-order.ts';
import { withData, withWeights, type FoundHere } from './planned-config.ts';
import type { PlansContext } from './plans-context.ts';

type DataContext = Pick<PlansContext, 'store' | 'datasets' | 'weights'>;

/** Folder of each named data set: the one with the named contents, else the one from set-up or the one with that title. */
async function foldersOf({ store, datasets }: DataContext, plan: Plan): Promise<ReadonlyMap<string, string>> {
  const [known, rows] = await Promise.all([datasets.known(), store.datasets()]);
  const found = new Map<string, string>();
  for (const { name, dataset, title, fingerprint } of plan.data) {
    // The sample set is written when it is needed.
    const laid = name === sampleName ? datasets.sampleFolder : known.find((data) => data.name === name)?.path;
    const same = rows.find((row) => row.fingerprint === fingerprint);
    const called = rows.find(
      (row) => row.inspection.dataset === dataset && [row.name, row.inspection.title].includes(title),
    );
    const path = same?.path ?? laid ?? (fingerprint === undefined ? called?.path : undefined);
    if (path !== undefined) found.set(name, path);
  }
  return found;
}

/** Of each named weights those that were imported last, of its method and encoder. */
async function weightsOf({ weights }: DataContext, plan: Plan): Promise<ReadonlyMap<string, ImportedWeights>> {
  const named = plan.weights ?? [];
  const rows = named.length === 0 ? [] : await weights.rows();
  const found = new Map<string, ImportedWeights>();
  for (const { name, method, encoder } of named) {
    const own = rows.find((row) => row.encoder.id === encoder && row.origin.method === method);
    if (own !== undefined) found.set(name, own);
  }
  return found;
}

export async function foundHere(context: DataContext, plan: Plan): Promise<FoundHere> {
  const [folders, weights] = await Promise.all([foldersOf(context, plan), weightsOf(context, plan)]);
  return { folders, weights };
}

/** The plan's runs with the data, the weights and, where that is left to the machine and known, the device and precision of this one. */
export async function runsOnThisMachine(
  context: DataContext & Pick<PlansContext, 'placement'>,
  plan: Plan,
  { folders, weights }: FoundHere,
): Promise<readonly PlannedRun[]> {
  const rows = await context.store.datasets();
  const found = new Map<string, { readonly path: string; readonly fingerprint?: string }>();
  for (const [name, path] of folders) found.set(name, rows.find((row) => row.path === path) ?? { path });
  return placedPlan(plan, context.placement.known()).runs.map((run) => {
    return { ...run, config: withWeights(withData(run.config, found), weights) };
  });
}

/** Inspects the data of the runs that can be made. Without any such run the first data set or weights that are missing are named. */
export async function ensureData(context: DataContext, plan: Plan): Promise<void> {
  const { datasets } = context;
  const [here, known] = await Promise.all([foundHere(context, plan), datasets.known()]);
  const { folders } = here;
  const some = possibleRuns(plan, here).size > 0;
  for (const { name, title, fingerprint } of plan.data.filter((data) => !some || folders.has(data.name))) {
    const path = folders.get(name);
    const same = fingerprint === undefined ? '' : ` (fingerprint ${fingerprint.slice(0, 12)}…)`;
    if (path === undefined) {
      const advice = known.find((data) => data.name === name)?.missing ?? `Add a folder with ${title}${same} first.`;
      throw new FaultError(
        'not-available',
        `The plan needs ${title}. ${advice}`,
        { data: name },
        { retry: 'choose-folder' },
      );
    }
    if (name === sampleName && known.some((data) => data.name === name && data.path === null)) {
      await datasets.writeSampleSet();
      continue;
    }
    const isBuiltIn = known.some((data) => data.path === path);
    const there = await datasets.ensure(path, title, isBuiltIn);
    if (fingerprint === undefined || there.fingerprint === fingerprint) continue;
    const text = `The plan was made with other files of ${title}${same} than those in ${path} (${there.fingerprint.slice(0, 12)}…).`;
    throw new FaultError('dataset-changed', text, { data: name, path }, { retry: 'choose-folder' });
  }
  const lacking = some ? undefined : plan.weights?.find(({ name }) => !here.weights.has(name));
  if (lacking === undefined) return;
  const { title, name, method, encoder } = lacking;
  const text = `The plan needs ${title}. Import its file under Weights and state "${method}" as its method: it is then the ${encoder} that the plan starts from.`;
  throw new FaultError('not-available', text, { weights: name });
}

/** The runs that can be made, on a device that is chosen first where that is left to the machine. */
export async function possibleRunsHere(
  context: DataContext & Pick<PlansContext, 'placement'>,
  plan: Plan,
): Promise<readonly PlannedRun[]> {
  if (plan.placed === true) await context.placement.chosen();
  const here = await foundHere(context, plan);
  const possible = possibleRuns(plan, here);
  return (await runsOnThisMachine(context, plan, here)).filter(({ key }) => possible.has(key));
}
