/** Import and export of weights: encoders trained by other programs, and a run's encoder as a file for them. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeError } from '../../../trainer/durable/disk-fault.ts';
import { folderExists, syncFolder } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { FoundWeights, ImportedWeights, Origin, WantedWeights } from '../../../trainer/protocol/weights.ts';
import type { RequestHandler, Push } from '../request-types.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Store } from '../store/store.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createRecordReader, readWeightRecord, writeWeightRecord } from './weight-records.ts';
import { exportEncoder, type ExportedEncoder, type ExportRequest } from './export-encoder.ts';

export interface Weights {
  readonly write: (request: ExportRequest) => Promise<ExportedEncoder>;
  readonly export: RequestHandler<'exportWeights'>;
  readonly rows: RequestHandler<'weights'>;
  readonly import: RequestHandler<'importWeights'>;
  readonly describe: RequestHandler<'describeWeights'>;
  readonly remove: RequestHandler<'removeWeights'>;
  readonly get: (id: string) => Promise<ImportedWeights>;
}

export interface WeightsOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly push: Push;
  readonly version: string;
  /** Moves a folder to the system's trash. */
  readonly trash: (path: string) => Promise<void>;
  readonly now: () => number;
  readonly complain: (line: string) => void;
  /** Threads of the check of imported weights. */
  readonly threads: () => number;
}

const longestName = 200;
const nameFrom = (file: string): string => file.replace(/\.(pth|pt|pkl|bin|ckpt|tar|safetensors)$/i, '') || file;
/** Of several networks in a file, each has a name of its own. */
const nameOf = ({ file, network, networks }: FoundWeights): string =>
  networks.length > 1 && network !== '' ? `${nameFrom(file)} (${network})`.slice(0, longestName) : nameFrom(file);
const unknownOrigin: Origin = { method: null, pretrainedOn: null, epochs: null, batch: null };

export function createWeights(options: WeightsOptions): Weights {
  const { workspace, jobs, push, now } = options;
  const folderOf = (id: string): string => join(workspace.weights, id);
  const readable = createRecordReader(options.complain);
  async function get(id: string): Promise<ImportedWeights> {
    const found = await readWeightRecord(folderOf(id));
    if (found !== null) return found;
    throw new FaultError('unknown-id', `There are no weights "${id}" in this workspace.`, { weights: id });
  }

  async function take(path: string, wanted: WantedWeights = {}): Promise<ImportedWeights> {
    const file = resolve(path);
    const folder = join(workspace.weights, `.tmp-${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true });
      const job = { kind: 'importWeights' as const, file, folder, ...wanted, threads: options.threads() };
      const { found } = await jobs.run(job, 'weights');
      const before = await readable(folderOf(found.id));
      if (before !== null) return await again(before, found, file);
      if (await folderExists(folderOf(found.id)))
        await rename(folderOf(found.id), join(workspace.weights, `.damaged-${found.id}-${now()}`));
      const record: ImportedWeights = {
        ...found,
        version: 1,
        name: nameOf(found),
        origin: unknownOrigin,
        path: file,
        sameAs: [],
        importedAt: now(),
      };
      await writeWeightRecord(folder, record);
      await rename(folder, folderOf(found.id));
      await syncFolder(workspace.weights);
      push('weightsChanged');
      return record;
    } catch (error) {
      throw writeError(error, folder);
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** The same tensors in another file: the newest file counts, a description and a name that a person gave stay. */
  async function again(before: ImportedWeights, found: FoundWeights, path: string): Promise<ImportedWeights> {
    const isNamed = before.name !== nameOf(before);
    const own = { ...before, ...found, path, name: isNamed ? before.name : nameOf(found) };
    const others = before.sameAs.filter((file) => file !== found.file);
    const record = { ...own, sameAs: found.file === before.file ? others : [...others, before.file] };
    await writeWeightRecord(folderOf(found.id), record);
    push('weightsChanged');
    return record;
  }
  const write = (request: ExportRequest): Promise<ExportedEncoder> => exportEncoder(options, request, get);

  return {
    write,
    export: async (of, format) => (await write({ of, format, file: null })).file,
    get,
    import: take,
    rows: async () => {
      const names = await readdir(workspace.weights).catch(() => []);
      const found = await Promise.all(
        names.filter((name) => !name.startsWith('.')).map((name) => readable(folderOf(name))),
      );
      return found.filter((one) => one !== null).sort((one, other) => other.importedAt - one.importedAt);
    },
    describe: async (id, name, origin) => {
      const record = { ...(await get(id)), name, origin };
      await writeWeightRecord(folderOf(id), record);
      push('weightsChanged');
      return record;
    },
    remove: async (id) => {
      await get(id);
      await options.trash(folderOf(id));
      push('weightsChanged');
    },
  };
}
