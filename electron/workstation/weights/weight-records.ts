/** Records of imported weights: `weights/<id>/weights.json`. */
import { join } from 'node:path';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { readSealedAs, writeSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { ImportedWeights } from '../../../trainer/protocol/weights.ts';

const fileName = 'weights.json';
const limit = 64 << 20;

/** Null if there is none. @throws FaultError `unreadable-file` if it is damaged */
export async function readWeightRecord(folder: string): Promise<ImportedWeights | null> {
  return readSealedAs(join(folder, fileName), limit, ImportedWeights);
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
