/** Records of imported weights: `weights/<id>/weights.json`. */
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { readSealedJson, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { ImportedWeights } from '../../../trainer/protocol/weights.ts';

const fileName = 'weights.json';
const limit = 64 << 20;

/** Null if there is none. @throws FaultError `unreadable-file` if it is damaged */
export async function readWeightRecord(folder: string): Promise<ImportedWeights | null> {
  const path = join(folder, fileName);
  const found = await readSealedJson(path, limit);
  if (found === null) return null;
  const parsed = v.safeParse(ImportedWeights, found);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FaultError('unreadable-file', `${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, { path });
}

export async function writeWeightRecord(folder: string, record: ImportedWeights): Promise<void> {
  await writeSealedJson(join(folder, fileName), record);
}

/** Reads records as null if they are damaged, which is told once: other weights can be used all the same. */
export function createRecordReader(complain: (line: string) => void) {
  const told = new Set<string>();
  return (folder: string): Promise<ImportedWeights | null> =>
    readWeightRecord(folder).catch((error: unknown) => {
      const { message } = faultOf(error);
      if (!told.has(message)) complain(`${message} Import these weights again.`);
      told.add(message);
      return null;
    });
}
