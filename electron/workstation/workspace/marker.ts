/** `workspace.json`, by which a folder is known as a workspace, and what else may lie in one. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { inEnglish, said } from '../../../trainer/protocol/sentence.ts';
import { isAlive } from './processes.ts';
import { readSealedJson, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';

export const folderNames = ['runs', 'plans', 'datasets', 'weights', 'curves', 'cache', 'reports', 'logs'] as const;
const formatVersion = 1;
const limit = 1 << 20;
const fileName = 'workspace.json';

const Format = v.object({
  version: v.pipe(v.number(), v.integer()),
  createdAt: v.optional(v.number(), 0),
  program: v.optional(v.string()),
  database: v.optional(v.pipe(v.number(), v.integer())),
});

/** A version of this program, and the number of its newest migration. */
export interface ProgramVersion {
  readonly program: string;
  readonly database: number;
}

/** Files of a workspace, and those that a start killed too early left behind. */
const ownFile = /^(?:lock|reprise|workspace\.|settings\.)/;
/** Written next to their targets by `writeAtomically`, under the lock only. */
const unfinished = /\.json\.tmp-/;
/** A lock on its way, of the process with this number. */
const unfinishedLock = /^lock\.(\d+)$/;

type Marker =
  | { readonly kind: 'none' }
  /** The newest version that has written to it; null: one that did not say so. */
  | { readonly kind: 'ours'; readonly createdAt: number; readonly program: string | null; readonly database: number }
  | { readonly kind: 'damaged'; readonly problem: string };

/**
 * Reads the marker; rejects a newer version's workspace, and a folder with other contents.
 *
 * @param own this version, where a newer one's workspace is to be refused
 */
export async function readMarker(home: string, own: ProgramVersion | null = null): Promise<Marker> {
  const path = join(home, fileName);
  const read = await readSealedJson(path, limit).catch((error: unknown) => ({ problem: faultOf(error).message }));
  if (read === null) {
    await expectOwnFiles(home);
    return { kind: 'none' };
  }
  const parsed = v.safeParse(Format, read);
  if (!parsed.success) {
    // A folder with nothing but a workspace's files is one, whatever happened to its marker.
    await expectOwnFiles(home);
    const problem = v.is(v.object({ problem: v.string() }), read) ? read.problem : `${path} has no version.`;
    return { kind: 'damaged', problem: `${problem} It is kept beside a new one.` };
  }
  const { version, createdAt, program, database = 0 } = parsed.output;
  if (version > formatVersion)
    throw new FaultError(
      'newer-version',
      `The workspace ${home} was made by a newer version of Reprise (format ${version}, this version knows ${formatVersion}). Update Reprise, or choose another workspace. Nothing was changed.`,
      { home, theirs: version, ours: formatVersion },
    );
  if (own !== null && database > own.database) throw newerProgram(home, program ?? `${database}`, own.program);
  return { kind: 'ours', createdAt, program: program ?? null, database };
}

/** @param theirs version of the program */
function newerProgram(home: string, theirs: string, ours: string): FaultError {
  const reason = said`Reprise ${theirs} has written to the workspace ${home}, and this is Reprise ${ours}, which is older. Nothing was changed`;
  return new FaultError('newer-version', `${inEnglish(reason)}.`, { home, theirs, ours }, { reason });
}

async function expectOwnFiles(home: string): Promise<void> {
  const names = await readdir(home).catch(() => []);
  const foreign = names.find(
    (name) => !name.startsWith('.') && !ownFile.test(name) && !folderNames.includes(name as never),
  );
  if (foreign === undefined) return;
  throw new FaultError(
    'wrong-folder',
    `${home} is not a Reprise workspace and holds other things ("${foreign}"). Choose an empty folder.`,
    { home, found: foreign },
    { retry: 'choose-folder' },
  );
}

/** Writes the marker of a new workspace, or of one whose marker is damaged and is kept. */
export async function writeMarker(home: string, { kind }: Marker): Promise<void> {
  const path = join(home, fileName);
  if (kind === 'damaged') await rename(path, join(home, `workspace.damaged-${Date.now()}.json`));
  await writeSealedJson(path, { version: formatVersion, createdAt: Date.now() });
}

/** Notes that this version has written to the workspace, so that an older one can say by which it was. */
export async function rememberProgram(home: string, { program, database }: ProgramVersion): Promise<void> {
  const marker = await readMarker(home);
  if (marker.kind !== 'ours' || (marker.database === database && marker.program === program)) return;
  await writeSealedJson(join(home, fileName), {
    version: formatVersion,
    createdAt: marker.createdAt,
    program,
    database,
  });
}

/** Removes what a process left that died while it wrote; only the holder of the lock may. Of runs the sweep does. */
export async function removeUnfinished(home: string): Promise<void> {
  const remove = (...path: readonly string[]) => rm(join(home, ...path), { recursive: true, force: true });
  for (const name of await readdir(home)) {
    const pid = Number(unfinishedLock.exec(name)?.[1] ?? 0);
    if (unfinished.test(name) || (pid > 0 && !(await isAlive({ pid, startedAt: 0 })))) await remove(name);
  }
  for (const folder of ['datasets', 'plans', 'weights', 'curves']) {
    for (const name of await readdir(join(home, folder)))
      if (unfinished.test(name) || /^\.(?:tmp|removed)-/.test(name)) await remove(folder, name);
  }
  for (const folder of ['weights', 'curves']) {
    for (const id of await readdir(join(home, folder))) {
      const names = await readdir(join(home, folder, id)).catch(() => []);
      for (const name of names) if (unfinished.test(name)) await remove(folder, id, name);
    }
  }
}
